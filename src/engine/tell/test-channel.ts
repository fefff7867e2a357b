import { HeparError } from '../errors.ts'
import type { Clock, NewId, PolicyHolder, Store } from '../ports.ts'
import type { Deliver, Delivered } from './delivery-port.ts'

interface TestPorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly deliver: Deliver
}

/** Sends a test message beside the outbox, once, and records what came of it. Throws `not_found` for an unknown channel. */
export async function testChannel(channel: string, by: string, ports: TestPorts): Promise<Delivered> {
  const { store, clock, newId, policy, deliver } = ports
  const names = policy.current().config.notify.map(({ name }) => name)
  if (!names.includes(channel)) {
    const known = names.length === 0 ? 'there is none under notify' : `there is ${names.join(', ')}`
    throw new HeparError('not_found', `no channel "${channel}": ${known}`, {
      next: 'Name one of notify in hepar.yaml.',
    })
  }
  const createdAt = clock.now()
  const body = { event: 'channel.tested', channel, by, at: new Date(createdAt).toISOString() } as const
  const idempotencyKey = `test:${newId(createdAt)}@${channel}`
  const answer = await deliver({ channel, idempotencyKey, subject: null, body, createdAt, earlier: [] })
  const what = answer.ok ? { channel, tries: 1 } : { channel, reason: answer.reason, gaveUp: true, tries: 1 }
  await store.transaction('outbox', (tx) =>
    tx.append([
      {
        type: answer.ok ? 'notification.sent' : 'notification.failed',
        at: clock.now(),
        actor: by,
        body: { ...what, test: true },
      },
    ]),
  )
  return answer
}
