import * as z from 'zod'
import type { ContainerInfo } from './container-engine.ts'

/** What a container may use, as `docker update` takes it: bytes and billionths of a CPU; 0 is no limit, swap −1 unlimited. */
export const containerLimits = z.strictObject({
  memoryBytes: z.number().int().min(0),
  memoryAndSwapBytes: z.number().int().min(-1),
  nanoCpus: z.number().int().min(0),
})
export type ContainerLimits = z.output<typeof containerLimits>

export interface Raise {
  readonly what: 'memory' | 'cpu'
  readonly factor: number
  /** Bytes, or billionths of a CPU. */
  readonly cap: number
}

export type Raised =
  | { readonly ok: true; readonly limits: ContainerLimits }
  /** `final`: waiting does not change it. */
  | { readonly ok: false; readonly reason: string; readonly final: boolean }

export function limitsOf({ HostConfig: { Memory, MemorySwap, NanoCpus } }: ContainerInfo): ContainerLimits {
  return { memoryBytes: Memory ?? 0, memoryAndSwapBytes: MemorySwap ?? 0, nanoCpus: NanoCpus ?? 0 }
}

export function sameLimits(a: ContainerLimits, b: ContainerLimits): boolean {
  return a.memoryBytes === b.memoryBytes && a.memoryAndSwapBytes === b.memoryAndSwapBytes && a.nanoCpus === b.nanoCpus
}

/** The limits once raised, up to the cap; what has no limit has nothing to raise. Pure. */
export function raiseLimits(now: ContainerLimits, raise: Raise): Raised {
  return raise.what === 'memory' ? raiseMemory(now, raise) : raiseCpu(now, raise)
}

/** Memory and swap go together, by the same amount: the engine refuses memory above both, and swap must not shrink. */
function raiseMemory(now: ContainerLimits, { factor, cap }: Raise): Raised {
  const { memoryBytes, memoryAndSwapBytes } = now
  if (memoryBytes === 0) return { ok: false, final: true, reason: 'it has no memory limit that could be raised' }
  const raised = Math.min(Math.floor(memoryBytes * factor), cap)
  if (raised <= memoryBytes) return atCap(`${memoryBytes} bytes of memory`, `${cap} bytes`)
  const both = memoryAndSwapBytes > 0 ? memoryAndSwapBytes + raised - memoryBytes : memoryAndSwapBytes
  return { ok: true, limits: { ...now, memoryBytes: raised, memoryAndSwapBytes: both } }
}

function raiseCpu(now: ContainerLimits, { factor, cap }: Raise): Raised {
  const { nanoCpus } = now
  if (nanoCpus === 0) return { ok: false, final: true, reason: 'it has no limit of CPUs that could be raised' }
  const raised = Math.min(Math.floor(nanoCpus * factor), cap)
  if (raised <= nanoCpus) return atCap(`${nanoCpus / 1e9} CPUs`, `${cap / 1e9}`)
  return { ok: true, limits: { ...now, nanoCpus: raised } }
}

function atCap(has: string, cap: string): Raised {
  return { ok: false, final: true, reason: `it has ${has} already, and ${cap} is the most it may get` }
}

/** Limits for people. */
export function describeLimits({ memoryBytes, nanoCpus }: ContainerLimits, what: Raise['what']): string {
  if (what === 'cpu') return `${nanoCpus / 1e9} CPUs`
  return `${describeBytes(memoryBytes)} of memory`
}

/** In whole and hundredth MiB, such as `48 MiB`. */
export function describeBytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 10.24) / 100} MiB`
}
