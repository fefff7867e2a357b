import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempFolder extends AsyncDisposable {
  readonly path: string
  /** Absolute path of something in the folder. */
  file(...parts: string[]): string
}

/** A new folder under the system's temporary folder, removed on disposal. */
export async function tempFolder(name = 'test', place = tmpdir()): Promise<TempFolder> {
  const path = await mkdtemp(join(place, `hepar-${name}-`))
  return {
    path,
    file: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}
