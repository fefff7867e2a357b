import { type ActPorts, recordResult } from '../act/act.ts'
import type { Actions } from '../ports.ts'
import { takeOverCopy } from './restored.ts'

/**
 * After a start: ends what an earlier process left running, before any target is touched, and records that nobody saw how
 * those effects ended. Everything else resumes by itself from its due time.
 */
export async function recover(ports: ActPorts & { readonly actions: Actions }): Promise<void> {
  // What its runners left is not this process's to end: where the copy came from, a Hepar may be using them.
  if (await takeOverCopy(ports)) return
  const { store, clock, log } = ports
  for (const attempt of await store.read.activeAttempts()) {
    const survivors = await ports.actions.endSurvivors(attempt.runner)
    if (survivors.length > 0) {
      log.warn({ attempt: attempt.id, count: survivors.length }, 'ended what an earlier process left running')
    }
    const reason = 'Hepar ended while the effect was under way'
    await store.transaction('recover', async (tx) => {
      const { incident, id, playbook, target } = attempt
      for (const { pid, command } of survivors) {
        const subject = { incident, attempt: id, playbook, target }
        await tx.append([
          { type: 'runner.survivor_ended', at: clock.now(), actor: 'engine', ...subject, body: { pid, command } },
        ])
      }
      await recordResult(tx, attempt, { kind: 'unknown', reason }, ports)
    })
  }
}
