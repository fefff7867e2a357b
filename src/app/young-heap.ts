/** V8 would give a busy server 64 MiB for each half of its young objects; a sixteenth of that costs no throughput. */
const bound = '--max-semi-space-size=4'

/**
 * Begins this process anew, under the same id, with a bounded young heap; comes back where it is bounded already or where
 * that cannot be done. It can only be bounded from the command line, which an installed program is not asked for.
 */
export function boundYoungHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (given.includes('semi-space-size') || process.execve === undefined || process.platform === 'win32') return
  const [, ...rest] = process.argv
  process.execve(process.execPath, [process.execPath, bound, ...process.execArgv, ...rest], process.env)
}
