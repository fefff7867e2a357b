import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { runProgram } from '../kit/process.ts'
import { tempFolder } from '../kit/temp.ts'
import { panelOf } from './ask.ts'
import { readHealing } from './dashboard.ts'

const dashboard = readHealing()
const scrapeSeconds = 5
const hour = 3_600 / scrapeSeconds

interface Sample {
  readonly labels: string
  readonly value: number
}

/** What the first query of a panel says after an hour of these series, scraped every 5 s, by Prometheus' own promtool. */
async function expectPanel(title: string, series: Readonly<Record<string, string>>, wanted: readonly Sample[]) {
  await using folder = await tempFolder('awkward')
  const { expr } = panelOf(dashboard, title).targets![0]!
  const asked = expr.replaceAll('$__range', '1h').replaceAll('"$job"', '".+"').replaceAll('"$instance"', '".+"')
  const inputs = Object.entries(series).map(([name, values]) => ({ series: name, values }))
  const samples = { expr: asked, eval_time: '1h', exp_samples: wanted }
  const tests = [{ interval: `${scrapeSeconds}s`, input_series: inputs, promql_expr_test: [samples] }]
  writeFileSync(folder.file('test.yml'), stringify({ rule_files: [], evaluation_interval: '1m', tests }))
  const { code, stdout, stderr } = await runProgram('promtool', ['test', 'rules', folder.file('test.yml')])
  expect(code, stdout + stderr).toBe(0)
}

const at = (instance: string, more: string) => `{job="hepar", instance="${instance}", ${more}}`
const health = (instance: string, name: string) =>
  `hepar_container_health_status${at(instance, `host="local", name="${name}"`)}`
const always = (value: number) => `${value}x${hour}`

describe('two Hepars on two machines, each of which calls its own engine "local"', () => {
  const two = { [health('a:4372', 'web')]: always(0), [health('b:4372', 'web')]: always(1) }

  test('a container that is ill on one is not hidden by its healthy namesake on the other', async () => {
    await expectPanel('Ill containers', two, [{ labels: '{}', value: 1 }])
    await expectPanel('Ill now', two, [{ labels: '{instance="a:4372", host="local", name="web"}', value: 0 }])
    await expectPanel('Containers that were ill', two, [
      { labels: '{instance="a:4372", host="local", name="web"}', value: 0 },
    ])
  })

  test('ill on both are two', async () => {
    const both = { ...two, [health('b:4372', 'web')]: always(0) }
    await expectPanel('Ill containers', both, [{ labels: '{}', value: 2 }])
  })

  test('an engine that is down is not made up for by the other one', async () => {
    const engines = {
      [`hepar_docker_up${at('a:4372', 'host="local"')}`]: always(0),
      [`hepar_docker_up${at('b:4372', 'host="local"')}`]: always(1),
    }
    await expectPanel('Docker engines', engines, [{ labels: '{}', value: 0.5 }])
  })
})

describe('a short illness', () => {
  test('is listed though it lasted for a single scrape, and what was never ill is not', async () => {
    await expectPanel(
      'Containers that were ill',
      {
        [health('a:4372', 'short')]: `1x100 0 1x${hour - 100}`,
        [health('a:4372', 'started-anew')]: `1x100 -1x4 1x${hour - 100}`,
        [health('a:4372', 'no-check')]: always(-1),
        [health('a:4372', 'well')]: always(1),
      },
      [{ labels: '{instance="a:4372", host="local", name="short"}', value: 1 }],
    )
  })

  test('and so is a safe mode', async () => {
    const mode = (service: string) => `hepar_safe_mode${at('a:4372', `service="${service}"`)}`
    await expectPanel('Safe mode', { [mode('shop')]: `0x100 1 0x${hour - 100}`, [mode('bank')]: always(0) }, [
      { labels: '{service="shop"}', value: 0 },
    ])
  })
})

describe('counters', () => {
  const closed = (instance: string, playbook: string) =>
    `hepar_incidents_closed_total${at(instance, `playbook="${playbook}", ending="healed"`)}`

  test('go on counting over a restart, and over several Hepars', async () => {
    const series = {
      [closed('a:4372', 'one')]: `0x50 3x200 0x100 2x${hour}`,
      [closed('b:4372', 'one')]: `0x50 1x${hour}`,
    }
    await expectPanel('Healed', series, [{ labels: '{}', value: 6 }])
  })

  test('that are young count from the first event on', async () => {
    await expectPanel('Healed', { [closed('a:4372', 'one')]: `_x${hour - 6} 0 0 0 1 1 1 1` }, [
      { labels: '{}', value: 1 },
    ])
  })

  test('without a second sample say nothing, instead of 0', async () => {
    await expectPanel('Healed', { [closed('a:4372', 'one')]: `_x${hour - 1} 0` }, [])
  })

  test('of nothing make no share, and no time', async () => {
    const attempts = `hepar_attempts_total${at('a:4372', 'playbook="one", action="restart", outcome="healed"')}`
    await expectPanel('Attempts that healed', { [attempts]: always(0) }, [])
    const bucket = (le: string) => `hepar_action_duration_seconds_bucket${at('a:4372', `action="restart", le="${le}"`)}`
    await expectPanel('How long effects take', { [bucket('1')]: always(0), [bucket('+Inf')]: always(0) }, [])
  })
})

test('one Hepar that is down among two is DOWN, and a stranger that is down is not', async () => {
  const up = (instance: string) => `up{job="hepar", instance="${instance}"}`
  const info = (instance: string) => `hepar_build_info${at(instance, 'version="1", node_version="v24"')}`
  const series = {
    [info('a:4372')]: always(1),
    [up('a:4372')]: always(1),
    [info('b:4372')]: `1x100 _x${hour}`,
    [up('b:4372')]: `1x100 0x${hour}`,
    'up{job="stranger", instance="c:80"}': always(0),
  }
  await expectPanel('Hepar', series, [{ labels: '{}', value: 0 }])
  const { [info('b:4372')]: _, [up('b:4372')]: __, ...rest } = series
  await expectPanel('Hepar', rest, [{ labels: '{}', value: 1 }])
})
