import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { CheckParams, PlaybookContext } from '../../../src/adapters/rules/context.ts'
import { loadPlaybooks } from '../../../src/adapters/rules/load-playbooks.ts'
import { loadPolicy } from '../../../src/adapters/rules/load-policy.ts'
import { readConfig } from '../../../src/config.ts'
import type { ActionInfo } from '../../../src/domain/action.ts'
import type { Config } from '../../../src/domain/config.ts'
import { type HttpRule, readRule } from '../../../src/domain/http-allow.ts'
import { formatProblem } from '../../../src/domain/policy.ts'

const root = mkdtempSync(join(tmpdir(), 'hepar-rules-'))
const folder = join(root, 'rules')
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

function action(name: string, over: Partial<ActionInfo> = {}): ActionInfo {
  const base = {
    name,
    file: `plugins/${name}.ts`,
    fileDigest: 'd',
    summary: '',
    kind: 'container',
    risk: 'reversible',
  } as const
  return { ...base, idempotent: false, hasVerify: true, hasRevert: false, temporary: false, paramsSchema: {}, ...over }
}

const actions = [
  action('container-restart'),
  action('container-stop', { hasVerify: false }),
  action('redis-flush', { kind: 'redis' }),
  action('container-relief', { hasRevert: true, temporary: true }),
  action('container-limits', { hasRevert: true }),
]

/** Stands for a plugin's schema: `grace` must be a text of digits and "s" unless it is a template. */
const checkParams: CheckParams = async (_, params, templated) => {
  const { grace, ...others } = params as Record<string, unknown>
  const isTemplate = templated.some((path) => path.join('.') === 'grace')
  const wrong = grace !== undefined && !isTemplate && !/^\d+s$/.test(String(grace))
  const unknown = Object.keys(others).map((key) => ({ path: [key], message: `unknown parameter "${key}"` }))
  return wrong ? [{ path: ['grace'], message: 'must be a duration' }, ...unknown] : unknown
}

const peer = { url: 'http://p', headers: {} }

function rule(url: string): HttpRule {
  const reading = readRule(url)
  if (!reading.ok) throw new Error(reading.reason)
  return reading.rule
}

const context: PlaybookContext = {
  config: {
    sources: [{ name: 'main', alertmanagers: [], prometheus: peer }],
    notify: [{ type: 'webhook', name: 'oncall', peer, secret: null }],
    http: { allow: [rule('http://web'), rule('http://opa:8181/v1/data/hepar')] },
    policies: [{ name: 'opa', peer }],
  },
  actions,
  broken: [{ name: 'broken', file: 'plugins/broken.ts', reason: 'SyntaxError' }],
  checkParams,
}

function write(name: string, text: string): void {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

async function load(over: Partial<PlaybookContext> = {}) {
  const { playbooks, problems } = await loadPlaybooks([folder], { ...context, ...over })
  return { playbooks, problems: problems.map((problem) => formatProblem(problem).replaceAll(`${root}/`, '')) }
}

const sound = `version: 1
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: Down }
target: container/local/{{ labels.name }}
steps:
  - action: container-restart
    with: { grace: 10s }
  - escalate: oncall
verify:
  - alert: cleared
  - promql: up{name="{{ labels.name }}"} == 1
`

/** The sound playbook with one piece of it replaced. */
function but(piece: string, replacement: string): string {
  if (!sound.includes(piece)) throw new Error(`no "${piece}"`)
  return sound.replace(piece, replacement)
}

async function problemsOf(text: string, over: Partial<PlaybookContext> = {}): Promise<string[]> {
  write('p.yaml', text)
  const { playbooks, problems } = await load(over)
  expect(playbooks).toHaveLength(problems.some((problem) => problem.includes(': error: ')) ? 0 : 1)
  return problems
}

test('a sound playbook compiles with the documented defaults', async () => {
  expect(await problemsOf(sound)).toEqual([])
  const { playbooks } = await load()
  expect(playbooks[0]).toEqual({
    name: 'p',
    file: join(folder, 'p.yaml'),
    revision: expect.stringMatching(/^[0-9a-f]{16}$/),
    summary: '',
    priority: 0,
    when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: 'Down' }] },
    target: ['container/local/', { root: 'labels', name: 'name', escape: 'none' }],
    dependsOn: [],
    mode: 'auto',
    continue: false,
    settleMs: 0,
    steps: [
      {
        kind: 'action',
        action: 'container-restart',
        with: { kind: 'map', entries: [['grace', { kind: 'literal', value: '10s' }]] },
        timeoutMs: 60_000,
        holdMs: null,
        on: { ineffective: 'next', failed: 'next', unknown: 'escalate' },
      },
      { kind: 'escalate', channel: 'oncall' },
    ],
    verify: [
      { kind: 'cleared' },
      { kind: 'promql', query: ['up{name="', { root: 'labels', name: 'name', escape: 'promql' }, '"} == 1'] },
    ],
    approval: { withinMs: null, channel: null, fourEyes: false, policy: null },
    forMs: 10_000,
    withinMs: 120_000,
    order: 'written',
    silence: false,
    limits: {
      cooldownMs: 300_000,
      attempts: [
        { count: 3, windowMs: 3_600_000 },
        { count: 7, windowMs: 86_400_000 },
      ],
      rate: [],
      blastRadius: null,
      maxWaitMs: 900_000,
      activeHours: null,
      retryAfterMs: 3_600_000,
      demoteAfter: 3,
      yieldForMs: 120_000,
    },
    reopenWithinMs: 600_000,
  })
})

