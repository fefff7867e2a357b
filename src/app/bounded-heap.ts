/**
 * V8 takes what it can get: 64 MiB for each half of the young objects, and several times what is alive for the old ones. A
 * sixteenth of the first costs no throughput, and collecting at 1.6 times what is alive hardly any.
 */
const bounds = ['--max-semi-space-size=4', '--heap-growing-percent=60']

/**
 * Begins this process anew, under the same id, with a bounded heap; comes back where it is bounded already or where that
 * cannot be done. It can only be bounded from the command line, which an installed program is not asked for.
 */
export function boundHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (given.includes('semi-space-size') || process.execve === undefined || process.platform === 'win32') return
  const [, ...rest] = process.argv
  process.execve(process.execPath, [process.execPath, ...bounds, ...process.execArgv, ...rest], process.env)
}
