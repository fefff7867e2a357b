import type { JsonObject } from '../domain/json.ts'
import { printable } from './printable.ts'

/** What Hepar reads of INFO. Absent numbers are `null`, absent words empty. */
export interface RedisInfo {
  readonly runId: string
  readonly processId: number | null
  readonly version: string
  readonly mode: string
  readonly uptimeSeconds: number | null
  readonly role: string
  readonly replicas: number | null
  readonly master: string
  readonly masterLink: string
  /** True for a replica that lets nobody write. */
  readonly readOnly: boolean
  readonly loading: boolean
  readonly aof: boolean
  readonly lastSaveAt: number | null
  readonly unsavedChanges: number | null
  readonly usedMemoryBytes: number | null
  /** What of that is data, what the buffers of its clients, and the most it ever was. */
  readonly datasetBytes: number | null
  readonly clientBuffersBytes: number | null
  readonly peakMemoryBytes: number | null
  readonly maxMemoryBytes: number | null
  readonly evictionPolicy: string
  readonly lazyfreePending: number | null
  readonly clients: number | null
  readonly blockedClients: number | null
  readonly evictedKeys: number | null
}

const valueCharsMax = 200

/** Reads the reply to INFO; lines it does not know are left out. */
export function parseInfo(text: string): RedisInfo {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  const word = (name: string) => printable(fields.get(name) ?? '', valueCharsMax)
  const number = (name: string) => {
    const value = fields.get(name)
    return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : null
  }
  const host = word('master_host')
  return {
    runId: word('run_id'),
    processId: number('process_id'),
    version: word('redis_version'),
    mode: word('redis_mode'),
    uptimeSeconds: number('uptime_in_seconds'),
    role: word('role'),
    replicas: number('connected_slaves'),
    master: host === '' ? '' : `${host}:${word('master_port')}`,
    masterLink: word('master_link_status'),
    readOnly: number('slave_read_only') === 1,
    loading: number('loading') !== 0 || (number('async_loading') ?? 0) !== 0,
    aof: number('aof_enabled') === 1,
    lastSaveAt: number('rdb_last_save_time'),
    unsavedChanges: number('rdb_changes_since_last_save'),
    usedMemoryBytes: number('used_memory'),
    datasetBytes: number('used_memory_dataset'),
    clientBuffersBytes: number('mem_clients_normal'),
    peakMemoryBytes: number('used_memory_peak'),
    maxMemoryBytes: number('maxmemory'),
    evictionPolicy: word('maxmemory_policy'),
    lazyfreePending: number('lazyfree_pending_objects'),
    clients: number('connected_clients'),
    blockedClients: number('blocked_clients'),
    evictedKeys: number('evicted_keys'),
  }
}

/** The same as evidence. */
export function infoFacts(info: RedisInfo): JsonObject {
  return { ...info }
}

/** Used memory as a share of `maxmemory`, 0 to 1 and beyond; `null` without a bound. */
export function pressureOf({ usedMemoryBytes, maxMemoryBytes }: RedisInfo): number | null {
  if (usedMemoryBytes === null || maxMemoryBytes === null || maxMemoryBytes <= 0) return null
  return usedMemoryBytes / maxMemoryBytes
}
