import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { containerIdsFrom, createPlaceSettings } from '../../../src/adapters/actions/place-settings.ts'
import type { Config } from '../../../src/domain/config.ts'
import { secret } from '../../../src/domain/secret.ts'
import { redisSettings } from '../../../src/sdk/redis-settings.ts'
import { serviceSettings } from '../../../src/sdk/service-mirror.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-places-'))
afterAll(() => rmSync(folder, { recursive: true }))

const peer = (url: string) => ({ url, headers: {} })
const tls = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }

const config = {
  listen: { host: '127.0.0.1', port: 4372 },
  sources: [
    { name: 'main', alertmanagers: [peer('http://am:9093')], prometheus: peer('https://[::1]/prometheus') },
    { name: 'person', alertmanagers: [], prometheus: null },
  ],
  docker: {
    hosts: [
      { name: 'local', socket: '/run/docker.sock', url: null, tls: null, labelValues: [] },
      { name: 'h7', socket: null, url: 'https://h7.example', tls, labelValues: [] },
    ],
    allow: ['local/web-*'],
    protect: ['local/db'],
  },
  file: '/etc/hepar/hepar.yaml',
  dataFolder: '/var/lib/hepar',
  rules: ['/etc/hepar/rules'],
  plugins: ['/etc/hepar/plugins'],
  paths: [{ host: 'local', root: '/var/tmp/app', olderThanMs: 1, owner: null, filesMax: 2, bytesMax: 3, timeMs: 4 }],
  services: [
    { name: 'web', host: 'local', unit: 'web.service', logFile: null, commands: [], requests: [], mirror: null },
    {
      name: 'db',
      host: 'local',
      unit: null,
      logFile: null,
      commands: [{ name: 'go', env: [{ name: 'A', value: secret('hush') }] }],
      mirror: null,
      requests: [
        {
          name: 'go',
          url: { value: secret('http://db/whisper'), shown: 'http://db/$' },
          headers: [{ name: 'a', value: secret('whisper'), shown: 'x' }],
          body: null,
        },
      ],
    },
    { name: 'shop', unit: null, logFile: null, mirror: { redis: 'cache', key: 'safe' } },
    { name: 'till', unit: null, logFile: null, mirror: null },
  ],
  http: { allow: [{ host: 'db' }] },
  redis: [
    {
      name: 'cache',
      host: 'cache.example',
      port: 6379,
      database: 2,
      secure: true,
      tls: { ca: tls.ca, serverName: 'cache' },
      user: 'hepar',
      password: secret('hunter2'),
      role: 'standalone',
      persistence: 'none',
      dataPath: null,
      failover: null,
      logFile: null,
      restart: { by: 'container', host: 'local', name: 'cache' },
      restartDespiteFailover: false,
      keys: ['cache:*'],
      disposable: false,
    },
  ],
} as unknown as Config

const lifelines = [
  { host: '127.0.0.1', port: 4372, what: 'listen address' },
  { host: 'am', port: 9093, what: 'Alertmanager of source "main"' },
  { host: '::1', port: 443, what: 'Prometheus of source "main"' },
  { host: 'db', port: 5432, what: 'store' },
]
const settingsFor = createPlaceSettings(config, [{ host: 'db', port: 5432, what: 'store' }])

describe('the settings of a container', () => {
  test('name its host, how to reach it, what is allowed and what Hepar lives by', () => {
    expect(settingsFor('container-restart', 'container/local/web-1')).toEqual({
      settings: {
        host: 'local',
        docker: { socketPath: '/run/docker.sock' },
        allow: ['local/web-*'],
        protect: ['local/db'],
        lifelines,
        self: { containerIds: expect.any(Array) },
      },
    })
  })

  test('carry the certificates of a remote engine as text, as they are now', () => {
    expect(() => settingsFor('container-restart', 'container/h7/web')).toThrow('ENOENT')
    for (const [name, file] of Object.entries(tls)) writeFileSync(file, `pem of ${name}`)
    expect(settingsFor('container-restart', 'container/h7/web')).toMatchObject({
      settings: {
        docker: {
          protocol: 'https',
          host: 'h7.example',
          port: 2376,
          ca: 'pem of ca',
          cert: 'pem of cert',
          key: 'pem of key',
        },
      },
    })
  })

  test('are refused for a host that nobody configured', () => {
    expect(settingsFor('container-restart', 'container/h9/web')).toEqual({
      unmapped: expect.stringContaining('host "h9" is not a configured'),
    })
  })
})

