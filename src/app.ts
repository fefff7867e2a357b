import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createActions } from './adapters/actions/actions.ts'
import { digestPlugins } from './adapters/actions/catalogue.ts'
import { createPlaceSettings } from './adapters/actions/place-settings.ts'
import { createSilencers } from './adapters/alertmanager/silencers.ts'
import { registerContainerMetrics } from './adapters/docker/container-metrics.ts'
import { watchContainers } from './adapters/docker/watch-containers.ts'
import { createHttpProbe } from './adapters/http-client/probe.ts'
import { createDeliver } from './adapters/notify/deliver.ts'
import { createWhisper } from './adapters/notify/whisper.ts'
import { registerPathMetrics } from './adapters/paths/path-metrics.ts'
import { createAskPolicy } from './adapters/policy/ask-policy.ts'
import { createMemoryQueue } from './adapters/queue/memory.ts'
import { askDocker, askHttp } from './adapters/reachability/neighbours.ts'
import { watchFiles } from './adapters/reload/watch.ts'
import { playbookJsonSchema } from './adapters/rules/json-schema.ts'
import { loadPolicy } from './adapters/rules/load-policy.ts'
import { createSources } from './adapters/sources/sources.ts'
import { readAuditKeys, rotateAuditKey } from './adapters/store/audit-key.ts'
import { backupStore } from './adapters/store/backup.ts'
import { lockDataFolder } from './adapters/store/data-lock.ts'
import { exportLog } from './adapters/store/export-log.ts'
import { restoreStore } from './adapters/store/restore.ts'
import { openSqliteStore } from './adapters/store/sqlite-store.ts'
import { hasTokens } from './adapters/store/token-table.ts'
import { newId } from './adapters/store/uuid.ts'
import { verifyLog } from './adapters/store/verify-log.ts'
import { registerUnitMetrics } from './adapters/systemd/unit-metrics.ts'
import { createAuditMetrics } from './adapters/telemetry/audit-metrics.ts'
import { createAuditLog, createLog } from './adapters/telemetry/log.ts'
import { createMetrics } from './adapters/telemetry/metrics.ts'
import { registerStoreGauges } from './adapters/telemetry/store-gauges.ts'
import type { App, AppOptions, Terminal } from './app/app-parts.ts'
import { closeOnce } from './app/close-once.ts'
import { createExporter } from './app/exporter.ts'
import { followSettings } from './app/follow-settings.ts'
import { followedFiles } from './app/followed-files.ts'
import { createInForce } from './app/in-force.ts'
import { invocation } from './app/invocation.ts'
import { createLifecycle } from './app/lifecycle.ts'
import {
  type ConfigReading,
  configError,
  type Loaded,
  type Loaders,
  loadAll,
  loadFiles,
  type Readable,
} from './app/load.ts'
import { createLocalTokens } from './app/local-tokens.ts'
import { createLocalTools } from './app/local-tools.ts'
import { metricsDoor } from './app/metrics-door.ts'
import { findUnreachable } from './app/reachability.ts'
import { createReload } from './app/reload.ts'
import { serveUntilSignal } from './app/serve.ts'
import { readVersion } from './app/version.ts'
import type { LocalTools } from './cli/parts.ts'
import { configJsonSchema } from './config/json-schema.ts'
import type { Environment } from './config/references.ts'
import { readConfig } from './config.ts'
import type { Config } from './domain/config.ts'
import type { Problem } from './domain/policy.ts'
import { createEngine } from './engine/create-engine.ts'
import { rankOf } from './engine/match/priority.ts'
import { openTokens } from './engine/operate/tokens.ts'
import type { Checkpoint, Clock, Log, Store } from './engine/ports.ts'
import type { Reload } from './http/parts.ts'
import { createHttp } from './http/server.ts'

/** Starts everything, or nothing: what was opened before a failure is closed again. Throws with the next step. */
export async function createApp(options: AppOptions): Promise<App> {
  const closing = new AsyncDisposableStack()
  try {
    return await compose(options, closing)
  } catch (error) {
    await closing.disposeAsync()
    throw error
  }
}

