import { expect, test } from 'vitest'
import type { AuditEvent } from '../../../src/domain/audit.ts'
import type { Tx } from '../../../src/engine/ports.ts'
import type { OpenStore } from './contract.ts'
import { noon, sampleAlert, sampleEvent, sampleIncident } from './samples.ts'

export function transactionContract(open: OpenStore): void {
  test('a transaction gives back what its work returns, and sees its own writes before anyone else does', async () => {
    const store = await open()
    const seen = await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident()])
      await tx.append([sampleEvent()])
      return {
        inside: (await tx.incident('i1'))?.id,
        outside: await store.read.incident('i1'),
        events: (await tx.audit({ limit: 9 })).length,
        head: (await tx.auditHead()).seq,
      }
    })
    expect(seen).toEqual({ inside: 'i1', outside: null, events: 1, head: 1 })
    expect((await store.read.incident('i1'))?.id).toBe('i1')
  })

  test('a transaction that throws leaves nothing behind and throws what its work threw', async () => {
    const store = await open()
    const bug = new TypeError('a bug')
    const failing = store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident()])
      await tx.saveAlerts([sampleAlert()])
      await tx.append([sampleEvent()])
      await tx.audit({ limit: 1 })
      throw bug
    })
    await expect(failing).rejects.toBe(bug)
    expect(await store.read.incident('i1')).toBe(null)
    expect(await store.read.alerts('main', ['a1'])).toEqual([])
    expect(await store.read.auditHead()).toMatchObject({ seq: 0 })
    expect(store.health()).toEqual({ ok: true, reason: null })
  })

  test('a transaction used after it has ended is refused', async () => {
    const store = await open()
    let leaked: Tx | undefined
    await store.transaction('test', async (tx) => {
      leaked = tx
    })
    const uses: readonly [string, () => Promise<unknown>][] = Object.entries(leaked ?? {})
    expect(uses.map(([name]) => name)).toContain('saveApproval')
    for (const [name, use] of uses) await expect(use(), name).rejects.toThrow('after it had ended')
  })

  test('events are numbered without a gap, whatever is rolled back in between', async () => {
    const store = await open()
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        store.transaction('test', async (tx) => {
          await tx.append([sampleEvent({ body: { index } }), sampleEvent({ body: { index } })])
          if (index % 3 === 0) throw new Error('rolled back')
        }),
      ),
    )
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(20)
    const events = await store.read.audit({ limit: 1_000 })
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
    expect(events.every(({ body }) => Number(body?.index) % 3 !== 0)).toBe(true)
    const { seq, mac, at } = events.at(-1) as AuditEvent
    expect(await store.read.auditHead()).toEqual({ seq, mac, at })
  })

  test('the log is read by incident, by type, after a number, and up to a limit', async () => {
    const store = await open()
    await store.transaction('test', (tx) =>
      tx.append([
        sampleEvent({ type: 'alert.changed', incident: 'i1' }),
        sampleEvent({ type: 'incident.opened', incident: 'i1', target: 'redis/a', playbook: 'p', attempt: 't1' }),
        sampleEvent({ type: 'alert.changed', incident: 'i2' }),
        sampleEvent({ type: 'incident.closed', incident: 'i1' }),
        sampleEvent({ type: 'alert.changed' }),
      ]),
    )
    const seqs = async (filter: object) => (await store.read.audit({ limit: 10, ...filter })).map(({ seq }) => seq)
    expect(await seqs({})).toEqual([1, 2, 3, 4, 5])
    expect(await seqs({ after: 2, limit: 2 })).toEqual([3, 4])
    expect(await seqs({ incident: 'i1' })).toEqual([1, 2, 4])
    expect(await seqs({ incident: 'i1', after: 1, limit: 1 })).toEqual([2])
    expect(await seqs({ types: ['incident.closed', 'alert.changed'] })).toEqual([1, 3, 4, 5])
    expect(await seqs({ types: ['incident.closed', 'alert.changed'], after: 1, limit: 2 })).toEqual([3, 4])
    expect(await seqs({ types: ['alert.changed'], incident: 'i1' })).toEqual([1])
    expect((await store.read.audit({ limit: 1, after: 1 }))[0]).toMatchObject({
      type: 'incident.opened',
      at: noon,
      actor: 'engine',
      incident: 'i1',
      attempt: 't1',
      playbook: 'p',
      target: 'redis/a',
      body: { decision: 'matched' },
    })
  })

  test('listeners hear the events of each commit in order, after it is durable and before the writer goes on', async () => {
    const store = await open()
    const heard: (readonly AuditEvent[])[] = []
    const stop = store.onCommit((events) => heard.push(events))
    store.onCommit(() => {
      throw new Error('a listener that fails is not felt')
    })
    await store.transaction('test', (tx) =>
      tx.append([sampleEvent({ body: { n: 1 } }), sampleEvent({ body: { n: 2 } })]),
    )
    expect(heard).toHaveLength(1)
    expect(heard[0]).toEqual(await store.read.audit({ limit: 9 }))
    await expect(
      store.transaction('test', async (tx) => {
        await tx.append([sampleEvent()])
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    expect(heard).toHaveLength(1)
    stop()
    await store.transaction('test', (tx) => tx.append([sampleEvent()]))
    expect(heard).toHaveLength(1)
  })

  test('text that cannot be stored as it is does not break the log', async () => {
    const store = await open()
    const odd = sampleEvent({
      actor: 'half \ud800',
      target: 'zero \u0000',
      body: { text: 'half \udc00', nul: '\u0000' },
    })
    const heard: AuditEvent[] = []
    store.onCommit((events) => heard.push(...events))
    await store.transaction('test', (tx) => tx.append([odd]))
    const [event] = await store.read.audit({ limit: 1 })
    expect(heard).toEqual([event])
    expect(event).toMatchObject({ actor: 'half \ufffd', target: 'zero \u0000', body: odd.body })
  })

  test('a closed store refuses writes and has finished those it accepted', async () => {
    const store = await open()
    const accepted = store.transaction('test', async (tx) => {
      await tx.append([sampleEvent()])
      return 'written'
    })
    await store.close()
    expect(await accepted).toBe('written')
    await expect(store.transaction('test', async () => {})).rejects.toMatchObject({ code: 'store_unavailable' })
  })
}
