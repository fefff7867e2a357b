import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runProgram } from '../test/kit/process.ts'

const root = resolve(import.meta.dirname, '..')

/** Builds the package into a folder, as npm would install it; resolves to that folder. */
export async function install(folder: string): Promise<string> {
  const installed = join(folder, 'installed')
  mkdirSync(installed)
  const build = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]
  const { code, stdout } = await runProgram(join(root, 'node_modules/.bin/tsc'), build, { cwd: root })
  if (code !== 0) throw new Error(`the package cannot be built: ${stdout}`)
  for (const name of ['package.json', 'rules']) cpSync(join(root, name), join(installed, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
  return installed
}