async function compose(options: AppOptions, closing: AsyncDisposableStack): Promise<App> {
  const ground = await openGround(options, closing)
  const { clock, log, store, tokens, inForce, version } = ground
  const files = await openFiles(options, ground, closing)
  const { exporter, metrics, queue } = openTelemetry(ground, closing)
  const engine = createEngine({
    store,
    clock,
    newId,
    policy: inForce,
    sources: createSources(() => inForce.config().sources, { log, clock }),
    silencers: createSilencers(() => inForce.config().sources, { clock }),
    actions: files.actions,
    probeHttp: createHttpProbe(() => inForce.config().http.allow),
    askPolicy: createAskPolicy(() => inForce.config()),
    deliver: createDeliver({
      channels: () => inForce.config().notify,
      externalUrl: () => inForce.config().externalUrl,
      clock,
    }),
    queue,
    log,
    checkpoint: options.checkpoint ?? (() => {}),
    ...(options.hasten !== undefined && { hasten: options.hasten }),
  })
  const swap = async (next: Loaded & { readonly ok: true }) => {
    const undo = inForce.put(next)
    try {
      server.renew()
    } catch (error) {
      undo()
      throw error
    }
    await exporter.follow(inForce.config())
    return async () => {
      undo()
      await exporter.follow(inForce.config())
    }
  }
  const reload = createReload({
    engine,
    store,
    clock,
    log,
    current: inForce.current,
    load: files.load,
    renewCertificate: () => server.renew(),
    swap,
  })
  const { health, begin, end } = createLifecycle({ engine, store, clock, log, version })
  const parts = { engine, read: store.read, policy: inForce, reload, log, clock, health }
  const whisper = createWhisper(() => inForce.config().notify, log)
  const server = createHttp({
    ...parts,
    brokenActions: inForce.brokenActions,
    metrics: metricsDoor(metrics),
    tokens,
    version,
    whisper,
  })
  closing.defer(() => server.close())
  const { url } = await server.listen(inForce.config().listen)
  await begin(inForce.current())
  closing.defer(end)
  files.follow(reload)
  const unreachable = () => findUnreachable(inForce.config(), neighbours)
  const close = closeOnce(closing)
  return { url, version, log, clock, policy: inForce, warnings: files.warnings, unreachable, reload, close }
}

/** What must be there before anything else: configuration, log, and the data folder for this process alone. */
async function openGround(options: AppOptions, closing: AsyncDisposableStack) {
  const { env, configFile, clock = systemClock, checkpoint } = options
  const reading = readConfig({ file: configFile, env, hasTokens })
  if (!reading.ok) throw configError(await problemsOf(reading))
  const inForce = createInForce(reading.config)
  const level = () => inForce.config().log.level
  const log = createLog({ level, secrets: inForce.secrets, write: options.writeLog, pretty: options.prettyLog })
  const store = await openStore(reading.config, { clock, log, ...(checkpoint && { checkpoint }) }, closing)
  const configured = () => inForce.config().auth.tokens
  const tokens = await openTokens({ store, clock, randomBytes, configured })
  return { reading, inForce, clock, log, store, tokens, version: readVersion() }
}

/** The data folder for this process alone, and the store in it. */
async function openStore(config: Config, parts: StoreUse, closing: AsyncDisposableStack): Promise<Store> {
  const lock = lockDataFolder(config.dataFolder)
  closing.defer(() => lock.close())
  const files = { file: config.store.file, keyFile: auditKeyFile(config), lock: lock.guarded }
  const store = await openSqliteStore({ ...files, ...parts })
  closing.defer(() => store.close())
  return store
}

type StoreUse = { readonly clock: Clock; readonly log: Log; readonly checkpoint?: Checkpoint }

type Ground = Awaited<ReturnType<typeof openGround>>

/** Plugins and playbooks, and the means to read them again. */
async function openFiles({ env, configFile }: AppOptions, ground: Ground, closing: AsyncDisposableStack) {
  const { reading, inForce, clock, log } = ground
  const settingsFor = followSettings(inForce.config, createPlaceSettings)
  const actions = createActions({ limits: reading.config.limits, settingsFor, log, clock, secrets: inForce.secrets })
  closing.defer(() => actions.close())
  const loaders: Loaders = { describe: actions.describe, checkParams: actions.checkParams, loadPolicy }
  const following = Promise.withResolvers<Reload>()
  if (reading.config.watchFiles) {
    // Watched from before they are read, so that no change falls between.
    const paths = () => followedFiles(inForce.config())
    const onChange = async () => void (await (await following.promise)({ dryRun: false, by: 'engine:files' }))
    const watch = await watchFiles({ paths, onChange, log })
    closing.defer(() => watch.close())
  }
  const loaded = await loadFiles(reading, loaders, clock.now())
  if (!loaded.ok) throw configError(loaded.problems)
  inForce.put(loaded)
  const load = () =>
    loadAll(readConfig({ file: configFile, env, hasTokens }), (readable) => loadFiles(readable, loaders, clock.now()))
  return { actions, load, warnings: loaded.warnings, follow: following.resolve }
}

