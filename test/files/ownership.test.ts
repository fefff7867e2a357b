import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { whyUntrusted } from '../../src/files/ownership.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-ownership-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const isRoot = process.geteuid?.() === 0
const self = { uid: 1000, gid: 1000 }

test.runIf(isRoot).each([
  { mode: 0o644, uid: 0, gid: 0, why: null },
  { mode: 0o644, uid: 1000, gid: 1000, why: null },
  { mode: 0o664, uid: 1000, gid: 1000, why: null },
  { mode: 0o664, uid: 0, gid: 0, why: null },
  { mode: 0o664, uid: 1000, gid: 50, why: 'can be changed by the group 50: chmod g-w' },
  { mode: 0o646, uid: 1000, gid: 1000, why: 'can be changed by everybody: chmod o-w' },
  { mode: 0o1777, uid: 0, gid: 0, why: 'can be changed by everybody: chmod o-w' },
  { mode: 0o600, uid: 1001, gid: 1000, why: 'belongs to another user (1001), who could change it: chown 1000' },
])('mode $mode of $uid:$gid is trusted or not: $why', ({ mode, uid, gid, why }) => {
  const path = join(folder, 'file')
  writeFileSync(path, '')
  chownSync(path, uid, gid)
  chmodSync(path, mode)
  expect(whyUntrusted(path, self)).toBe(why === null ? null : `${why} ${path}`)
})

test('behind a link the folder of the real file counts, too', () => {
  const open = join(folder, 'open')
  mkdirSync(open)
  writeFileSync(join(open, 'file'), '')
  const link = join(folder, 'link')
  symlinkSync(join(open, 'file'), link)
  expect(whyUntrusted(link)).toBeNull()
  chmodSync(open, 0o777)
  expect(whyUntrusted(link)).toBe(`can be changed by everybody: chmod o-w ${open}`)
})

test('what is not there is said by whoever reads it', () => {
  expect(whyUntrusted(join(folder, 'nothing'))).toBeNull()
})
