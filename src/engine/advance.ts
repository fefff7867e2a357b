import type { Incident } from '../domain/incident.ts'
import { recordResult } from './act/act.ts'
import { type VerifyPorts, verifyRound } from './act/verify.ts'
import { type AssessPorts, assess } from './assess/assess.ts'
import { heldBackEvent } from './assess/assess-events.ts'
import { revert } from './assess/revert.ts'
import { closeIncident } from './end/close.ts'
import { handOver } from './end/hand-over.ts'
import { hasCode } from './errors.ts'
import { recordChoice } from './ladder/choose-ladder.ts'
import { loadFacts } from './load-facts.ts'
import { type Command, type Facts, next } from './next.ts'
import type { Checkpoint, Tx } from './ports.ts'
import { type ConfirmPorts, confirmIncident } from './receive/confirm.ts'

export type AdvancePorts = AssessPorts & ConfirmPorts & VerifyPorts & { readonly checkpoint: Checkpoint }

/** Commands carried out for one incident before others get their turn. */
const commandsPerTurnMax = 20

/**
 * The one reconcile step: reads an incident, asks `next` what it needs, carries that out, and again until it waits.
 * Harmless to run twice: every write names what it read, and what lost the race is read and decided anew.
 */
export async function advance(id: string, ports: AdvancePorts): Promise<void> {
  for (let turn = 0; turn < commandsPerTurnMax; turn += 1) {
    const policy = ports.policy.current()
    const facts = await loadFacts(ports.store.read, id, policy, ports.effects.isRunning, ports.clock.now())
    if (facts === null) return
    try {
      const again = await carryOut(next(facts, ports.clock.now()), facts, ports)
      if (!again) return
    } catch (error) {
      if (!hasCode(error, 'stale_write') && !hasCode(error, 'target_held')) throw error
    }
  }
}

type WaitCommand = Extract<Command, { do: 'wait' }>

/** Carries one command out. Resolves to whether to look again at once. */
async function carryOut(command: Command, facts: Facts, ports: AdvancePorts): Promise<boolean> {
  const { incident } = facts
  switch (command.do) {
    case 'rest':
      return false
    case 'wait':
      await waitUntil(incident, command, ports)
      return false
    case 'confirm':
      await confirmIncident(incident, ports)
      return dueNow(incident.id, ports)
    case 'choose_ladder': {
      const { playbook } = facts
      if (playbook === null) throw new Error('an incident without a playbook has no ladder')
      await save(incident, ports, (tx, now) => recordChoice(tx, incident, playbook, command.choice, now))
      return true
    }
    case 'assess': {
      const { playbook } = facts
      if (playbook === null) throw new Error('an incident without a playbook cannot be assessed')
      const { step: stepIndex, action: step } = command
      await assess({ incident, playbook, step, stepIndex, policy: ports.policy.current() }, ports)
      return false
    }
    case 'revert':
      await revert(incident, command.attempt, ports)
      return false
    case 'declare_unknown': {
      const { id, fence } = command.attempt
      const result = { kind: 'unknown', reason: 'the process that ran the effect is gone' } as const
      await ports.store.transaction('result', (tx) => recordResult(tx, { id, fence }, result, ports))
      return true
    }
    case 'verify':
      await verifyRound(command.attempt, incident, ports)
      return dueNow(incident.id, ports)
    case 'hand_over':
      await save(incident, ports, (tx, now) =>
        handOver(tx, incident, { ...command, now, newId: ports.newId, dueAt: now + facts.limits.reconcileEveryMs }),
      )
      return true
    case 'close':
      await save(incident, ports, (tx, now) => closeIncident(tx, incident, { ...command, now, newId: ports.newId }))
      return false
    default:
      return assertNever(command)
  }
}

async function waitUntil(incident: Incident, { until, waiting }: WaitCommand, ports: AdvancePorts): Promise<void> {
  const told = waiting === undefined || waiting.reason === incident.waiting?.reason
  if (incident.dueAt === until && told) return
  await save(incident, ports, async (tx, now) => {
    await tx.saveIncident({ ...incident, dueAt: until, updatedAt: now, ...(waiting && { waiting }) })
    if (!told) await tx.append([heldBackEvent(incident, waiting, now)])
  })
}

async function save(
  incident: Incident,
  { store, clock, checkpoint }: AdvancePorts,
  write: (tx: Tx, now: number) => Promise<unknown>,
): Promise<void> {
  await checkpoint(`advance:${incident.state}`)
  await store.transaction('advance', async (tx) => {
    await write(tx, clock.now())
  })
}

async function dueNow(id: string, { store, clock }: AdvancePorts): Promise<boolean> {
  const incident = await store.read.incident(id)
  return incident?.dueAt != null && incident.dueAt <= clock.now()
}

function assertNever(command: never): never {
  throw new Error(`no such command: ${JSON.stringify(command)}`)
}