function openTelemetry({ store, clock, log, inForce, version }: Ground, closing: AsyncDisposableStack) {
  const metrics = createMetrics({ version, nodeVersion: process.version })
  store.onCommit(createAuditMetrics(metrics, inForce))
  store.onCommit(createAuditLog(log, { level: () => inForce.config().log.level }))
  const rank = (playbook: string) => rankOf(playbook, inForce.current())
  const queue = createMemoryQueue({ read: store.read, rankOf: rank, clock, log })
  const registry = metrics.registry
  const services = () => inForce.config().services
  const windows = () => inForce.config().maintenance
  registerStoreGauges({ registry, store, queue, clock, policy: inForce, services, windows })
  const exporter = createExporter(inForce.config(), (wanted) => watchContainers({ ...wanted, log }))
  closing.defer(() => exporter.close())
  registerContainerMetrics(registry, exporter)
  registerPathMetrics(registry, () => inForce.config().paths)
  registerUnitMetrics(registry, services)
  return { metrics, queue, exporter }
}

/** What the command line does on this machine. `write` goes to standard output. */
export function createTools(env: Environment, terminal: Terminal): LocalTools {
  const start = (configFile: string | null, json: boolean) =>
    createApp({ configFile, env, writeLog: terminal.writeLog, prettyLog: terminal.prettyLog && !json })
  return createLocalTools({
    serve: ({ configFile, json }) => {
      const command = invocation(process.argv[1] ?? '', env)
      return serveUntilSignal(() => start(configFile, json), { json, command, out: terminal.out })
    },
    schema: (name) => (name === 'config' ? configJsonSchema() : playbookJsonSchema()),
    readConfig: (configFile, demandAuth) =>
      readConfig({ file: configFile, env, hasTokens: demandAuth ? hasTokens : () => true }),
    pins: ({ plugins }) => digestPlugins(plugins),
    tokens: createLocalTokens({
      clock: systemClock,
      randomBytes,
      open: (config, closing) => openStore(config, { clock: systemClock, log: silentLog }, closing),
    }),
    findUnreachable: (config) => findUnreachable(config, neighbours),
    load: (readable) => loadOnce(readable, 'error'),
    verify: (config, checkpoint) => {
      const keys = readAuditKeys(auditKeyFile(config))
      return verifyLog({ file: config.store.file, keys, ...(checkpoint && { checkpoint }) })
    },
    exportLog: (config) => exportLog({ file: config.store.file }),
    rotateKey: (config) => rotateAuditKey(auditKeyFile(config)),
    backup: (config, request) => backupStore({ ...request, file: config.store.file, keyFile: auditKeyFile(config) }),
    restore: (config, { backup, key }) =>
      restoreStore({ backup, key, folder: config.dataFolder, file: config.store.file, keyFile: auditKeyFile(config) }),
  })
}

/** What keeps a server from starting, said all at once. */
async function problemsOf(reading: ConfigReading): Promise<readonly Problem[]> {
  const loaded = await loadAll(reading, (readable) => loadOnce(readable, 'warning'))
  return loaded.ok ? [] : loaded.problems
}

/** Loads everything and starts nothing that stays. */
async function loadOnce(readable: Readable, brokenAs: Problem['severity']): Promise<Loaded> {
  const clock = systemClock
  const settingsFor = createPlaceSettings(readable.config)
  const actions = createActions({ limits: readable.config.limits, settingsFor, log: silentLog, clock, poolSize: 0 })
  try {
    const loaders = { describe: actions.describe, checkParams: actions.checkParams, loadPolicy }
    return await loadFiles(readable, loaders, clock.now(), brokenAs)
  } finally {
    await actions.close()
  }
}

const neighbours = { http: askHttp, docker: askDocker }

function auditKeyFile({ dataFolder }: Config): string {
  return join(dataFolder, 'audit.key')
}

const systemClock: Clock = { now: () => Date.now() }

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
