// Plain JavaScript: it runs under the Node of the machine, before the one this project brings along is there.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, isProgram, run } from '../src/install.mjs'

/** The programs the tests start, by the distribution's package that brings them. */
const needed = {
  prometheus: ['prometheus', 'promtool'],
  'prometheus-alertmanager': ['prometheus-alertmanager', 'amtool'],
  'docker.io': ['dockerd'],
  'busybox-static': ['busybox'],
  strace: ['strace'],
  faketime: ['faketime'],
  'redis-server': ['redis-server', 'redis-cli'],
  'prometheus-redis-exporter': ['prometheus-redis-exporter'],
  'exim4-daemon-light': ['exim4'],
}

const policyFile = '/usr/sbin/policy-rc.d'

/** Names of the packages that still have to be installed. */
export function missingPackages(path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`) {
  const absent = Object.keys(needed).filter((name) => !needed[name].every((program) => findProgram(program, path)))
  const busybox = findProgram('busybox', path)
  // A dynamic busybox cannot be the only file of an image.
  if (busybox && !isStatic(busybox)) absent.push('busybox-static')
  return absent
}

function findProgram(program, path) {
  for (const folder of path.split(':')) {
    if (folder === '') continue
    const file = join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}

function isStatic(file) {
  return spawnSync('ldd', [file], { encoding: 'utf8' }).status !== 0
}

async function installPrograms() {
  const missing = missingPackages()
  if (missing.length === 0) return
  const list = missing.join(' ')
  if (process.getuid?.() !== 0) {
    throw new Error(
      `the tests need programs that are missing here: ${list}\nInstall them: sudo apt-get install --no-install-recommends ${list}`,
    )
  }
  if (!findProgram('apt-get', process.env.PATH ?? '')) {
    throw new Error(
      `the tests need programs that are missing here: ${list}\nThis machine has no apt-get: install them in its own way.`,
    )
  }
  console.error(`hepar: installing ${list} (apt-get), because the tests start them`)
  await aptInstall(missing)
  const still = missingPackages()
  if (still.length > 0) throw new Error(`apt-get succeeded, and yet programs are missing: ${still.join(' ')}`)
}

// Without --no-remove a machine with another mail server would lose it.
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const withoutServices = forbidServices()
  try {
    const update = await run('apt-get', ['update', '-q'], '/', env)
    if (update.code !== 0) console.error('hepar: apt-get update failed; trying with the lists that are here')
    const options = ['-y', '-q', '--no-install-recommends', '--no-remove', '-o', 'DPkg::Lock::Timeout=300']
    const { code } = await run('apt-get', ['install', ...options, ...packages], '/', env)
    if (code !== 0) {
      throw new Error(
        `apt-get could not install ${packages.join(' ')} (exit code ${code}); its messages are above. Is the network there?`,
      )
    }
  } finally {
    withoutServices()
  }
}

/** Debian's own switch against services that start when they are installed; one that is there already is left alone. */
function forbidServices() {
  if (existsSync(policyFile)) return () => {}
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' })
  const lift = () => rmSync(policyFile, { force: true })
  const stopped = () => process.exit(130)
  process.once('exit', lift)
  process.once('SIGINT', stopped)
  process.once('SIGTERM', stopped)
  return () => {
    lift()
    process.off('exit', lift)
    process.off('SIGINT', stopped)
    process.off('SIGTERM', stopped)
  }
}

if (isProgram(import.meta.url)) {
  try {
    await installPackages()
    await installPrograms()
  } catch (error) {
    console.error(`hepar: ${error.message}`)
    process.exitCode = 1
  }
}