test('everything written arrives', async () => {
  write(
    'full.json',
    JSON.stringify({
      version: 1,
      summary: 's',
      priority: -5,
      when: {
        any: [
          { fact: 'alert', path: '$.startsAt', operator: 'olderThan', value: '1h' },
          { not: { all: [{ fact: 'group', path: '$.labels.x', operator: 'not:glob', value: 'a*' }] } },
        ],
      },
      target: 'container/{{ host }}/web',
      mode: 'approve',
      continue: true,
      settle: '1m',
      steps: [
        { action: 'container-restart', with: { grace: '{{ labels.grace }}' }, timeout: '5s', on: { failed: 'stop' } },
        { escalate: 'oncall' },
      ],
      verify: [{ alert: 'cleared' }, { http: { url: 'http://web/{{ labels.x }}', status: 204, timeout: '1s' } }],
      for: 0,
      within: '30s',
      limits: {
        ...{ cooldown: '0', attempts: ['1/5m'], maxWait: '1h30m' },
        ...{ retryAfter: '0s', demoteAfter: 'never', yieldFor: '30s' },
      },
      order: 'evidence',
      reopenWithin: '0s',
    }),
  )
  const { playbooks, problems } = await load()
  expect(problems).toEqual([])
  expect(playbooks[0]).toMatchObject({
    name: 'full',
    priority: -5,
    mode: 'approve',
    continue: true,
    settleMs: 60_000,
    steps: [
      {
        timeoutMs: 5000,
        on: { ineffective: 'next', failed: 'stop', unknown: 'escalate' },
        with: { entries: [['grace', { kind: 'template' }]] },
      },
      { kind: 'escalate', channel: 'oncall' },
    ],
    verify: [{ kind: 'cleared' }, { kind: 'http', status: 204, timeoutMs: 1000 }],
    forMs: 0,
    withinMs: 30_000,
    limits: {
      cooldownMs: 0,
      attempts: [{ count: 1, windowMs: 300_000 }],
      maxWaitMs: 5_400_000,
      blastRadius: null,
      retryAfterMs: 0,
      demoteAfter: null,
      yieldForMs: 30_000,
    },
    order: 'evidence',
    reopenWithinMs: 0,
  })
})

const condition = '{ fact: labels, path: $.alertname, operator: equal, value: Down }'

