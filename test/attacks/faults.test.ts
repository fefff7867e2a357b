import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { channelTimeoutMs } from '../../src/adapters/notify/answers.ts'
import { type Hospital, openHospital } from '../crash/hospital.ts'
import { isRunning } from '../kit/process-table.ts'
import { type SetClock, setClockIn } from '../kit/set-clock.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 240_000 })

const stack = new AsyncDisposableStack()
let hospital: Hospital
let clock: SetClock
let pid: number

/** One Hepar for all of these, which is never started again. */
beforeAll(async () => {
  const folder = stack.use(await tempFolder('faults'))
  clock = setClockIn(folder.path)
  hospital = stack.use(
    await openHospital({
      playbooks: (ward) => ({
        Ill: {},
        Proven: { for: '2s', within: '20s' },
        Long: { steps: [{ action: 'treat', with: { ward: ward.folder }, timeout: '5m' }, { escalate: 'oncall' }] },
      }),
      main: join(import.meta.dirname, '../fixtures/programs/clocked-hepar.ts'),
      env: clock.env,
    }),
  )
  pid = hospital.hepar.pid()
}, 180_000)
afterAll(() => stack.disposeAsync())

const clockOf = async () => Date.parse(String((await hospital.hepar.events()).at(-1)?.at))
const hour = 3_600_000

test.each(['+3h', '-2h', '+0'])(
  'a clock that jumps to %s while one effect runs and another is proven starts nothing twice, and heals go on',
  async (offset) => {
    const during = hospital.fallIll('during', { cures: true, waits: true }, 'Long')
    await during.until('begin')
    const proven = hospital.fallIll('proven', { cures: true }, 'Proven')
    await waitFor(async () => (await proven.incident())?.state === 'verifying', { what: 'the proof to begin' })
    clock.set(offset)
    hospital.ward.letGo(during.patient)
    await during.rest()
    const after = hospital.fallIll('after', { cures: true })
    expect(await after.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    const off = (await clockOf()) - Date.now()
    expect(Math.abs(off - Number.parseInt(offset, 10) * hour)).toBeLessThan(hour / 2)
    expect(await proven.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(hospital.ward.isWell(proven.patient)).toBe(true)
    expect([during, after, proven].map(({ patient }) => hospital.ward.begun(patient).length)).toEqual([1, 1, 1])
  },
)

test('a Hepar that is suspended while an effect ends and others fall ill goes on where it was', async () => {
  const treated = hospital.fallIll('treated', { cures: true, takesMs: 1_500 })
  await treated.until('begin')
  process.kill(pid, 'SIGSTOP')
  const meanwhile = hospital.fallIll('meanwhile', { cures: true })
  await pause(6_000)
  process.kill(pid, 'SIGCONT')
  expect(await meanwhile.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
  await treated.rest()
  expect(hospital.ward.begun(treated.patient)).toHaveLength(1)
})

test('without file descriptors nothing is lost and nothing begins unseen, and with them again it heals', async () => {
  const limit = (soft: number) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`])
  const before = Number(
    execFileSync('prlimit', [`--pid=${pid}`, '--nofile', '--noheadings', '--output=SOFT'], { encoding: 'utf8' }),
  )
  limit(readdirSync(`/proc/${pid}/fd`).length + 2)
  const ill = Array.from({ length: 4 }, (_, index) => hospital.fallIll(`starved${index}`, { cures: true }))
  const starved = () =>
    hospital.hepar.output().match(/limits on processes and open files|EMFILE|too many open files/i)?.[0]
  await waitFor(starved, { what: 'Hepar to run out of file descriptors' })
  await pause(2_000)
  limit(before)
  for (const one of ill) await one.rest()
  expect(ill.map(({ patient }) => hospital.ward.begun(patient).length)).toEqual([1, 1, 1, 1])
})

test('while people cannot be told, because their channel takes what it is sent and never answers, effects begin and heal', async () => {
  const { oncall, ward } = hospital
  oncall.answer({ hang: 'before' })
  const treated = []
  for (let round = 0; round < 3; round += 1) {
    const [hopeless, curable] = [`hopeless${round}`, `curable${round}`]
    const told = oncall.requests.length
    hospital.fallIll(hopeless, {})
    await waitFor(() => oncall.requests.length > told, { what: 'a message that hangs' })
    const hangsUntil = oncall.requests.at(-1)!.at + channelTimeoutMs
    const one = hospital.fallIll(curable, { cures: true })
    expect(await one.rest()).toMatchObject({ ending: 'healed' })
    const well = ward.journal(one.patient).find(({ what }) => what === 'well')
    treated.push((well?.at ?? Number.POSITIVE_INFINITY) < hangsUntil)
  }
  oncall.answer({})
  // A busy machine may have been slow once; who waited for the channel would have been so each time.
  expect(treated).toContain(true)
})

test('after all of it every promise is kept, by the process that was there from the beginning', async () => {
  // Who became well before the clock was set was looked at above: times before and after cannot be compared.
  const compared = (await hospital.brokenPromises()).filter(
    (broken) => !/^proven-.* the journal says ill$/.test(broken),
  )
  expect(compared).toEqual([])
  expect({ pid: hospital.hepar.pid(), running: isRunning(pid) }).toEqual({ pid, running: true })
  expect(await hospital.hepar.cli('audit', 'verify', '--config', hospital.hepar.configFile)).toMatchObject({ code: 0 })
})
