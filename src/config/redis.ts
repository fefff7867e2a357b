import * as z from 'zod'
import { type RedisRestart, redisFailovers, redisPersistences, redisRoles } from '../domain/redis-server.ts'
import { nameField, optional, section, textField, wordField } from '../files/fields.ts'
import { fileField, pathField, type References, referenceField, secretField } from './references.ts'

/** The servers of `redis`, by name. */
export function redisField(references: References) {
  return z.record(nameField, serverField(references))
}

function serverField(references: References) {
  return section({
    url: addressField(references),
    user: optional(referenceField(references)),
    password: optional(secretField(references)),
    tls: optional(
      section({
        ca: optional(fileField(references)),
        cert: optional(fileField(references)),
        key: optional(fileField(references)),
        serverName: optional(textField(253)),
      }),
    ),
    role: optional(wordField(redisRoles)),
    persistence: optional(wordField(redisPersistences)),
    dataPath: optional(pathField(references)),
    failover: optional(wordField(redisFailovers)),
    logFile: optional(pathField(references)),
    restart: optional(restartField(references)),
    keys: optional(z.array(keyGlob).max(100, 'must name at most 100 patterns')),
    disposable: optional(z.boolean()),
  }).transform(({ url, user, password, tls, restart, ...said }, context) => {
    const complain = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    if (tls && !url.secure) complain('tls', 'has no effect on a redis:// URL: use rediss://')
    if (tls && (tls.cert === undefined) !== (tls.key === undefined)) complain('tls', 'cert and key belong together')
    if (user !== undefined && password === undefined) complain('user', 'needs a password')
    if (said.role === 'standalone' && (said.failover ?? 'none') !== 'none') {
      complain('failover', 'contradicts role: standalone, which nothing takes over from')
    }
    return {
      ...url,
      tls: Object.fromEntries(Object.entries(tls ?? {}).filter(([, value]) => value !== undefined)),
      user: user ?? null,
      password: password ?? null,
      role: said.role ?? null,
      persistence: said.persistence ?? null,
      dataPath: said.dataPath ?? null,
      failover: said.failover ?? null,
      logFile: said.logFile ?? null,
      restart: restart?.way ?? null,
      restartDespiteFailover: restart?.despiteFailover ?? false,
      keys: said.keys ?? [],
      disposable: said.disposable ?? false,
    }
  })
}

function addressField(references: References) {
  return referenceField(references).transform((text, context) => {
    const nowhere = { host: '', port: 0, database: 0, secure: false }
    if (text === '') return nowhere
    const address = readAddress(text)
    if (typeof address !== 'string') return address
    context.addIssue(address)
    return nowhere
  })
}

const databaseMax = 16_383

/** Never quotes the text: it may carry credentials. */
function readAddress(text: string) {
  const shape = 'must be a URL such as redis://127.0.0.1:6379 or rediss://cache:6380/1'
  if (!URL.canParse(text)) return shape
  const { protocol, hostname, port, pathname, username, password, search, hash } = new URL(text)
  if (protocol !== 'redis:' && protocol !== 'rediss:') return 'must begin with redis:// or rediss://'
  if (username !== '' || password !== '') return 'must not contain credentials: use user and password'
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1]
  if (hostname === '' || search !== '' || hash !== '' || database === undefined || Number(database) > databaseMax) {
    return shape
  }
  const secure = protocol === 'rediss:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: port === '' ? 6379 : Number(port), database: Number(database), secure }
}

const unitName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9:_.@\\-]*\.service$/, 'must be a unit such as redis-server.service')

const place = z
  .string()
  .max(300)
  .regex(/^[^/\s]+\/[^/\s]+$/, 'must look like host/container, such as local/cache')

const argument = textField(4096).refine((text) => !text.includes('\0'), 'must not contain NUL')

function restartField(references: References) {
  const command = z.array(argument).min(1, 'must name a program').max(100, 'must have at most 100 arguments')
  return section({
    container: optional(place),
    unit: optional(unitName),
    command: optional(command.refine(([program]) => program?.startsWith('/'), 'must begin with an absolute path')),
    folder: optional(fileField(references, 'folder')),
    pidFile: optional(pathField(references)),
    despiteFailover: optional(z.boolean()),
  }).transform(({ container, unit, command, folder, pidFile, despiteFailover }, context) => {
    if ([container, unit, command].filter((way) => way !== undefined).length !== 1) {
      context.addIssue('needs exactly one of container, unit and command')
    }
    for (const [key, value] of Object.entries({ folder, pidFile })) {
      if (value === undefined || command) continue
      context.addIssue({ code: 'custom', path: [key], message: 'belongs to command alone' })
    }
    const [host = '', name = ''] = container?.split('/') ?? []
    const way: RedisRestart = container
      ? { by: 'container', host, name }
      : unit
        ? { by: 'unit', unit }
        : { by: 'command', argv: command ?? [], folder: folder ?? '/', pidFile: pidFile ?? null }
    return { way, despiteFailover: despiteFailover ?? false }
  })
}

/** What a glob matches beside its wildcards; a glob without any of it would match every key. Classes are read as Redis reads them. */
const keyGlob = textField(500).refine(
  (glob) => glob.replace(/\[(\\.|[^\]\\]-[\s\S]|[^\]\\])*(\\?$|\])|[*?]/g, '') !== '',
  'would match every key: declare disposable: true instead, and let the step say everything: true',
)
