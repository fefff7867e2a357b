import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Keeps what Node compiles beside the installed packages, since compiling is half of a start. Who can write there can change
 * the program as well; where it cannot be written, a start is only slower.
 */
export function keepCompiled(): void {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (!existsSync(join(folder, 'package.json'))) continue
    enableCompileCache(join(folder, 'node_modules/.cache/hepar'))
    return
  }
}
