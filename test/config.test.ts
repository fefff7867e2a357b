// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { defaultLimits } from '../src/domain/config.ts'
import { formatProblem } from '../src/domain/policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-config-'))
const file = join(folder, 'hepar.yaml')
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  mkdirSync(join(folder, 'playbooks'), { recursive: true })
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), 'x')
  writeFileSync(join(folder, 'token'), 'from-a-file-with-30-characters\n')
})

type Env = Record<string, string>

function read(text: string, env: Env = {}) {
  writeFileSync(file, text, { mode: 0o600 })
  return readConfig({ file, env })
}

function problems(text: string, env: Env = {}): string[] {
  return read(text, env).problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''))
}

function config(text: string, env: Env = {}) {
  const reading = read(text, env)
  if (!reading.ok) throw new Error(reading.problems.map(formatProblem).join('\n'))
  return reading.config
}

describe('defaults', () => {
  test.each(['', '# nothing\n', 'docker:\nsources:\nlimits:\nlog:\nauth:\nnotify:\nlisten:\n'])(
    'an empty file gives a working configuration: %j',
    (text) => {
      expect(config(text)).toEqual({
        file,
        listen: { host: '127.0.0.1', port: 4372 },
        tls: null,
        pins: {},
        dataFolder: join(folder, 'data'),
        store: { kind: 'sqlite', file: join(folder, 'data/hepar.db') },
        mode: 'observe',
        rules: [join(folder, 'rules')],
        plugins: [join(import.meta.dirname, '../plugins')],
        watchFiles: true,
        sources: [],
        docker: {
          hosts: [{ name: 'local', socket: '/var/run/docker.sock', url: null, tls: null, labelValues: [] }],
          hostLabel: 'instance',
          allow: [],
          protect: [],
          exporter: { enabled: true, containersMax: 1000, include: ['*/*'] },
        },
        redis: [],
        paths: [],
        services: [],
        http: { allow: [] },
        auth: { tokens: [] },
        notify: [],
        announce: [],
        maintenance: [],
        externalUrl: null,
        approval: { fourEyes: false },
        policies: [],
        limits: defaultLimits,
        retention: { auditMs: null, bytesMax: 10_000_000_000 },
        log: { level: 'info' },
      })
      expect(read(text).problems).toEqual([])
    },
  )

  test('an absent file does too, unless somebody named it', () => {
    const before = process.cwd()
    const empty = mkdtempSync(join(tmpdir(), 'hepar-empty-'))
    try {
      process.chdir(empty)
      const reading = readConfig({ file: null, env: {} })
      expect(reading).toMatchObject({
        ok: true,
        problems: [],
        config: { mode: 'observe', rules: [join(empty, 'rules')] },
      })
      const named = {
        ok: false,
        problems: [{ file: join(empty, 'x.yaml'), message: 'cannot be read (ENOENT): it does not exist' }],
      }
      expect(readConfig({ file: 'x.yaml', env: {} })).toMatchObject(named)
      expect(readConfig({ file: null, env: { HEPAR_CONFIG: 'x.yaml' } })).toMatchObject(named)
    } finally {
      process.chdir(before)
      rmSync(empty, { recursive: true })
    }
  })

  test('the configuration is frozen to its leaves', () => {
    const { docker, limits, sources } = config('sources: [{ name: main, prometheus: "http://p:9090" }]')
    for (const part of [
      docker,
      docker.hosts,
      docker.hosts[0],
      limits,
      sources[0]?.prometheus,
      docker.exporter.include,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })
})

test('everything written arrives: paths from the file, durations in milliseconds, sizes in bytes', () => {
  const full = config(
    `
listen: "[::1]:0"
store: sqlite:state/h.db
mode: auto
rules: [playbooks]
watch: false
sources:
  - name: main
    alertmanagers: [http://a:9093/, { url: https://b/prefix/, basic: { user: u, password: "\${PASSWORD}" }, tls: { ca: ca.pem } }]
    prometheus: { url: http://p:9090, bearer: file:token, headers: { X-Scope-OrgID: "\${TENANT}" } }
docker:
  hosts:
    h7: { url: "https://h7:2376", tls: { ca: ca.pem, cert: cert.pem, key: key.pem }, labelValues: ["h7:9323"] }
    h8: { socket: run/docker.sock }
  hostLabel: host
  allow: [h7/web-*]
  exporter: { enabled: false, containersMax: 5 }
notify: { oncall: "https://pager/x?y=z" }
limits: { body: 1MiB, episodeGap: 1m30s, effects: 2, startWithin: 500ms }
log: { level: debug }
`,
    { PASSWORD: 'p4ss', TENANT: 'team-a' },
  )
  expect(full).toMatchObject({
    listen: { host: '::1', port: 0 },
    dataFolder: join(folder, 'state'),
    mode: 'auto',
    rules: [join(folder, 'playbooks')],
    watchFiles: false,
    sources: [
      {
        alertmanagers: [
          { url: 'http://a:9093', headers: {} },
          { url: 'https://b/prefix', tls: { ca: join(folder, 'ca.pem') } },
        ],
        prometheus: { url: 'http://p:9090', headers: { 'X-Scope-OrgID': 'team-a' } },
      },
    ],
    docker: {
      hosts: [
        { name: 'h7', url: 'https://h7:2376', socket: null, labelValues: ['h7:9323'] },
        { name: 'h8', socket: join(folder, 'run/docker.sock'), url: null, tls: null },
      ],
      exporter: { enabled: false, containersMax: 5, include: ['*/*'] },
    },
    notify: [{ type: 'webhook', name: 'oncall', peer: { url: 'https://pager/x?y=z' }, secret: null }],
    announce: ['oncall'],
    limits: { bodyBytesMax: 1_048_576, episodeGapMs: 90_000, effectsMax: 2, startWithinMs: 500, probeEveryMs: 2000 },
    log: { level: 'debug' },
  })
  expect(full.sources[0]?.alertmanagers[1]?.basic?.password.reveal()).toBe('p4ss')
  expect(full.sources[0]?.prometheus?.bearer?.reveal()).toBe('from-a-file-with-30-characters')
})

describe('redis', () => {
  test('every key is read, and no secret shows', () => {
    const text = `
redis:
  cache:
    url: rediss://cache.example/3
    user: hepar
    password: "\${REDIS_PASSWORD}"
    tls: { ca: ca.pem, cert: cert.pem, key: key.pem, serverName: cache }
    role: master
    persistence: aof
    dataPath: data/appendonlydir
    failover: sentinel
    logFile: /var/log/redis/cache.log
    restart: { command: [/usr/bin/redis-server, /etc/redis.conf], folder: ., pidFile: redis.pid, despiteFailover: true }
    keys: ["cache:*"]
    disposable: true
  plain: { url: "redis://[::1]:7000" }
`
    const { redis } = config(text, { REDIS_PASSWORD: 'hunter2-hunter2' })
    expect(inspect(redis, { depth: 9 }) + JSON.stringify(redis)).not.toContain('hunter2')
    const [cache, plain] = redis
    expect(cache?.password?.reveal()).toBe('hunter2-hunter2')
    expect({ ...cache, password: null }).toEqual({
      name: 'cache',
      host: 'cache.example',
      port: 6379,
      database: 3,
      secure: true,
      user: 'hepar',
      password: null,
      tls: {
        ca: join(folder, 'ca.pem'),
        cert: join(folder, 'cert.pem'),
        key: join(folder, 'key.pem'),
        serverName: 'cache',
      },
      role: 'master',
      persistence: 'aof',
      dataPath: join(folder, 'data/appendonlydir'),
      failover: 'sentinel',
      logFile: '/var/log/redis/cache.log',
      restart: {
        by: 'command',
        argv: ['/usr/bin/redis-server', '/etc/redis.conf'],
        folder,
        pidFile: join(folder, 'redis.pid'),
      },
      restartDespiteFailover: true,
      keys: ['cache:*'],
      disposable: true,
    })
    expect(plain).toEqual({
      name: 'plain',
      host: '::1',
      port: 7000,
      database: 0,
      secure: false,
      tls: {},
      user: null,
      password: null,
      role: null,
      persistence: null,
      dataPath: null,
      failover: null,
      logFile: null,
      restart: null,
      restartDespiteFailover: false,
      keys: [],
      disposable: false,
    })
  })

  test('a pattern that would match every key is a mistake', () => {
    const words = 'would match every key: declare disposable: true instead, and let the step say everything: true'
    expect(problems('redis: { c: { url: "redis://c", keys: ["a:*", "*", "?[a-z]"] } }')).toEqual([
      `hepar.yaml:1:47: error: redis.c.keys[1]: ${words}`,
      `hepar.yaml:1:52: error: redis.c.keys[2]: ${words}`,
    ])
    // Redis takes the end of the pattern for the end of a class that is left open, a backslash quotes within one, and so does a range.
    for (const glob of ['*[^!', '*[^\\]!]', '*[^a-]x]']) {
      expect(problems(`redis: { c: { url: "redis://c", keys: [${JSON.stringify(glob)}] } }`), glob).toHaveLength(1)
    }
    expect(problems(String.raw`redis: { c: { url: "redis://c", keys: ["\\[x]*", "a[0-9]"] } }`)).toEqual([])
  })

  test('is restarted by a container or a unit, too', () => {
    const restart = (text: string) =>
      config(`redis: { c: { url: "redis://c", restart: { ${text} } } }`).redis[0]?.restart
    expect(restart('container: local/cache')).toEqual({ by: 'container', host: 'local', name: 'cache' })
    expect(restart('unit: redis@one.service')).toEqual({ by: 'unit', unit: 'redis@one.service' })
  })
})

test('the environment is over the file', () => {
  const env = {
    HEPAR_LISTEN: '127.0.0.2:9',
    HEPAR_DATA: '/tmp/elsewhere',
    HEPAR_MODE: 'approve',
    HEPAR_LOG_LEVEL: 'warn',
  }
  expect(config('mode: auto\nstore: sqlite:x/y.db\nlisten: 127.0.0.1:1', env)).toMatchObject({
    listen: { host: '127.0.0.2', port: 9 },
    dataFolder: '/tmp/elsewhere',
    store: { file: '/tmp/elsewhere/y.db' },
    mode: 'approve',
    log: { level: 'warn' },
  })
  expect(problems('', { HEPAR_MODE: 'auot', HEPAR_LISTEN: '4372', HEPAR_LOG_LEVEL: 'loud' })).toEqual([
    'environment: error: HEPAR_LISTEN must be an address such as 127.0.0.1:4372 or [::1]:4372',
    'environment: error: HEPAR_MODE must be one of observe, approve, auto, did you mean "auto"?',
    'environment: error: HEPAR_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
  ])
})

test.each<[string, string[]]>([
  ['modes: auto', ['hepar.yaml:1:1: error: unknown key "modes", did you mean "mode"?']],
  ['mode: auto\nmode: observe', ['hepar.yaml:2:1: error: duplicate key']],
  ['mode: atuo', ['hepar.yaml:1:7: error: mode: must be one of observe, approve, auto, did you mean "auto"?']],
  [
    'retention: { audit: 1h, maxBytes: 1MB }',
    [
      'hepar.yaml:1:21: error: retention.audit: must be between 1d and 36500d',
      'hepar.yaml:1:35: error: retention.maxBytes: must be between 10000000 and 1000000000000000 bytes',
    ],
  ],
  [
    'services: { "a b": {} }',
    [
      'hepar.yaml:1:13: error: services: the key must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit',
    ],
  ],
  [
    'services: { shop: { mirrors: {} } }',
    ['hepar.yaml:1:21: error: services.shop: unknown key "mirrors", did you mean "mirror"?'],
  ],
  [
    'redis: { cache: { url: "redis://c" } }\nservices: { shop: { mirror: { redis: cahce, key: k } } }',
    ['hepar.yaml:2:38: error: services.shop.mirror.redis: there is no redis.cahce, did you mean "cache"?'],
  ],
  [
    'services: { shop: { mirror: { redis: cache, key: k } } }',
    ['hepar.yaml:1:38: error: services.shop.mirror.redis: there is no redis.cache'],
  ],
  [
    'redis: { c: { url: "redis://c" } }\nservices: { a: { mirror: { redis: c, key: k } }, b: { mirror: { redis: c, key: k } } }',
    ['hepar.yaml:2:80: error: services.b.mirror.key: is the key of the service "a" already: each needs its own'],
  ],
  ['redis: { c: { url: "http://c" } }', ['hepar.yaml:1:20: error: redis.c.url: must begin with redis:// or rediss://']],
  [
    'redis: { c: { url: "redis://:hunter2@c" } }',
    ['hepar.yaml:1:20: error: redis.c.url: must not contain credentials: use user and password'],
  ],
  [
    'redis: { c: { url: "redis://c/x" } }',
    ['hepar.yaml:1:20: error: redis.c.url: must be a URL such as redis://127.0.0.1:6379 or rediss://cache:6380/1'],
  ],
  [
    'redis: { c: { url: "redis://c", rol: master } }',
    ['hepar.yaml:1:33: error: redis.c: unknown key "rol", did you mean "role"?'],
  ],
  [
    'redis: { c: { url: "redis://c", role: slave } }',
    ['hepar.yaml:1:39: error: redis.c.role: must be one of standalone, master, replica'],
  ],
  [
    'redis: { c: { url: "redis://c", role: standalone, failover: sentinel } }',
    ['hepar.yaml:1:61: error: redis.c.failover: contradicts role: standalone, which nothing takes over from'],
  ],
  ['redis: { c: { url: "redis://c", user: me } }', ['hepar.yaml:1:39: error: redis.c.user: needs a password']],
  [
    'redis: { c: { url: "redis://c", tls: { ca: ca.pem } } }',
    ['hepar.yaml:1:38: error: redis.c.tls: has no effect on a redis:// URL: use rediss://'],
  ],
  [
    'redis: { c: { url: "redis://c", restart: {} } }',
    ['hepar.yaml:1:42: error: redis.c.restart: needs exactly one of container, unit and command'],
  ],
  [
    'redis: { c: { url: "redis://c", restart: { container: local/c, unit: c.service } } }',
    ['hepar.yaml:1:42: error: redis.c.restart: needs exactly one of container, unit and command'],
  ],
  [
    'redis: { c: { url: "redis://c", restart: { container: lokal/c } } }',
    [
      'hepar.yaml:1:55: error: redis.c.restart.container: "lokal" is not a configured Docker host, did you mean "local"?',
    ],
  ],
  [
    'redis: { c: { url: "redis://c", restart: { unit: "-c.service" } } }',
    ['hepar.yaml:1:50: error: redis.c.restart.unit: must be a unit such as redis-server.service'],
  ],
  [
    'redis: { c: { url: "redis://c", restart: { command: [redis-server] } } }',
    ['hepar.yaml:1:53: error: redis.c.restart.command: must begin with an absolute path'],
  ],
  [
    'redis: { c: { url: "redis://c", restart: { unit: c.service, pidFile: x } } }',
    ['hepar.yaml:1:70: error: redis.c.restart.pidFile: belongs to command alone'],
  ],
  ['limits: { rate: 5 }', ['hepar.yaml:1:17: error: limits.rate: must be a list, not a number']],
  ['store: postgres://x', ['hepar.yaml:1:8: error: store: a PostgreSQL store is not supported by this version']],
  ['store: "sqlite::memory:"', ['hepar.yaml:1:8: error: store: must name a file, such as sqlite:./data/hepar.db']],
  ['listen: "4372"', ['hepar.yaml:1:9: error: listen: must be an address such as 127.0.0.1:4372 or [::1]:4372']],
  ['listen: 4372', ['hepar.yaml:1:9: error: listen: must be text, not a number']],
  ['rules: ./nowhere', ['hepar.yaml:1:8: error: rules[0]: there is no folder nowhere']],
  ['rules: []', ['hepar.yaml:1:8: error: rules: must name at least one folder']],
  ['watch: yes', ['hepar.yaml:1:8: error: watch: must be true or false, not text']],
  ['- a', ['hepar.yaml:1:1: error: must be a map of keys, not a list']],
  ['sources: main', ['hepar.yaml:1:10: error: sources: must be a list, not text']],
  ['sources:\n  - prometheus: http://p', ['hepar.yaml:2:5: error: sources[0].name: is missing']],
  [
    'sources:\n  - { name: a, prometheus: "http://p?x" }',
    ['hepar.yaml:2:28: error: sources[0].prometheus.url: must not contain a query (?)'],
  ],
  [
    'sources: [{ name: a, prometheus: p:9090 }]',
    ['hepar.yaml:1:34: error: sources[0].prometheus.url: must begin with http:// or https://'],
  ],
  [
    'sources: [{ name: a, prometheus: { url: "http://p", headers: { Authorization: x } } }]',
    ['hepar.yaml:1:64: error: sources[0].prometheus.headers: the key cannot be set here: use bearer or basic'],
  ],
  [
    'sources: [{ name: a, prometheus: { url: "https://p", tls: { cert: cert.pem } } }]',
    ['hepar.yaml:1:59: error: sources[0].prometheus.tls: cert and key belong together'],
  ],
  [
    'sources:\n  - { name: a, prometheus: http://p }\n  - { name: a, prometheus: http://q }',
    ['hepar.yaml:3:13: error: sources[1].name: there are two sources named "a"'],
  ],
  [
    'sources: [{ name: a }]',
    [
      'hepar.yaml:1:11: warning: sources[0]: the source "a" cannot be asked whether an alert still fires: give it alertmanagers or prometheus',
    ],
  ],
  [
    'docker: { hosts: { h: { url: "http://h", socket: /x } } }',
    ['hepar.yaml:1:23: error: docker.hosts.h: needs either socket or url'],
  ],
  ['docker: { hosts: { h: {} } }', ['hepar.yaml:1:23: error: docker.hosts.h: needs either socket or url']],
  [
    'docker: { hosts: { h h: { socket: /x } } }',
    [
      'hepar.yaml:1:20: error: docker.hosts: the key must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit',
    ],
  ],
  [
    'docker:\n  hosts:\n    a: { socket: /a, labelValues: [x, y] }\n    b: { socket: /b, labelValues: [z, y, a] }',
    [
      'hepar.yaml:4:39: error: docker.hosts.b.labelValues[1]: "y" already means the host "a": a value must mean one host',
      'hepar.yaml:4:42: error: docker.hosts.b.labelValues[2]: "a" already means the host "a": a value must mean one host',
    ],
  ],
  [
    'docker: { allow: [web] }',
    ['hepar.yaml:1:19: error: docker.allow[0]: must look like host/container, such as local/web-*'],
  ],
  [
    'limits:\n  body: 16\n  episodeGap: soon\n  effects: 0',
    [
      'hepar.yaml:2:9: error: limits.body: must be a size such as 500kB or 16MiB',
      'hepar.yaml:3:15: error: limits.episodeGap: must be a duration such as 30s or 1h30m',
      'hepar.yaml:4:12: error: limits.effects: must be a whole number between 1 and 1000',
    ],
  ],
  ['limits: { startWithin: 3s }', ['hepar.yaml:1:24: error: limits.startWithin: must be between 100ms and 2s']],
  [
    'auth:\n  tokens:\n    - { name: a, rol: webhook, token: 1234567890123456 }',
    [
      'hepar.yaml:3:7: error: auth.tokens[0].role: is missing',
      'hepar.yaml:3:18: error: auth.tokens[0]: unknown key "rol", did you mean "role"?',
      'hepar.yaml:3:39: error: auth.tokens[0].token: must be text, not a number',
    ],
  ],
  [
    'notify: { oncall: { url: "${PAGER}" } }',
    ['hepar.yaml:1:26: error: notify.oncall.url: the environment variable PAGER is not set'],
  ],
  [
    'notify: { oncall: { url: "http://${1}" } }',
    ['hepar.yaml:1:26: error: notify.oncall.url: malformed reference: write ${NAME}'],
  ],
  [
    'notify: { oncall: { url: "http://${toString}" } }',
    ['hepar.yaml:1:26: error: notify.oncall.url: the environment variable toString is not set'],
  ],
  [
    'auth: { tokens: [{ name: a, role: admin, token: "file:absent" }] }',
    ['hepar.yaml:1:49: error: auth.tokens[0].token: the file absent cannot be read (ENOENT): it does not exist'],
  ],
])('%j is found with its place', (text, expected) => expect(problems(text)).toEqual(expected))

test('mistakes in different sections are all found at once', () => {
  const text = 'mode: atuo\nlisten: nowhere\nsources: [{ name: "" }]\ndocker: { host: {} }\nlog: { level: loud }\nx: 1'
  expect(problems(text).map((problem) => problem.split(': ')[0])).toEqual([
    'hepar.yaml:1:7',
    'hepar.yaml:2:9',
    'hepar.yaml:3:19',
    'hepar.yaml:4:11',
    'hepar.yaml:5:15',
    'hepar.yaml:6:1',
  ])
})

test('the actions that come with Hepar have a name of their own, and ./plugins is read when it is there', () => {
  const shipped = join(import.meta.dirname, '../plugins')
  const own = join(folder, 'plugins')
  mkdirSync(own)
  expect(config('').plugins).toEqual([shipped, own])
  expect(config('plugins: [./plugins, "hepar:plugins"]').plugins).toEqual([own, shipped])
  expect(config('plugins: ./plugins').plugins).toEqual([own])
  rmSync(own, { recursive: true })
  expect(config('').plugins).toEqual([shipped])
  expect(problems('plugins: ./plugins')).toEqual([expect.stringContaining('there is no folder')])
})

describe('an address that other machines can reach', () => {
  const tokens = 'auth: { tokens: [{ name: a, role: webhook, token: "0123456789abcdef" }] }\n'
  const message = (host: string) =>
    `other machines can reach ${host}: make a token with \`hepar token create --local\`, give auth.tokens, or listen on 127.0.0.1`

  test.each(['0.0.0.0', '10.0.0.1', 'hepar.example.org'])('demands a token: %s', (host) => {
    expect(problems(`listen: ${host}:4372`)).toEqual([`hepar.yaml:1:9: error: listen: ${message(host)}`])
    expect(problems(`${tokens}listen: ${host}:4372`)).toEqual([])
    expect(problems('', { HEPAR_LISTEN: `${host}:4372` })).toEqual([
      `environment: error: HEPAR_LISTEN: ${message(host)}`,
    ])
  })

  test.each(['127.0.0.1', '127.9.9.9', 'localhost', '[::1]'])('a loopback address does not: %s', (host) => {
    expect(problems(`listen: "${host}:4372"`)).toEqual([])
  })

  test('the IPv6 wildcard demands one, too', () => expect(problems('listen: "[::]:4372"')).toHaveLength(1))
})

describe('channels of notify', () => {
  const slack = 'type: slack, token: xoxb-1, channel: C0123ABCD'
  const mail = 'type: email, server: "mail:587", from: hepar@example.org, to: [oncall@example.org]'

  test('are told apart by their type, with defaults of their own', () => {
    const { notify } = config(
      `notify:
  hook: { url: "http://hook/x", secret: file:token }
  chat: { ${slack}, signingSecret: s, approvers: { U012AB3CD: alice } }
  pager: { type: pagerduty, routingKey: ${'k'.repeat(32)}, url: "https://events.eu.pagerduty.com/" }
  mail: { ${mail} }
  local: { ${mail.replace('mail:587', '127.0.0.1:465')}, user: u, password: "\${P}" }
`,
      { P: 'pw' },
    )
    expect(notify).toMatchObject([
      { type: 'webhook', name: 'hook', peer: { url: 'http://hook/x' } },
      {
        type: 'slack',
        name: 'chat',
        room: 'C0123ABCD',
        peer: { url: 'https://slack.com/api' },
        approvers: { U012AB3CD: 'alice' },
      },
      { type: 'pagerduty', name: 'pager', peer: { url: 'https://events.eu.pagerduty.com' } },
      { type: 'email', name: 'mail', server: { host: 'mail', port: 587 }, security: 'starttls', login: null },
      { type: 'email', name: 'local', security: 'implicit', login: { user: 'u' } },
    ])
    const [hook] = notify
    expect(hook?.type === 'webhook' && hook.secret?.reveal()).toBe('from-a-file-with-30-characters')
  })

  test.each([
    [
      '{ type: slak, token: x }',
      'hepar.yaml:1:22: error: notify.x.type: must be one of webhook, slack, pagerduty, email, did you mean "slack"?',
    ],
    ['{ type: slack, token: x }', 'hepar.yaml:1:14: error: notify.x.channel: is missing'],
    [`{ ${slack}, chanel: y }`, 'hepar.yaml:1:64: error: notify.x: unknown key "chanel", did you mean "channel"?'],
    [
      `{ ${slack}, approvers: { U012AB3CD: alice } }`,
      'hepar.yaml:1:75: error: notify.x.approvers: has no effect without signingSecret, which proves that a press of a button comes from Slack',
    ],
    [
      `{ ${slack}, signingSecret: s, approvers: { alice: alice } }`,
      'hepar.yaml:1:95: error: notify.x.approvers: the key must be a user id of Slack, such as U012AB3CD',
    ],
    [
      '{ type: pagerduty, routingKey: short }',
      'hepar.yaml:1:45: error: notify.x.routingKey: must be the 32 characters of an integration key for the Events API v2',
    ],
    [
      `{ ${mail.replace(':587', '')} }`,
      'hepar.yaml:1:37: error: notify.x.server: must be a host with a port, such as mail.example.org:587',
    ],
    [`{ ${mail}, user: u }`, 'hepar.yaml:1:14: error: notify.x: user and password belong together'],
    [
      `{ ${mail}, security: none, user: u, password: p }`,
      'hepar.yaml:1:110: error: notify.x.security: would send the password in clear text: use starttls or implicit',
    ],
    [
      `{ ${mail.replace('[oncall@example.org]', '["a@b, c@d"]')} }`,
      'hepar.yaml:1:79: error: notify.x.to[0]: must be a bare mail address such as oncall@example.org',
    ],
  ])('%s is a mistake that is said where it stands', (text, problem) => {
    expect(problems(`notify: { x: ${text} }`)).toEqual([problem])
  })
})

describe('secrets', () => {
  const canary = 'hunter2-canary'

  test('are never printed by the configuration', () => {
    const text = `
auth: { tokens: [{ name: a, role: webhook, token: "${canary}-0123456789" }, { name: b, role: admin, token: "\${T}" }] }
notify: { oncall: { url: "http://x", bearer: "\${T}" } }
sources: [{ name: main, prometheus: { url: "http://p", basic: { user: u, password: ${canary} } } }]
`
    const { auth, ...rest } = config(text, { T: `${canary}-from-the-environment` })
    for (const printed of [
      JSON.stringify({ auth, ...rest }),
      inspect({ auth, rest }, { depth: 20 }),
      `${auth.tokens[0]?.token}`,
    ]) {
      expect(printed).toContain('[redacted]')
      expect(printed).not.toContain('hunter2')
    }
  })

  test.each([
    `auth: { tokens: [{ name: a, role: webhook, token: ${canary} }, { name: b, role: webhook, token: ${canary} }] }`,
    `auth: { tokens: [{ name: a, role: webhook, token: "${canary}\\u00e9" }] }`,
    `auth: { tokens: [{ name: a, role: webhook, token: [${canary}] }] }`,
    `auth: { tokens: [{ name: a, role: webhook, token: !${canary} x }] }`,
    `auth: { tokens: [{ name: a, role: webhook, token: *${canary} }] }`,
    `auth: { tokens: [{ name: a, role: webhook, token: "${canary} }] }`,
    `auth: { tokens: ${canary} }`,
    `notify: { x: { url: "http://user:${canary}@host" } }`,
    `notify: { x: { url: "${canary}" } }`,
    `notify: { x: { url: "ftp://\${T}" } }`,
    `listen: "\${T}"`,
    `store: "\${T}"`,
    `sources: [{ name: a, prometheus: { url: "http://p", headers: { x: "\${T}\\n" }, bearer: a, basic: { user: b, password: "\${T}" } } }]`,
    `auth: { tokens: [{ name: a, role: webhook, token: \${T}-\${missing} }] }`,
  ])('are never printed by a problem: %s', (text) => {
    const found = problems(text, { T: canary })
    expect(found.length).toBeGreaterThan(0)
    expect(found.join('\n')).not.toContain('hunter2')
  })

  test('a token that is short, or the same twice, is an error', () => {
    const text =
      'auth:\n  tokens:\n    - { name: a, role: webhook, token: short }\n    - { name: a, role: viewer, token: short }'
    expect(problems(text)).toEqual([
      'hepar.yaml:3:40: error: auth.tokens[0].token: is shorter than 16 characters: make one with openssl rand -hex 32',
      'hepar.yaml:4:15: error: auth.tokens[1].name: there are two tokens named "a"',
      'hepar.yaml:4:39: error: auth.tokens[1].token: is the same as the token of "a": each needs its own',
      'hepar.yaml:4:39: error: auth.tokens[1].token: is shorter than 16 characters: make one with openssl rand -hex 32',
    ])
  })
})

describe('what may be touched on this machine', () => {
  const at = (text: string) => problems(text).map((problem) => problem.replace(/^hepar\.yaml:\d+:\d+: /, ''))
  const root = (path: string) => `paths: { local: [{ root: ${path}, olderThan: 1h }] }`
  const command = (more: string) => `services: { web: { commands: { go: { file: /bin/true, ${more} } } } }`

  test('arrives with its bounds, and with defaults where none are written', () => {
    const text = `
paths:
  local: [{ root: "\${TEMP}", olderThan: 1h, owner: 1000, filesMax: 5, bytesMax: 1MiB, time: 10s }]
  here: [{ root: /var/tmp, olderThan: 7d, owner: app }]
services:
  web:
    unit: web@1.service
    commands:
      recover: { file: /bin/true, args: ["--now", "\${TEMP}"], append: [{ name: shard, pattern: "[0-9]+" }],
        env: { TOKEN: file:token }, timeout: 2m, done: [0, 3], unknown: [75] }
  db: { host: here, commands: { go: { file: /bin/true } } }
`
    const { paths, services } = config(text, { TEMP: folder })
    expect(paths).toEqual([
      {
        host: 'local',
        root: folder,
        olderThanMs: 3_600_000,
        owner: '1000',
        filesMax: 5,
        bytesMax: 1_048_576,
        timeMs: 10_000,
      },
      {
        host: 'here',
        root: '/var/tmp',
        olderThanMs: 7 * 86_400_000,
        owner: 'app',
        filesMax: 100_000,
        bytesMax: 100 * 1024 ** 3,
        timeMs: 30_000,
      },
    ])
    expect(services[0]).toMatchObject({ name: 'web', host: 'local', unit: 'web@1.service' })
    expect(services[0]?.commands[0]).toMatchObject({
      name: 'recover',
      file: '/bin/true',
      args: ['--now', folder],
      appended: [{ name: 'shard', pattern: '[0-9]+' }],
      timeoutMs: 120_000,
      doneCodes: [0, 3],
      unknownCodes: [75],
    })
    expect(services[0]?.commands[0]?.env[0]?.value.reveal()).toBe('from-a-file-with-30-characters')
    expect(JSON.stringify(services)).not.toContain('from-a-file')
    const plain = { args: [], appended: [], env: [], timeoutMs: 30_000, doneCodes: [0], unknownCodes: [] }
    expect(services[1]).toEqual({
      name: 'db',
      host: 'here',
      mirror: null,
      unit: null,
      logFile: null,
      commands: [{ name: 'go', file: '/bin/true', ...plain }],
      requests: [],
    })
  })

  test.each(['/', '/etc', '/etc/app', '/usr', '/var', '/home', '/proc/1', '/sys/x', '/dev', '/dev/pts', '/boot/x'])(
    '%s is never emptied',
    (path) =>
      expect(at(root(path))).toEqual([
        expect.stringMatching(/^error: paths\.local\[0\]\.root: is a folder of the system/),
      ]),
  )

  test.each(['/tmp', '/var/tmp', '/dev/shm', '/scratch'])('%s may be', (path) => {
    expect(at(root(path)).filter((problem) => !problem.includes('warning: '))).toEqual([])
  })

  test.each([
    [root('var/tmp'), 'error: paths.local[0].root: must be an absolute path such as /var/tmp/app'],
    [root('/var/tmp/../lib'), 'error: paths.local[0].root: must be written without //, ., .. and a / at its end'],
    [root('/var/tmp/'), 'error: paths.local[0].root: must be written without //, ., .. and a / at its end'],
    [root('/var/tmp/absent'), 'warning: paths.local[0].root: there is no folder /var/tmp/absent'],
    ['paths: { local: [{ root: /tmp }] }', 'error: paths.local[0].olderThan: must be a duration such as 30s or 1h30m'],
    [
      'paths: { local: [{ root: /tmp, olderThan: 1h, owner: "a b" }] }',
      'error: paths.local[0].owner: must be the name or number of a user',
    ],
    [
      'paths: { local: [{ root: /tmp, olderThan: 1h, fileMax: 1 }] }',
      'error: paths.local[0]: unknown key "fileMax", did you mean "filesMax"?',
    ],
    [
      'paths: { local: [{ root: /tmp, olderThan: 1h }, { root: /tmp, olderThan: 2h }] }',
      'error: paths.local[1].root: /tmp is listed already, as one of local',
    ],
    [
      'services: { web: { unit: web } }',
      'error: services.web.unit: must be the full name of a systemd service, such as myapp.service',
    ],
    [
      'services: { web: { unit: --now.service } }',
      'error: services.web.unit: must be the full name of a systemd service, such as myapp.service',
    ],
    [
      'services: { a: { unit: x.service }, b: { unit: x.service } }',
      'error: services.b.unit: x.service is the unit of "a" already',
    ],
    [
      'services: { web: { unit: r.service } }\nredis: { r: { url: "redis://r", restart: { unit: r.service } } }',
      expect.stringMatching(/^warning: redis\.r\.restart\.unit: r\.service is the unit of the service "web", too/),
    ],
    [command('args: ["a\\0b"]'), 'error: services.web.commands.go.args[0]: must not contain a zero byte'],
    [
      command('append: [{ name: a, pattern: "(" }]'),
      expect.stringMatching(/^error: services\.web\.commands\.go\.append\[0\]\.pattern: is no RE2 expression/),
    ],
    [
      command('append: [{ name: a, pattern: a }, { name: a, pattern: b }]'),
      'error: services.web.commands.go.append[1].name: there are two arguments named "a"',
    ],
    [command('env: { HEPAR_RUNNER: x }'), 'error: services.web.commands.go.env: the key must not begin with HEPAR_'],
    [command('unknown: [0]'), 'error: services.web.commands.go.unknown[0]: exit code 0 already means done'],
    [command('done: []'), 'error: services.web.commands.go.done: must name at least one exit code'],
    [
      'services: { web: { commands: { go: { file: true } } } }',
      'error: services.web.commands.go.file: must be text, not true or false',
    ],
    [
      'services: { web: { commands: { go: { file: bin/go } } } }',
      'error: services.web.commands.go.file: must be the absolute path of a program, such as /usr/local/bin/recover',
    ],
    [
      'services: { web: { commands: { go: { file: /nowhere/go } } } }',
      'warning: services.web.commands.go.file: there is no file /nowhere/go',
    ],
  ])('%j is found', (text, problem) => expect(at(text)).toEqual([problem]))

  test('a host that is reached over the network is another machine', () => {
    const hosts = 'docker: { hosts: { h7: { url: "http://h7:2375" }, near: { url: "http://127.0.0.1:2375" } } }\n'
    const words = 'docker.hosts.h7 is another machine, and Hepar touches files and services only where it runs'
    const paths = (host: string) => `${hosts}paths: { ${host}: [{ root: /tmp, olderThan: 1h }] }`
    expect(at(paths('h7'))).toEqual([`error: paths.h7: ${words}`])
    expect(at(`${hosts}services: { web: { host: h7, unit: web.service } }`)).toEqual([
      `error: services.web.host: ${words}`,
    ])
    expect([at(paths('near')), at(paths('local'))]).toEqual([[], []])
  })
})

describe('URLs that may be called', () => {
  const at = (text: string, env: Env = {}) =>
    problems(text, env).map((problem) => problem.replace(/^hepar\.yaml:\d+:\d+: /, ''))
  const request = (more: string) =>
    `http: { allow: [http://web] }\nservices: { web: { requests: { go: { ${more} } } } }`

  test('are rules of scheme, host, port and path, alone or with more', () => {
    const text = `
http:
  allow:
    - http://web:8080/health
    - { url: "https://\${HOST}/", addresses: [10.0.0.0/8, fd00::/8], redirects: 2 }
`
    expect(config(text, { HOST: '*.Example.org' }).http.allow).toEqual([
      { scheme: 'http:', host: 'web', port: 8080, path: '/health', addresses: [], redirectsMax: 0 },
      {
        scheme: 'https:',
        host: '*.example.org',
        port: 443,
        path: '',
        addresses: ['10.0.0.0/8', 'fd00::/8'],
        redirectsMax: 2,
      },
    ])
  })

  test('are none unless they are written', () => {
    expect(config('').http).toEqual({ allow: [] })
    expect(config('http:').http).toEqual({ allow: [] })
  })

  test('a request arrives with its defaults, and its secrets print nowhere', () => {
    const text = `
http: { allow: ["http://web/hooks"] }
services:
  web:
    requests:
      plain: { url: http://web/hooks/a }
      full:
        url: "http://web/hooks/\${HOOK}/{{ name }}"
        method: PUT
        headers: { X-Team: sre, X-Key: file:token }
        basic: { user: me, password: "\${WORD}" }
        body: { why: "{{ name }}", token: "\${WORD}" }
        values: [{ name: name, pattern: "[a-z]+" }]
        success: [204]
        failed: [503]
        idempotent: true
        timeout: 3s
`
    const { services } = config(text, { HOOK: 'hidden-hook', WORD: 'hidden-word' })
    const [plain, full] = services[0]?.requests ?? []
    expect(plain).toEqual({
      name: 'plain',
      method: 'POST',
      url: { value: expect.anything(), shown: 'http://web/hooks/a' },
      headers: [],
      body: null,
      values: [],
      successCodes: [200, 201, 202, 204],
      failedCodes: [],
      idempotent: false,
      timeoutMs: 10_000,
    })
    expect(full?.url.value.reveal()).toBe('http://web/hooks/hidden-hook/{{ name }}')
    expect(full?.body?.value.reveal()).toBe('{"why":"{{ name }}","token":"hidden-word"}')
    expect(full?.headers.map(({ name, value }) => [name, value.reveal()])).toEqual([
      ['x-team', 'sre'],
      ['x-key', 'from-a-file-with-30-characters'],
      ['authorization', `Basic ${Buffer.from('me:hidden-word').toString('base64')}`],
    ])
    expect(JSON.stringify(services) + inspect(services, { depth: 9 })).not.toMatch(/hidden|from-a-file|bWU6/)
  })

  test.each([
    ['http: { allow: [web:8080] }', /^error: http\.allow\[0\].*: must be a URL such as http:\/\/web:8080\/health/],
    ['http: { allow: ["http://*"] }', /^error: http\.allow\[0\].*: a host may have \* only as/],
    ['http: { allow: ["http://169.254.169.254/"] }', /169\.254\.169\.254 is never asked: it is link-local/],
    ['http: { allow: [{ url: "http://web", addresses: [10.0.0.0/99] }] }', /addresses\[0\]: must be a range/],
    ['http: { allow: [{ url: "http://web", addresses: [] }] }', /addresses: must name at least one/],
    ['http: { allow: [{ url: "http://web", redirects: 6 }] }', /redirects: must be a whole number between 0 and 5/],
    ['http: { allowed: [] }', /^error: http: unknown key "allowed", did you mean "allow"\?$/],
    ['sources: [{ name: a, prometheus: "http://0.0.0.0:9090" }]', /prometheus.*: 0\.0\.0\.0 is never asked/],
    [request('url: "http://other/x"'), /requests\.go\.url: http:\/\/other is not allow-listed .*http\.allow/],
    [request('url: "http://{{ name }}/x", values: [{ name: name, pattern: a }]'), /url: must begin with http:\/\/host/],
    [
      request('url: "http://web/{{ nam }}", values: [{ name: name, pattern: a }]'),
      /"nam" is not listed in values, did you mean "name"\?/,
    ],
    [request('url: "http://web/{{ labels.x }}"'), /"labels\.x" is not listed in values/],
    [request('url: "http://web/{{ x"'), /url: has a malformed placeholder/],
    [request('url: "http://me:word@web/"'), /url: must not contain credentials/],
    [request('url: "http://web/a/../b"'), /url: must not contain \. or \.\./],
    [request('url: "http://web/#a"'), /url: must not contain a fragment/],
    [request('url: "http://web/", tls: { ca: ca.pem }'), /tls: has no effect on an http:\/\/ URL/],
    [request('url: "http://web/", method: GET, body: {}'), /body: a GET has no body/],
    [request('url: "http://web/", body: { "{{ a }}": 1 }'), /body.*: a placeholder may stand only in a value/],
    [request('url: "http://web/", headers: { X-A: "a\\r\\nX-B: c" }'), /X-A: must be printable ASCII/],
    [request('url: "http://web/", values: [{ name: a, pattern: "(" }]'), /values\[0\]\.pattern: is no RE2 expression/],
    [request('url: "http://web/", values: [{ name: a, pattern: b }, { name: a, pattern: c }]'), /two values named "a"/],
    [request('url: "http://web/", success: [404]'), /success\[0\]: must be a whole number between 200 and 299/],
    [request('url: "http://web/", idempotant: true'), /unknown key "idempotant", did you mean "idempotent"\?/],
  ])('%j is found', (text, problem) => {
    expect(at(text)).toEqual([expect.stringMatching(problem)])
  })

  test('a request does not say itself what a message is made of, or who sends it', () => {
    const names = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Cookie', 'Idempotency-Key']
    for (const name of names) {
      const found = at(request(`url: "http://web/", headers: { ${name}: x }`))
      expect(found, name).toEqual([expect.stringContaining('cannot be set here')])
    }
  })

  test('a refused URL does not show what a reference stands for', () => {
    const text = 'services: { web: { requests: { go: { url: "http://web/${HOOK}" } } } }'
    const found = at(text, { HOOK: 'hidden-hook' })
    expect(found).toEqual([expect.stringContaining('http://web is not allow-listed')])
    expect(found.join()).not.toContain('hidden')
  })
})