describe('each mistake is found with its place:', () => {
  test.each<[string, string, string[]]>([
    ['unknown key', `verfy: []\n${sound}`, ['1:1: error: unknown key "verfy", did you mean "verify"?']],
    ['duplicate key', `${sound}version: 1`, ['13:1: error: duplicate key']],
    [
      'a dependency on itself, and one that is no target',
      `dependsOn: ["container/local/{{ labels.name }}", cache]\n${sound}`,
      [
        '1:13: error: dependsOn[0]: is its own target: it would wait for itself',
        '1:50: error: dependsOn[1]: must begin with the kind of target, such as container/',
      ],
    ],
    [
      'a share of nothing',
      `${sound}limits:\n  blastRadius: { max: 25% }`,
      [
        '14:16: error: limits.blastRadius: a share needs "of": the PromQL query whose one sample is the number of targets',
      ],
    ],
    [
      'a total that an alert decides',
      `${sound}limits:\n  blastRadius: { max: 25%, of: 'count(up{job="{{ labels.job }}"})' }`,
      [
        '14:32: error: limits.blastRadius.of: must not hold a placeholder: it counts the targets of all alerts of this playbook',
      ],
    ],
    [
      'a total that is no PromQL',
      `${sound}limits:\n  blastRadius: { max: [25%, 2], of: 'count(up' }`,
      ['14:37: error: limits.blastRadius.of: is not PromQL: unexpected text at character 9'],
    ],
    [
      'a total for a count',
      `${sound}limits:\n  blastRadius: { max: 2, of: count(up) }`,
      ['14:30: error: limits.blastRadius.of: says of what a share is taken, and "max" has none'],
    ],
    [
      'two shares',
      `${sound}limits:\n  blastRadius: { max: [25%, 10%], of: count(up) }`,
      ['14:23: error: limits.blastRadius.max: has two bounds of one kind: give one count and one share'],
    ],
    [
      'a share that is none',
      `${sound}limits:\n  blastRadius: { max: 0% }`,
      [
        '14:23: error: limits.blastRadius.max: must be a count such as 2, a share such as 25%, or both in a list such as [25%, 2]',
      ],
    ],
    [
      'hours that never come, in no known zone',
      `${sound}limits:\n  activeHours: { cron: "0 0 31 2 *", duration: 1h, timeZone: Europe/Berlni }`,
      [
        '14:24: error: limits.activeHours.cron: never comes: no day is like this',
        '14:62: error: limits.activeHours.timeZone: must be a time zone such as Europe/Berlin or UTC',
      ],
    ],
    ['prototype keys', `${sound}__proto__: 1`, ['13:1: error: the key "__proto__" is not allowed']],
    [
      'missing keys',
      'priority: 1',
      [
        '1:1: error: version: is missing',
        '1:1: error: target: is missing',
        '1:1: error: steps: is missing',
        '1:1: error: when: is missing',
      ],
    ],
    ['empty file', '', ['1:1: error: must be a map of keys, not empty']],
    ['unknown version', but('version: 1', 'version: 2'), ['1:10: error: version: must be 1']],
    [
      'unknown operator',
      but('operator: equal', 'operator: equals'),
      ['4:52: error: when.all[0].operator: unknown operator "equals", did you mean "equal"?'],
    ],
    [
      'unknown decorator',
      but('operator: equal', 'operator: "nto:equal"'),
      ['4:52: error: when.all[0].operator: unknown word "nto" before an operator, did you mean "not"?'],
    ],
    [
      'operator of a prototype',
      but('operator: equal', 'operator: constructor'),
      ['4:52: error: when.all[0].operator: unknown operator "constructor"'],
    ],
    [
      'in without a list',
      but('equal, value: Down', 'in, value: Down'),
      ['4:63: error: when.all[0].value: "in" needs a list such as [warning, critical]'],
    ],
    [
      'a number for a label',
      but('value: Down', 'value: 5'),
      ['4:66: error: when.all[0].value: "equal" needs text: put the value in quotes'],
    ],
    [
      'a reference as value',
      but('value: Down', 'value: { fact: annotations }'),
      ['4:66: error: when.all[0].value: "equal" needs text: put the value in quotes'],
    ],
    [
      'bad regex',
      but('equal, value: Down', 'regex, value: "(a"'),
      [
        '4:66: error: when.all[0].value: "regex" is no RE2 expression (error parsing regexp: missing closing ): `(?s)(a`)',
      ],
    ],
    [
      'bad range',
      but('equal, value: Down', 'between, value: [5, 1]'),
      ['4:68: error: when.all[0].value: "between" needs a list of two numbers, the smaller first'],
    ],
    [
      'bad age',
      but('equal, value: Down', 'olderThan, value: soon'),
      ['4:70: error: when.all[0].value: "olderThan" needs a duration such as 10m'],
    ],
    [
      'contains',
      but('operator: equal', 'operator: contains'),
      ['4:52: error: when.all[0].operator: "contains" compares lists, but facts are text: use regex or glob'],
    ],
    [
      'equal on a time',
      but('fact: labels, path: $.alertname', 'fact: alert, path: $.startsAt'),
      ['4:50: error: when.all[0].operator: "equal" cannot compare a time: use olderThan'],
    ],
    [
      'unknown fact',
      but('fact: labels', 'fact: label'),
      [
        '4:15: error: when.all[0].fact: unknown fact "label", did you mean "labels"?: use labels, annotations, alert, group',
      ],
    ],
    [
      'unknown field',
      but('fact: labels, path: $.alertname', 'fact: alert, path: $.statsu'),
      ['4:28: error: when.all[0].path: unknown field "statsu" of alert, did you mean "status"?'],
    ],
    [
      'script path',
      but('path: $.alertname', 'path: "$.x[?(@.y)]"'),
      ['4:29: error: when.all[0].path: must be a path such as $.alertname or $["a-name"]'],
    ],
    ['no path', but('path: $.alertname, ', ''), ['4:7: error: when.all[0].path: is missing: write path: $.alertname']],
    [
      'unknown key of a condition',
      but('operator: equal', 'opertor: equal'),
      [
        '4:7: error: when.all[0].operator: is missing',
        '4:42: error: when.all[0]: unknown key "opertor", did you mean "operator"?',
      ],
    ],
    [
      'all beside any',
      but('  all:', '  any: []\n  all:'),
      ['3:3: error: when: "any" cannot stand beside "all": put it inside'],
    ],
    [
      'bare comparison',
      but(`\n  all:\n    - ${condition}`, ` ${condition}`),
      ['2:7: error: when: must begin with all, any or not'],
    ],
    ['empty all', but(`\n    - ${condition}`, ' []'), ['3:8: error: when.all: must be a list of 1 to 100 conditions']],
    [
      'not with a list',
      but('  all:', '  not:'),
      ['4:5: error: when.not: must be a condition with all, any or not, not a list'],
    ],
    [
      'unknown template root',
      but('labels.name }}\nsteps', 'label.name }}\nsteps'),
      ['5:9: error: target: unknown template root "label", did you mean "labels"?'],
    ],
    [
      'malformed placeholder',
      but('{{ labels.name }}\nsteps', '{{ labels.name | lower }}\nsteps'),
      [
        '5:9: error: target: malformed placeholder at character 17: write {{ labels.name }}, {{ labels["a-name"] }}, {{ annotations.name }} or {{ host }}',
      ],
    ],
    [
      'half a placeholder',
      but('{{ labels.name }}\nsteps', '{ labels.name }}\nsteps'),
      ['5:9: error: target: has a brace outside a placeholder: write {{ labels.name }}'],
    ],
    [
      'target kind',
      but('target: container/', 'target: contaner/'),
      ['5:9: error: target: target kind "contaner" is not one of container, redis, path, service'],
    ],
    [
      'target kind from a label',
      but('container/local/{{ labels.name }}', '"{{ labels.kind }}/local/x"'),
      ['5:9: error: target: must begin with the kind of target, such as container/'],
    ],
    [
      'target without a place',
      but('container/local/', 'container/'),
      ['5:9: error: target: target "container/x" names no container'],
    ],
    [
      'unknown action',
      but('action: container-restart', 'action: container-restrat'),
      ['7:13: error: steps[0].action: unknown action "container-restrat", did you mean "container-restart"?'],
    ],
    [
      'broken action',
      but('action: container-restart', 'action: broken'),
      ['7:13: error: steps[0].action: the action "broken" cannot be used: SyntaxError (plugins/broken.ts)'],
    ],
    [
      'action of another kind',
      but('action: container-restart', 'action: redis-flush'),
      ['7:13: error: steps[0].action: "redis-flush" acts on a redis, but the target is a container'],
    ],
    [
      'wrong params',
      but('{ grace: 10s }', '{ grace: soon, x: 1 }'),
      ['8:20: error: steps[0].with.grace: must be a duration', '8:29: error: steps[0].with.x: unknown parameter "x"'],
    ],
    [
      'template in params',
      but('grace: 10s', 'grace: "{{ lables.x }}"'),
      ['8:20: error: steps[0].with.grace: unknown template root "lables", did you mean "labels"?'],
    ],
    [
      'unknown key of a step',
      but('    with:', '    whit:'),
      ['8:5: error: steps[0]: unknown key "whit", did you mean "with"?'],
    ],
    [
      'unknown outcome',
      but('    with:', '    on: { faild: next }\n    with:'),
      ['8:11: error: steps[0].on: unknown key "faild", did you mean "failed"?'],
    ],
    [
      'unknown route',
      but('    with:', '    on: { failed: retry }\n    with:'),
      ['8:19: error: steps[0].on.failed: must be one of next, escalate, stop'],
    ],
    [
      'step timeout',
      but('    with:', '    timeout: 2h\n    with:'),
      ['8:14: error: steps[0].timeout: must be between 1s and 1h'],
    ],
    [
      'step without action',
      but('- action: container-restart\n    with: { grace: 10s }', '- actoin: x'),
      [
        '7:5: error: steps[0]: unknown key "actoin", did you mean "action"?',
        '7:5: error: steps[0]: a step needs "action" or "escalate"',
      ],
    ],
    [
      'empty ladder',
      but('\n  - action: container-restart\n    with: { grace: 10s }\n  - escalate: oncall', ' []'),
      ['6:8: error: steps: needs at least one step'],
    ],
    [
      'too long a ladder',
      but('verify:', `${'  - action: container-restart\n'.repeat(20)}verify:`),
      ['7:3: error: steps: has more than 20 steps'],
    ],
    [
      'unknown channel',
      but('escalate: oncall', 'escalate: onacll'),
      ['9:15: error: steps[1].escalate: unknown channel "onacll", did you mean "oncall"?'],
    ],
    [
      'escalate not last',
      but('  - action', '  - escalate: oncall\n  - action'),
      ['8:5: warning: steps[1]: is never reached: after "escalate" a human has the incident'],
    ],
    [
      'unparsable PromQL',
      but('== 1', '=== 1'),
      ['12:13: error: verify[1].promql: is not PromQL: unexpected text at character 32'],
    ],
    [
      'misplaced placeholder',
      but('up{name="{{ labels.name }}"}', '"{{ labels.name }} > 0"'),
      ['12:37: error: unexpected text: quote a value that begins with {{'],
    ],
    [
      'misplaced placeholder in a query',
      but('up{name="{{ labels.name }}"} == 1', "'{{ labels.name }} > 0'"),
      [
        '12:13: error: verify[1].promql: a placeholder may stand only inside the quoted value of a label matcher, such as {name="{{ labels.name }}"}',
      ],
    ],
    [
      'unknown check',
      but('- alert: cleared', '- alerts: cleared'),
      [
        '11:5: error: verify[0]: unknown key "alerts", did you mean "alert"?',
        '11:5: error: verify[0]: a check needs exactly one of "alert: cleared", "promql" and "http"',
      ],
    ],
    ['alert check', but('alert: cleared', 'alert: gone'), ['11:12: error: verify[0].alert: must be cleared']],
    [
      'probe to a host from a label',
      but('promql: up{name="{{ labels.name }}"} == 1', 'http: { url: "http://{{ labels.name }}/" }'),
      [
        '12:18: error: verify[1].http.url: must begin with http://host/ or https://host/, and a placeholder may not stand in scheme, host or port',
      ],
    ],
    [
      'probe of what is not allowed',
      but('promql: up{name="{{ labels.name }}"} == 1', 'http: { url: "http://webs/{{ labels.name }}" }'),
      [
        '12:18: error: verify[1].http.url: http://webs is not allow-listed for this path: add it to http.allow, alone or with the beginning of the path',
      ],
    ],
    [
      'for beyond within',
      `${sound}for: 3m`,
      ['1:1: error: within: is shorter than "for", so nothing could ever be proven healed'],
    ],
    [
      'bad budgets',
      `${sound}limits: { attempts: [3/1h, 0/1h, 3, 3/soon] }`,
      [
        '13:28: error: limits.attempts[1]: must be a count and a duration up to 30d, such as 3/1h',
        '13:34: error: limits.attempts[2]: must be text, not a number',
        '13:37: error: limits.attempts[3]: must be a count and a duration up to 30d, such as 3/1h',
      ],
    ],
    ['duration as a number', `${sound}settle: 30`, ['13:9: error: settle: must be a duration such as 30s or 1h30m']],
    ['mode', `${sound}mode: automatic`, ['13:7: error: mode: must be one of observe, approve, auto']],
    [
      'priority',
      `${sound}priority: high`,
      ['13:11: error: priority: must be a whole number between -1000000 and 1000000'],
    ],
    [
      'unquoted placeholder',
      but('container/local/{{ labels.name }}', '{{ labels.name: x }}'),
      ['5:9: error: target: must be text, not a map: quote a text that begins with {{'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await problemsOf(text)).toEqual(expected.map((problem) => `rules/p.yaml:${problem}`))
  })

  test('many mistakes in one file are found at once', async () => {
    const text = sound
      .replace('operator: equal', 'operator: equals')
      .replace('container/local', 'contaner/local')
      .replace('container-restart', 'restart')
      .replace('== 1', '==')
    const places = (await problemsOf(`x: 1\n${text}`)).map((problem) => problem.split(': ')[0])
    expect(places).toEqual(['1:1', '5:52', '6:9', '8:13', '13:13'].map((place) => `rules/p.yaml:${place}`))
  })
})

describe('a step whose effect is held for a while', () => {
  const held = sound.replace('    with: { grace: 10s }', '    hold: 90s')

  test('arrives with its time', async () => {
    expect(await problemsOf(held.replace('container-restart', 'container-limits'))).toEqual([])
    expect((await load()).playbooks[0]?.steps[0]).toMatchObject({ action: 'container-limits', holdMs: 90_000 })
  })

  test('needs an action that can take its effect back', async () => {
    expect(await problemsOf(held)).toEqual([
      expect.stringMatching(
        /^rules\/p.yaml:\d+:11: error: steps\[0\].hold: "container-restart" cannot take its effect back, so/,
      ),
    ])
  })
})

describe('a playbook that cannot prove anything', () => {
  const onlyCleared = but('\n  - promql: up{name="{{ labels.name }}"} == 1', '')
  const warning = 'warning: verify: no positive probe: incidents can end only unverified. Add promql or http to verify'

  test('is warned about when neither a probe nor the plugin looks at the target', async () => {
    expect(await problemsOf(onlyCleared.replace('container-restart', 'container-stop'))).toEqual([
      `rules/p.yaml:11:3: ${warning}`,
    ])
    expect(await problemsOf(onlyCleared)).toEqual([])
  })

  test('is warned about when only the plugin of a temporary effect looks at it, for that ends with the effect', async () => {
    const held = onlyCleared.replace('    with: { grace: 10s }', '    hold: 1h')
    const warned = [`rules/p.yaml:11:3: ${warning}`]
    expect(await problemsOf(onlyCleared.replace('container-restart', 'container-relief'))).toEqual(warned)
    expect(await problemsOf(onlyCleared.replace('container-restart', 'container-limits'))).toEqual([])
    expect(await problemsOf(held.replace('container-restart', 'container-limits'))).toEqual([
      expect.stringContaining(warning),
    ])
  })

  test('is nothing to warn about when it only calls a human', async () => {
    const [head] = sound.split('steps:')
    expect(await problemsOf(`${head}steps: [{ escalate: oncall }]\n`)).toEqual([])
  })

  test('without verify demands cleared', async () => {
    await problemsOf(sound.slice(0, sound.indexOf('verify:')))
    expect((await load()).playbooks[0]?.verify).toEqual([{ kind: 'cleared' }])
  })

  test('is warned about when it wants silence where there is no Alertmanager', async () => {
    const silent = `${sound}silence: true\n`
    const sources = (context.config.sources ?? []).map((source) => ({ ...source, alertmanagers: [peer] }))
    expect(await problemsOf(silent, { config: { ...context.config, sources } })).toEqual([])
    expect((await load()).playbooks[0]?.silence).toBe(true)
    expect(await problemsOf(silent)).toEqual([
      'rules/p.yaml:13:10: warning: silence: nothing can be silenced: no source in hepar.yaml has alertmanagers',
    ])
  })

  test('is warned about when cleared can never be shown', async () => {
    const without = { name: 'b', alertmanagers: [peer], prometheus: null }
    const sources: Config['sources'] = [...(context.config.sources ?? []), without]
    expect(await problemsOf(sound, { config: { ...context.config, sources } })).toEqual([
      'rules/p.yaml:11:5: warning: verify[0]: "cleared" can never be shown for alerts of b: give the source prometheus',
    ])
    expect(await problemsOf(sound, { config: { ...context.config, sources: [] } })).toEqual([
      'rules/p.yaml:11:5: warning: verify[0]: "cleared" can never be shown for any alert: no source is configured',
    ])
  })
})

describe('a playbook that heals without asking whether the alert has cleared', () => {
  const withoutCleared = but('  - alert: cleared\n', '')
  const warning =
    'warning: verify: without "alert: cleared" an incident can end healed while its alert still fires, and nothing more is done about that firing: add - alert: cleared'

  test('is warned about', async () => {
    expect(await problemsOf(withoutCleared)).toEqual([`rules/p.yaml:11:3: ${warning}`])
    expect(await problemsOf(sound)).toEqual([])
  })

  test('is nothing to warn about when it only calls a human', async () => {
    const [head] = sound.split('steps:')
    expect(await problemsOf(`${head}steps: [{ escalate: oncall }]\nverify: [{ promql: up == 1 }]\n`)).toEqual([])
  })

  test('is right where cleared could not be shown, or where that is not known', async () => {
    const without = { name: 'b', alertmanagers: [peer], prometheus: null }
    const sources: Config['sources'] = [...(context.config.sources ?? []), without]
    for (const known of [sources, [without], [], null]) {
      expect(await problemsOf(withoutCleared, { config: { ...context.config, sources: known } })).toEqual([])
    }
  })

  test('is not accused when a check could not be read', async () => {
    const problems = await problemsOf(but('alert: cleared', 'alert: gone'))
    expect(problems).toEqual(['rules/p.yaml:11:12: error: verify[0].alert: must be cleared'])
  })
})

describe('a playbook whose ladder ends without a word', () => {
  const silent = but('  - escalate: oncall\n', '')
  const warning =
    'rules/p.yaml:7:3: warning: steps: nobody gets a message when they do not heal: add - escalate: oncall'

  test('is warned about where there is a channel for one', async () => {
    expect(await problemsOf(silent)).toEqual([warning])
    const notify = ['oncall', 'team'].map((name) => ({ type: 'webhook', name, peer, secret: null }) as const)
    const several = await problemsOf(silent, { config: { ...context.config, notify } })
    expect(several).toEqual([`${warning}, or another channel of notify`])
    expect(await problemsOf(sound, { config: { ...context.config, notify } })).toEqual([])
  })

  test('is right where there is no channel, or where that is not known', async () => {
    for (const notify of [[], null]) {
      expect(await problemsOf(silent, { config: { ...context.config, notify } })).toEqual([])
    }
  })

  test('is not accused when a step could not be read', async () => {
    const problems = await problemsOf(silent.replace('container-restart', 'restart'))
    expect(problems).toEqual([expect.stringContaining('unknown action "restart"')])
  })
})

describe('files', () => {
  test('of subfolders count, other and hidden files do not, links are followed', async () => {
    write('a.yaml', sound)
    write('team/b.yml', sound.replace('Down', 'Other'))
    write('team/notes.md', 'x')
    write('.git/c.yaml', sound)
    write('..data/d.yaml', sound.replace('Down', 'Third'))
    symlinkSync(join(folder, '..data/d.yaml'), join(folder, 'd.yaml'))
    symlinkSync(folder, join(folder, 'team/loop'))
    const { playbooks, problems } = await load()
    expect(problems).toEqual([])
    expect(playbooks.map(({ name }) => name)).toEqual(['a', 'd', 'b'])
  })

  test('a link that leads to itself is an error, and hides no other one', async () => {
    symlinkSync('round', join(folder, 'round'))
    write('a.yaml', 'version: 2')
    const { problems } = await load()
    expect(problems[0]).toBe('rules: error: "round" cannot be read (ELOOP): its links lead round in a circle')
    expect(problems[1]).toMatch(/^rules\/a.yaml:1:/)
  })

  test('two of one name are an error that names both', async () => {
    write('a.yaml', sound)
    write('team/a.json', '{')
    const { problems } = await load()
    expect(problems[0]).toBe('rules/team/a.json: error: there are two playbooks named "a": the other is rules/a.yaml')
    expect(problems[1]).toMatch(/^rules\/team\/a.json:1:2: error: /)
  })

  test('a name that could not be a label is an error', async () => {
    write('a b.yaml', sound)
    const message = 'a playbook is named by its file: 1 to 100 letters, digits, ".", "_" or "-"'
    expect((await load()).problems).toEqual([`rules/a b.yaml: error: ${message}`])
  })

  test('a file too large is an error, a missing folder a warning', async () => {
    write('a.yaml', `${sound}# ${'x'.repeat(256 * 1024)}`)
    expect((await load()).problems).toEqual(['rules/a.yaml: error: is larger than 262144 bytes'])
    rmSync(folder, { recursive: true })
    expect((await load()).problems).toEqual([
      'rules: warning: this folder does not exist, so no playbooks come from it',
    ])
  })

  test('the revision changes exactly with the meaning', async () => {
    const revisionOf = async (text: string) => {
      write('a.yaml', text)
      return (await load()).playbooks[0]?.revision
    }
    const before = await revisionOf(sound)
    expect(await revisionOf(`# a comment\n${sound}`)).toBe(before)
    expect(await revisionOf(`${sound}priority: 1`)).not.toBe(before)
  })
})

describe('a policy', () => {
  async function policy(text: string, over: { actions?: ActionInfo[]; yaml?: string } = {}) {
    write('a.yaml', text)
    write('b.yaml', `${sound}priority: 1`)
    writeFileSync(
      join(root, 'hepar.yaml'),
      over.yaml ?? 'notify: { oncall: "http://p" }\nsources: [{ name: main, prometheus: "http://p" }]',
    )
    const reading = readConfig({ file: join(root, 'hepar.yaml'), env: {} })
    if (!reading.ok) throw new Error('config')
    return loadPolicy({ config: reading.config, actions: over.actions ?? actions, checkParams, now: 5 })
  }

  test('is loaded in matching order and frozen', async () => {
    const reading = await policy(sound)
    if (!reading.ok) throw new Error('not loaded')
    expect(reading.policy).toMatchObject({ loadedAt: 5, playbooks: [{ name: 'b' }, { name: 'a' }] })
    expect(Object.isFrozen(reading.policy.playbooks[0]?.when)).toBe(true)
  })

  test('is loaded whole or not at all', async () => {
    expect(await policy(but('operator: equal', 'operator: equals'))).toMatchObject({
      ok: false,
      problems: [{ line: 4 }],
    })
  })

  test('has a revision that follows playbooks, action files, ceiling, sources and hosts', async () => {
    const revisionOf = async (...about: Parameters<typeof policy>) => {
      const reading = await policy(...about)
      return reading.ok ? reading.policy.revision : null
    }
    const base = await revisionOf(sound)
    expect(await revisionOf(sound)).toBe(base)
    const source = 'notify: { oncall: "http://p" }\nsources: [{ name: main, prometheus: "http://p" }]'
    const others = [
      await revisionOf(`${sound}priority: 2`),
      await revisionOf(sound, { actions: [...actions.slice(1), action('container-restart', { fileDigest: 'e' })] }),
      await revisionOf(sound, { yaml: `mode: auto\n${source}` }),
      await revisionOf(sound, {
        yaml: 'notify: { oncall: "http://p" }\nsources: [{ name: main, prometheus: "http://q" }]',
      }),
      await revisionOf(sound, { yaml: `docker: { hosts: { local: { socket: /x } } }\n${source}` }),
      await revisionOf(sound, { yaml: `http: { allow: [http://web] }\n${source}` }),
    ]
    expect(new Set([base, ...others]).size).toBe(7)
    expect(await revisionOf(sound, { yaml: `log: { level: debug }\n${source}` })).toBe(base)
  })
})

test('a circle of dependencies is reported with the way it goes, in every file that is part of it', async () => {
  const of = (name: string, on: string) =>
    sound.replace(/^target:.*$/m, `target: container/local/${name}\ndependsOn: [container/local/${on}]`)
  write('a.yaml', of('a', 'b'))
  write('b.yaml', of('b', 'c'))
  write('c.yaml', of('c', 'a'))
  write('d.yaml', of('d', 'a'))
  const { problems } = await load()
  const circles = problems.filter((problem) => problem.includes('circle'))
  expect(circles.map((problem) => problem.slice(problem.indexOf('container')))).toEqual([
    'container/local/a → container/local/b → container/local/c → container/local/a',
    'container/local/b → container/local/c → container/local/a → container/local/b',
    'container/local/c → container/local/a → container/local/b → container/local/c',
  ])
})
