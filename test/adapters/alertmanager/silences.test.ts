import { expect, test } from 'vitest'
import { fetchAlerts } from '../../../src/adapters/alertmanager/alerts.ts'
import { fetchSilences } from '../../../src/adapters/alertmanager/silences.ts'
import { startAlertmanager } from '../../kit/alertmanager.ts'

const bounds = { clock: { now: () => Date.now() }, timeoutMs: 5_000, bytesMax: 1e6 }

test('which alerts a silence covers is judged as Alertmanager does, and survives its loss of memory', async () => {
  await using alertmanager = await startAlertmanager()
  const peer = { url: alertmanager.url, headers: {} }
  const alerts = [
    { alertname: 'Ill', host: 'a' },
    { alertname: 'Ill', host: 'ab', severity: 'page' },
    { alertname: 'Ill' },
    { alertname: 'Odd "\\ name\n', host: '…' },
  ]
  await alertmanager.post(alerts.map((labels) => ({ labels })))
  const silences = [
    'host=a',
    'host=~a',
    'host=~a.*',
    'host!=a',
    'host!~a.+',
    'severity=~"|page"',
    'alertname=~"(?i)ODD.*"',
    'host=~"…|x"',
  ]
  for (const matcher of silences) {
    // Alertmanager wants one matcher that does not match an empty text.
    const all = matcher.startsWith('alertname') ? [matcher] : ['alertname=~"(?s).+"', matcher]
    await alertmanager.amtool('silence', 'add', '--author=t', '--comment=t', '--duration=5m', ...all)
  }
  const judged = async (labels: Readonly<Record<string, string>>) => {
    const reply = await fetchSilences(peer, bounds)
    if (!reply.ok) throw new Error(reply.reason)
    return reply.silences
      .filter(({ covers }) => covers(labels))
      .map(({ id }) => id)
      .sort()
  }
  let covered = 0
  for (const { labels, status } of await alertmanager.alerts()) {
    expect(await judged(labels)).toEqual([...status.silencedBy].sort())
    covered += status.silencedBy.length
  }
  expect(covered).toBeGreaterThan(5)
  const before = await judged(alerts[0] as Record<string, string>)
  await alertmanager.restart({ empty: false })
  expect(await alertmanager.alerts()).toEqual([])
  expect(await judged(alerts[0] as Record<string, string>)).toEqual(before)
})

test('expired and pending silences cover nothing', async () => {
  await using alertmanager = await startAlertmanager()
  const id = await alertmanager.silence({ alertname: 'Ill' })
  await alertmanager.amtool('silence', 'expire', id)
  const start = new Date(Date.now() + 3_600_000).toISOString()
  const end = new Date(Date.now() + 7_200_000).toISOString()
  await alertmanager.amtool(
    'silence',
    'add',
    '--author=t',
    '--comment=t',
    `--start=${start}`,
    `--end=${end}`,
    'alertname=Ill',
  )
  expect(await fetchSilences({ url: alertmanager.url, headers: {} }, bounds)).toMatchObject({ ok: true, silences: [] })
})

test('alerts are found by a name of any characters', async () => {
  await using alertmanager = await startAlertmanager()
  const names = ['Plain', 'With "quotes" and \\', 'two\nlines', '火 {}=,~']
  await alertmanager.post(names.map((alertname) => ({ labels: { alertname }, annotations: { summary: alertname } })))
  for (const alertname of names) {
    const reply = await fetchAlerts({ url: alertmanager.url, headers: {} }, alertname, bounds)
    expect(reply.ok ? reply.alerts.map(({ labels }) => labels.alertname) : reply.reason).toEqual([alertname])
  }
})
