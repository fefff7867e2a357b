import { onTestFinished } from 'vitest'
import type { Config } from '../../src/domain/config.ts'
import type { Incident } from '../../src/domain/incident.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { EffectResult, Runner } from '../../src/engine/ports.ts'
import { type Patient, type Played, somePatient } from '../kit/played-world.ts'
import { type Simulation, simulatedPolicy, startSimulation } from '../kit/simulation.ts'

interface Wish extends Played {
  readonly patients?: readonly Patient[]
  readonly playbook?: Partial<Playbook>
  readonly config?: Partial<Config>
}

/** A simulation with the patient `web`, closed with the test. */
export async function simulate({
  patients = [somePatient()],
  playbook,
  config = {},
  ...played
}: Wish = {}): Promise<Simulation> {
  const policy = simulatedPolicy(playbook)
  const simulation = await startSimulation({ ...policy, config: { ...policy.config, ...config } }, patients, played)
  onTestFinished(() => simulation.close())
  return simulation
}

/** The one incident of the simulation. */
export async function theIncident({ store }: Simulation): Promise<Incident> {
  const [incident, ...more] = await store.read.incidents({ limit: 10 })
  if (incident === undefined || more.length > 0) throw new Error(`${more.length} more than one incident, or none`)
  return incident
}

/** Types of the audit events so far, in order. */
export async function typesOf({ store }: Simulation): Promise<readonly string[]> {
  return (await store.read.audit({ limit: 1_000 })).map(({ type }) => type)
}

/** A runner that notes what is done with it, and whose effect ends as told. */
export function someRunner(
  notes: string[],
  result: () => EffectResult | Promise<EffectResult> = () => ({ kind: 'done', report: {} }),
): Runner {
  return {
    identity: { pid: 1, startTicks: '1', bootId: 'b', marker: 'm' },
    async run() {
      notes.push('run')
      return result()
    },
    async discard() {
      notes.push('discarded')
    },
  }
}
