import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import cleanup from '../../plugins/temp-cleanup.ts'
import { localAction } from '../kit/local-action.ts'
import { startProcess } from '../kit/process.ts'
import { tempFolder } from '../kit/temp.ts'

export interface RaceReport {
  /** What happened outside, in words. */
  readonly broken: readonly string[]
  readonly rounds: number
  /** Files that were removed inside, so that a run in which nothing was done cannot pass for a good one. */
  readonly removed: number
  /** As few as this many would say nothing. */
  readonly removedLeast: number
}

const names = Array.from({ length: 40 }, (_, index) => `f${index}`)
const swappers = 2
// Most rounds find a folder that is just being exchanged, how many is luck: so it goes on until enough was removed.
const removedMin = 20
const removedPerSecond = 2.5
const patience = 10

/** Cleans one folder again and again while others exchange its folders for links that lead outside. */
export async function race({
  seconds,
  seed,
}: {
  readonly seconds: number
  readonly seed: number
}): Promise<RaceReport> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await tempFolder('race'))
  const root = folder.file('root')
  const outside = folder.file('precious', 'outside')
  mkdirSync(root)
  mkdirSync(outside, { recursive: true })
  for (const name of names) old(join(outside, name), name)
  symlinkSync(outside, join(root, 'static'))
  const before = picture(folder.file('precious'))
  for (let index = 0; index < swappers; index += 1) {
    const name = `swapper${index}`
    const tree = join(root, name)
    mkdirSync(tree)
    const program = join(import.meta.dirname, '../fixtures/programs/swap-tree.mjs')
    const swapper = await startProcess({
      name,
      command: process.execPath,
      args: [program, tree, outside, String(seed + index)],
      folder: folder.path,
      ready: () => readFileSync(folder.file(`${name}.log`), 'utf8').includes('swapping'),
    })
    stack.defer(async () => void (await swapper.kill()))
  }
  const bounds = { olderThanMs: 3_600_000, owner: null, filesMax: 1_000, bytesMax: 1024 ** 3, timeMs: 30_000 }
  const on = localAction(cleanup, `path/local${root}`, () => ({ host: 'local', root, keepOut: [], ...bounds }))
  const begun = performance.now()
  const lasted = () => (performance.now() - begun) / 1_000
  const removedLeast = Math.max(removedMin, removedPerSecond * seconds)
  let [rounds, removed] = [0, 0]
  // On a busy machine a round takes seconds, and nothing that was not removed proves anything.
  while (lasted() < seconds || (removed < removedLeast && lasted() < patience * seconds)) {
    rounds += 1
    // A folder that vanishes under find, or has nothing old in it just now, is no harm.
    const report = await on
      .planned()
      .then(
        (made) => on.run(made),
        () => ({ files: 0 }),
      )
      .catch(() => ({ files: 0 }))
    removed += Number((report as { files?: number }).files ?? 0)
  }
  const after = picture(folder.file('precious'))
  const broken = [...before].flatMap(([path, seen]) =>
    after.get(path) === seen ? [] : [`${path} was ${seen}, and is ${after.get(path)}`],
  )
  return { broken, rounds, removed, removedLeast }
}

function old(file: string, text: string): void {
  writeFileSync(file, text)
  const then = Date.now() / 1_000 - 7_200
  utimesSync(file, then, then)
}

/** Every file below, with what it holds and when it was written. */
function picture(root: string): ReadonlyMap<string, string> {
  const files = (readdirSync(root, { recursive: true }) as string[]).map((name) => join(root, name))
  return new Map(
    files.map((file) => {
      const { mtimeMs, ino } = statSync(file)
      return [file, statSync(file).isFile() ? `${ino} ${mtimeMs} ${readFileSync(file, 'utf8')}` : `folder ${ino}`]
    }),
  )
}
