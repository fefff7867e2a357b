import { teethOf } from './tooth.ts'

const template = { file: 'src/domain/template.ts', test: 'test/domain/template.test.ts' }
const render = { file: 'src/engine/match/render.ts', test: 'test/engine/render.test.ts' }
const promql = { test: 'test/adapters/rules/promql.test.ts' }
const match = { test: 'test/engine/match.test.ts' }

/** What labels, the attacker’s input, may become: templates, targets, queries, addresses, matches. */
export const templates = [
  ...teethOf(template, [
    {
      takes: 'that a missing label is an error',
      find: '  if (value === undefined) return { ok: false, reason: `${nameOf(part)} is missing` }\n',
      replace: "  if (value === undefined) return { ok: true, text: '' }\n",
      red: 'a missing or empty value is an error',
    },
    {
      takes: 'that an empty label is an error',
      find: "  if (value === '') return { ok: false, reason: `${nameOf(part)} is empty` }\n",
      replace: '',
      red: 'a missing or empty value is an error',
    },
    {
      takes: 'that only own labels are looked up',
      find: 'Object.hasOwn(map, part.name) ? map[part.name] : undefined',
      replace: 'part.name in map ? String(map[part.name]) : undefined',
      red: 'only own properties are looked up',
    },
    {
      takes: 'that no control character enters a URL',
      find: "part.escape === 'url' && hasControls(value.text)",
      replace: "part.escape === 'url' && value.text === ''",
      red: 'control characters cannot enter a URL',
    },
    {
      takes: 'that a value stays one part of a URL',
      find: 'url: (value) => encodeURIComponent(value)',
      replace: 'url: (value) => encodeURI(value)',
      red: 'in a URL any value stays one part of the path or query',
    },
    {
      takes: 'the escaping of quotes in PromQL',
      ...promql,
      find: '  return text.replace(/[\\\\"\\u0000-\\u001f',
      replace: '  return text.replace(/[\\\\\\u0000-\\u001f',
      red: 'any value leaves the tree of',
    },
    {
      takes: 'that Prometheus is never sent what it takes for broken text',
      test: 'test/adapters/rules/promql-in-prometheus.test.ts',
      find: "    if (char === '\\ufffd') return '\\\\ufffd'\n",
      replace: "    if (char === '\\ufffd') return char\n",
      red: 'Prometheus reads any value in',
    },
    {
      takes: 'that a value is quoted within a regular expression',
      ...promql,
      find: 'promql_regex: (value) => escapePromql(quoteRegex(value))',
      replace: 'promql_regex: (value) => escapePromql(value)',
      red: 'under a regular expression',
    },
  ]),
  ...teethOf({ ...promql, file: 'src/adapters/rules/promql.ts' }, [
    {
      takes: 'that a placeholder stands only in the value of a matcher',
      find: 'if (!literal?.isMatcherValue) {',
      replace: 'if (literal === null) {',
      red: '{{ labels.x }}_total is refused',
    },
    {
      takes: 'that a query is PromQL',
      find: '  if (error !== null)\n',
      replace: '  if (error !== null && error < 0)\n',
      red: 'up == is refused',
    },
    {
      takes: 'that a placeholder does not stand where quoting cannot help it',
      find: '    if (problem) return `has a placeholder ${problem} of a regular expression`\n',
      replace: '',
      red: 'up{a=~"[{{ labels.x }}]"} is refused',
    },
  ]),
  ...teethOf(render, [
    {
      takes: 'that no label adds parts to a target',
      find: "if (value.text.includes('/') && !mayHoldSlashes)",
      replace: "if (value.text === '/' && !mayHoldSlashes)",
      red: 'labels {"host":"local/other","name":"web"} give no target',
    },
    {
      takes: 'that no control character enters a target',
      find: '    if (hasControls(value.text)) return { ok: false,',
      replace: '    if (hasControls(value.text) && isPath) return { ok: false,',
      red: 'labels {"host":"local","name":"a\\nb"} give no target',
    },
    {
      takes: 'that a label cannot climb in a URL',
      find: '  if (climbs(url.text)) return',
      replace: "  if (url.text === '') return",
      red: 'a URL refuses to climb by',
    },
    {
      takes: 'that the host of a probe is fixed in its file',
      file: 'src/domain/url-template.ts',
      find: '  if (!settled || (',
      replace: '  if (!settled && (',
      red: 'http://web{{ labels.x }}/ is no URL for a probe',
    },
    {
      takes: 'that an unmapped host is refused and never guessed',
      file: 'src/domain/host.ts',
      find: '  if (host !== null) return { ok: true, host }\n',
      replace:
        '  if (host !== null || value) return { ok: true, host: host ?? config.docker.hosts[0]?.name ?? value }\n',
      red: 'an unknown place stays as it is and is never guessed',
    },
  ]),
  ...teethOf({ file: 'src/domain/target.ts', test: 'test/engine/render.test.ts' }, [
    {
      takes: 'the bound on the length of a target',
      find: '  if (text.length > 512) return',
      replace: '  if (text.length < 0) return',
      red: 'labels {"host":"local","name":"xxx',
    },
  ]),
  ...teethOf(match, [
    {
      takes: 'that a choice requires none of its labels',
      file: 'src/engine/match/label-index.ts',
      find: 'condition.any.length === 1 ? equalities(condition.any[0]!) : []',
      replace: 'condition.any.flatMap(equalities)',
      red: 'index and full scan > agree for any playbooks and alerts',
    },
    {
      takes: 'that a negation requires no label',
      file: 'src/engine/match/label-index.ts',
      find: "  if ('not' in condition) return []\n",
      replace: "  if ('not' in condition) return equalities(condition.not)\n",
      red: 'index and full scan > agree for any playbooks and alerts',
    },
    {
      takes: 'that playbooks without a required label are looked at for every alert',
      file: 'src/engine/match/label-index.ts',
      find: 'const found = [...others]',
      replace: 'const found: Ranked[] = []',
      red: 'index and full scan > agree for any playbooks and alerts',
    },
    {
      takes: 'that the index keeps the order of the playbooks',
      file: 'src/engine/match/label-index.ts',
      find: 'found.sort((a, b) => a.rank - b.rank).map',
      replace: 'found.map',
      red: 'index and full scan > agree for any playbooks and alerts',
    },
    {
      takes: 'that the first match wins',
      file: 'src/engine/match/match.ts',
      find: '    if (!playbook.continue) break\n',
      replace: '',
      red: 'the first match wins: priority first, then name',
    },
    {
      takes: 'that conditions see own properties only',
      file: 'src/engine/match/fact-path.ts',
      find: ' || !Object.hasOwn(at, key)) return undefined',
      replace: ') return undefined',
      red: 'every fact can be looked at, and only own properties',
    },
    {
      takes: 'that one playbook which cannot be evaluated harms no other',
      file: 'src/engine/match/evaluate.ts',
      find: '      return { ok: false, reason: error instanceof Error ? error.message : String(error) }\n',
      replace: '      throw error\n',
      red: 'one playbook that cannot be evaluated harms no other',
    },
  ]),
]
