import { spawnSync } from 'node:child_process'
import { DemoFailure } from '../failure.ts'
import { findProgram, searchPath } from '../program.ts'
import { type EngineChoice, enginePlaces, firstAnswering } from './engine-places.ts'

/** What the live demo runs on, all of it found. */
export interface Needs {
  readonly prometheus: string
  readonly alertmanager: string
  /** An engine that answers, or the program to start one of our own with. */
  readonly engine: EngineChoice | { readonly dockerd: string }
  /** A static busybox to make an image from, if there is one. */
  readonly busybox: string | null
}

interface Missing {
  readonly what: string
  /** Its package in Debian and Ubuntu. */
  readonly package: string
}

/** Looks for everything at once. Throws with all that is missing, and how to get it. */
export async function findNeeds(signal: AbortSignal, env = process.env, path = searchPath()): Promise<Needs> {
  const prometheus = findProgram(['prometheus'], path)
  const alertmanager = findProgram(['prometheus-alertmanager', 'alertmanager'], path)
  const places = enginePlaces(env)
  const answering = await firstAnswering(places, signal)
  const dockerd = findProgram(['dockerd'], path)
  const own = process.getuid?.() === 0 && env.DOCKER_HOST === undefined && dockerd !== null ? { dockerd } : null
  const engine = answering ?? own
  const missing: Missing[] = [
    ...(prometheus === null ? [{ what: 'prometheus is not on PATH', package: 'prometheus' }] : []),
    ...(alertmanager === null
      ? [{ what: 'prometheus-alertmanager (or alertmanager) is not on PATH', package: 'prometheus-alertmanager' }]
      : []),
    ...(engine === null ? [{ what: whyNoEngine(places, env, dockerd), package: 'docker.io' }] : []),
  ]
  if (prometheus === null || alertmanager === null || engine === null)
    throw new DemoFailure(...inWords(missing, dockerd))
  const busybox = findProgram(['busybox'], path)
  return { prometheus, alertmanager, engine, busybox: busybox !== null && isStatic(busybox) ? busybox : null }
}

/** A dynamic one cannot be the only file of an image. */
function isStatic(file: string): boolean {
  return spawnSync('ldd', [file], { stdio: 'ignore', env: { PATH: searchPath() } }).status !== 0
}

function whyNoEngine(places: readonly EngineChoice[], env: NodeJS.ProcessEnv, dockerd: string | null): string {
  const asked = places.map(({ words }) => words).join(', ')
  const own = env.DOCKER_HOST === undefined ? ', and only root can start one here' : ' (DOCKER_HOST)'
  return `no Docker engine answers at ${asked}${dockerd === null ? '' : own}`
}

function inWords(missing: readonly Missing[], dockerd: string | null): [string, string] {
  const packages = missing.map((one) => one.package).filter((name) => name !== 'docker.io' || dockerd === null)
  const install = `sudo apt-get install --no-install-recommends ${[...packages, 'busybox-static'].join(' ')}`
  const engine =
    'start the engine (sudo systemctl start docker), let your user use it (group docker), or set DOCKER_HOST'
  const next = [
    ...(packages.length > 0 ? [`Install what is missing: ${install}`] : []),
    ...(missing.some((one) => one.package === 'docker.io') ? [`For the engine: ${engine}.`] : []),
    'Without --live the demo needs none of this.',
  ]
  return [`--live needs more than this machine has: ${missing.map(({ what }) => what).join('; ')}`, next.join('\n')]
}