test('an action that the configuration has nothing for gets only what Hepar lives by', () => {
  expect(settingsFor('greet-service', 'service/checkout')).toEqual({ settings: { lifelines } })
})

describe('the settings of an action on this machine', () => {
  test('are the one folder it may clean, and what it must keep out of', () => {
    const found = settingsFor('temp-cleanup', 'path/local/var/tmp/app')
    const bounds = { olderThanMs: 1, owner: null, filesMax: 2, bytesMax: 3, timeMs: 4 }
    expect(found).toMatchObject({ settings: { host: 'local', root: '/var/tmp/app', ...bounds, lifelines } })
    const kept = ('settings' in found ? found.settings.keepOut : []) as { path: string }[]
    expect(kept.map(({ path }) => path)).toEqual([
      '/var/lib/hepar',
      '/etc/hepar/hepar.yaml',
      '/etc/hepar/rules',
      '/etc/hepar/plugins',
      expect.stringContaining('/src/adapters/actions/'),
    ])
  })

  test('are the commands of the one service, with their secrets, which no other action gets', () => {
    expect(settingsFor('command', 'service/db')).toEqual({
      settings: {
        service: 'db',
        host: 'local',
        unit: null,
        logFile: null,
        commands: [{ name: 'go', env: [{ name: 'A', value: 'hush' }] }],
        lifelines,
      },
    })
    expect(
      JSON.stringify([settingsFor('systemd-restart', 'service/db'), settingsFor('mine', 'service/db')]),
    ).not.toContain('hush')
  })

  test('are the requests of the one service, with their secrets and what may be called at all', () => {
    expect(settingsFor('http-request', 'service/db')).toEqual({
      settings: {
        service: 'db',
        unit: null,
        logFile: null,
        allow: [{ host: 'db' }],
        requests: [
          {
            name: 'go',
            url: { value: 'http://db/whisper', shown: 'http://db/$' },
            headers: [{ name: 'a', value: 'whisper', shown: 'x' }],
            body: null,
            tls: null,
          },
        ],
        lifelines,
      },
    })
    expect(settingsFor('http-request', 'service/web')).toMatchObject({ settings: { service: 'web', requests: [] } })
    expect(settingsFor('http-request', 'service/other')).toEqual({
      unmapped: expect.stringContaining('add it to services'),
    })
    const others = ['command', 'systemd-restart', 'mine'].map((action) => settingsFor(action, 'service/db'))
    expect(JSON.stringify(others)).not.toContain('whisper')
  })

  test('are the unit of the one service', () => {
    expect(settingsFor('systemd-restart', 'service/web')).toEqual({
      settings: { service: 'web', host: 'local', unit: 'web.service', lifelines },
    })
  })

  test.each([
    [
      'temp-cleanup',
      'path/local/var/tmp',
      '/var/tmp is not a folder that may be cleaned on host "local": add it to paths.local',
    ],
    [
      'temp-cleanup',
      'path/local/var/tmp/app/x',
      '/var/tmp/app/x is not a folder that may be cleaned on host "local": add it to paths.local',
    ],
    [
      'temp-cleanup',
      'path/h7/var/tmp/app',
      '/var/tmp/app is not a folder that may be cleaned on host "h7": add it to paths.h7',
    ],
    ['command', 'service/sshd', '"sshd" is not a service that may be touched: add it to services'],
    ['systemd-restart', 'service/sshd', '"sshd" is not a service that may be touched: add it to services'],
    ['systemd-restart', 'service/db', 'no unit of "db" may be restarted: add services.db.unit'],
  ])('%s on %s is refused, because nothing was configured for it', (action, target, reason) => {
    expect(settingsFor(action, target)).toEqual({ unmapped: reason })
  })
})

