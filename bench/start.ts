import { join } from 'node:path'
import { childrenOf } from '../test/kit/process-table.ts'
import { tempFolder } from '../test/kit/temp.ts'
import { waitFor } from '../test/kit/wait.ts'
import { count, median, megabytes, seconds } from './figures.ts'
import { type Memory, memoryOf, memoryOfTree } from './inside.ts'
import { install } from './install.ts'
import type { BenchOptions, Findings } from './section.ts'
import { type Server, startHepar } from './servers.ts'

const runnersKept = 2

/** The package as npm would install it, with the playbooks and the configuration it brings along. */
export async function start({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  const installed = await install(folder.path)
  const times: number[] = []
  const mains: Memory[] = []
  const trees: Memory[] = []
  const starts = quick ? 2 : Math.max(rounds, 5)
  for (let round = 0; round <= starts; round += 1) {
    await using hepar = await startHepar(folder.file('home'), {
      main: join(installed, 'dist/src/main.js'),
      playbooks: {},
      config: { rules: join(installed, 'rules'), sources: undefined, watch: true },
    })
    // The first start also creates the store and its key; what it costs more is not hidden, but told apart.
    if (round > 0) times.push(hepar.readyMs)
    say(`start: ready after ${count(hepar.readyMs)} ms${round === 0 ? ' (first start)' : ''}`)
    if (round === starts || (quick && round === 1)) {
      await untilOnlyRunnersAreLeft(hepar, quick)
      mains.push(memoryOf(hepar.pid))
      trees.push(memoryOfTree(hepar.pid))
    }
  }
  const time = median(times) / 1_000
  const [main, tree] = [mains.at(-1) as Memory, trees.at(-1) as Memory]
  const shared = 'PSS, which counts what processes share once'
  return {
    outcomes: [
      {
        id: 'start.ready',
        value: time,
        figure: seconds(time),
        detail: `${times.length} starts of the built package with everything it ships, until /readyz answers 200; from ${seconds(Math.min(...times) / 1_000)} to ${seconds(Math.max(...times) / 1_000)}`,
      },
      {
        id: 'start.main',
        value: main.rss / 1e6,
        figure: megabytes(main.rss),
        detail: `RSS; ${megabytes(main.pss)} PSS`,
      },
      {
        id: 'start.tree',
        value: tree.pss / 1e6,
        figure: megabytes(tree.pss),
        detail: `${shared}; the sum of RSS is ${megabytes(tree.rss)}`,
      },
    ],
  }
}

/** Readers of plugins are kept for half a minute after a start. */
async function untilOnlyRunnersAreLeft({ pid }: Server, quick: boolean): Promise<void> {
  if (quick) return
  const what = `${runnersKept} runners to be left`
  await waitFor(() => childrenOf(pid).length <= runnersKept, { what, deadlineMs: 90_000, everyMs: 500 })
}
