import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasTokens } from '../../src/adapters/store/token-table.ts'
import type { Token } from '../../src/domain/config.ts'
import { secret } from '../../src/domain/secret.ts'
import { openTokens } from '../../src/engine/operate/tokens.ts'
import { openIn, temporaryFolder } from '../adapters/store/open-store.ts'
import { noon, placeIn } from '../adapters/store/samples.ts'

const day = 86_400_000

async function world(configured: readonly Token[] = []) {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const clock = { at: noon }
  const open = () => openTokens({ store, clock: { now: () => clock.at }, randomBytes, configured: () => configured })
  return { folder, store, clock, open, tokens: await open(), file: placeIn(folder).file }
}

const admin = { name: 'root', role: 'admin', expiresAt: null, by: 'cli' } as const

test('a token is shown once; the store has its digest, and the log its name', async () => {
  const { tokens, store, folder } = await world()
  const { token, stored } = await tokens.create(admin)
  expect(token).toMatch(/^hepar_[0-9a-f]{12}_[\w-]{43}$/)
  expect(stored).toEqual(tokens.all()[0])
  const said = JSON.stringify([await store.read.tokens(), await store.read.audit({ limit: 10 })])
  const [, id, hidden] = /^hepar_(.{12})_(.*)$/.exec(token) as unknown as [string, string, string]
  expect(said).not.toContain(hidden)
  await store.close()
  for (const file of ['hepar.db', 'hepar.db-wal']) {
    try {
      expect(readFileSync(join(folder, file)).includes(hidden)).toBe(false)
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOENT')
    }
  }
  expect(JSON.parse(said)[1]).toMatchObject([
    { type: 'token.created', actor: 'cli', body: { id, name: 'root', role: 'admin', expiresAt: null } },
  ])
})

test('the first one is for an admin, for from then on nobody comes in without', async () => {
  const { tokens } = await world()
  await expect(tokens.create({ ...admin, role: 'viewer' })).rejects.toThrow(/must have the role admin/)
  await tokens.create(admin)
  await tokens.create({ ...admin, name: 'grafana', role: 'viewer' })
  const other = await world([{ name: 'old', role: 'admin', token: secret('x') }])
  await other.tokens.create({ ...admin, role: 'viewer' })
})

test('names in the log are clear: no two tokens in force share one, those of hepar.yaml included', async () => {
  const { tokens } = await world([{ name: 'alertmanager', role: 'webhook', token: secret('x') }])
  await expect(tokens.create({ ...admin, name: 'alertmanager' })).rejects.toMatchObject({ code: 'conflict' })
  await tokens.create(admin)
  await expect(tokens.create(admin)).rejects.toMatchObject({ code: 'conflict' })
  await tokens.revoke('root', 'operator:me')
  await tokens.create(admin)
  expect(tokens.all().map(({ revokedAt }) => revokedAt)).toEqual([noon, null])
})

test('revoking is recorded, and what is not in force cannot be revoked', async () => {
  const { tokens, store } = await world()
  await tokens.create(admin)
  await tokens.revoke('root', 'operator:me')
  expect(tokens.all()).toMatchObject([{ name: 'root', revokedAt: noon }])
  await expect(tokens.revoke('root', 'operator:me')).rejects.toMatchObject({
    code: 'not_found',
    next: expect.stringContaining('hepar token list'),
  })
  const events = await store.read.audit({ limit: 10 })
  expect(events.map(({ type, actor }) => [type, actor])).toEqual([
    ['token.created', 'cli'],
    ['token.revoked', 'operator:me'],
  ])
})

test('tokens outlive a restart; those that are over for thirty days are forgotten when another is made', async () => {
  const { tokens, open, clock } = await world()
  await tokens.create(admin)
  await tokens.create({ ...admin, name: 'short', role: 'viewer', expiresAt: noon + day })
  await tokens.create({ ...admin, name: 'gone', role: 'viewer' })
  await tokens.revoke('gone', 'cli')
  const again = await open()
  expect(again.all()).toEqual(tokens.all())
  clock.at = noon + 30 * day
  await again.create({ ...admin, name: 'one', role: 'viewer' })
  expect(again.all().map(({ name }) => name)).toEqual(['root', 'short', 'gone', 'one'])
  clock.at = noon + 31 * day + 1
  await again.create({ ...admin, name: 'two', role: 'viewer' })
  expect(again.all().map(({ name }) => name)).toEqual(['root', 'one', 'two'])
})

test('tokens are bounded in number; one that was revoked makes room', async () => {
  const { tokens, store, open } = await world()
  const { stored } = await tokens.create(admin)
  await store.transaction('test', async (tx) => {
    for (let index = 1; index < 1_000; index += 1) {
      await tx.insertToken({ ...stored, id: `id${index}`, name: `name${index}`, digest: `digest${index}` })
    }
  })
  const full = await open()
  await expect(full.create({ ...admin, name: 'late' })).rejects.toThrow('there are 1000 tokens already')
  await full.revoke('name1', 'cli')
  await full.create({ ...admin, name: 'late' })
})

test('a store says from outside whether it has a token in force', async () => {
  const { tokens, file, folder } = await world()
  expect(hasTokens(join(folder, 'nothing.db'))).toBe(false)
  expect(hasTokens(file)).toBe(false)
  await tokens.create(admin)
  expect(hasTokens(file)).toBe(true)
  await tokens.revoke('root', 'cli')
  expect(hasTokens(file)).toBe(false)
})