describe('the settings of a redis', () => {
  test('are its section of the configuration, with what its container needs', () => {
    writeFileSync(tls.ca, 'pem of ca')
    const reading = settingsFor('redis-restart', 'redis/cache')
    expect(reading).toEqual({
      settings: {
        name: 'cache',
        host: 'cache.example',
        port: 6379,
        database: 2,
        tls: { ca: 'pem of ca', serverName: 'cache' },
        user: 'hepar',
        password: 'hunter2',
        role: 'standalone',
        persistence: 'none',
        dataPath: null,
        failover: null,
        logFile: null,
        restartDespiteFailover: false,
        keys: ['cache:*'],
        disposable: false,
        mirrors: [{ key: 'safe', service: 'shop' }],
        restart: { by: 'container', name: 'cache', place: expect.objectContaining({ host: 'local', lifelines }) },
      },
    })
    if (!('settings' in reading)) throw new Error('unmapped')
    expect(redisSettings.parse(reading.settings)).toEqual(reading.settings)
  })

  test('are refused for one that nobody configured', () => {
    expect(settingsFor('redis-restart', 'redis/cahce')).toEqual({
      unmapped: 'there is no redis.cahce in the configuration, did you mean "cache"?; add it with its url',
    })
  })
})

describe('the settings of a service', () => {
  test('say that it is listed', () => {
    expect(settingsFor('safe-mode', 'service/till')).toEqual({
      settings: { lifelines, service: { name: 'till', unit: null, logFile: null, mirror: null } },
    })
  })

  test('have the Redis of its mirror, but not how that is restarted', () => {
    const reading = settingsFor('safe-mode', 'service/shop')
    expect(reading).toMatchObject({
      settings: { service: { mirror: { key: 'safe', redis: { name: 'cache', password: 'hunter2', restart: null } } } },
    })
    if (!('settings' in reading)) throw new Error('unmapped')
    expect(serviceSettings.parse(reading.settings).service?.mirror?.key).toBe('safe')
  })

  test('say of one that is not listed which is meant, and leave it to the action', () => {
    expect(settingsFor('safe-mode', 'service/shp')).toEqual({
      settings: { lifelines, service: null, unlisted: 'there is no services.shp, did you mean "shop"?' },
    })
  })
})

describe('the container that Hepar runs in', () => {
  const id = 'ab'.repeat(32)
  const other = 'cd'.repeat(32)
  const outside = { cgroup: '0::/\n', mountinfo: '', inContainer: false, hostname: 'abcdefabcdef' }

  test('is known by its cgroup', () => {
    const cgroup = `12:memory:/docker/${id}\n0::/system.slice/docker-${id}.scope\n`
    expect(containerIdsFrom({ ...outside, cgroup })).toEqual([id])
  })

  test('is known by the files that Docker mounts into it, not by those of its neighbours', () => {
    const mountinfo = [
      `700 690 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`,
      `701 690 0:50 / /var/lib/docker/containers/${other}/mounts/shm rw - tmpfs shm rw`,
      `702 690 8:1 /var/lib/docker/containers/${other}/x /somewhere rw - ext4 /dev/sda1 rw`,
    ].join('\n')
    expect(containerIdsFrom({ ...outside, mountinfo })).toEqual([id])
  })

  test('is known by its host name only inside of a container', () => {
    expect(containerIdsFrom({ ...outside, inContainer: true })).toEqual(['abcdefabcdef'])
    expect(containerIdsFrom(outside)).toEqual([])
  })
})
