import { spawn } from 'node:child_process'

/**
 * Stands in the environment of what is meant to outlive its runner. Hepar ends everything a runner has started but what was
 * born with this word, in a session of its own.
 */
export const outlivingVariable = 'HEPAR_OUTLIVES'

/*
 * The shell only gives back what the runner has taken (memory for data, its place in the queue of the out-of-memory killer, a
 * file mask) and leaves the program to init. It never reads the arguments as shell.
 */
const script = `
umask 022
{
  ulimit -S -d "$(ulimit -H -d)"
  echo 0 >/proc/self/oom_score_adj
} 2>/dev/null
"$@" </dev/null >/dev/null 2>&1 &
echo $!
`

const passedOn = ['PATH', 'TZ', 'LANG', 'LC_ALL'] as const

/** Starts a program that goes on when the runner is killed with all else; resolves with its pid. */
export function startOutliving(argv: readonly string[], folder: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script, 'hepar-start', ...argv], {
      cwd: folder,
      detached: true,
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('error', (cause) => reject(new Error(`nothing was started: ${cause.message}`, { cause })))
    child.once('close', (code, killedBy) => {
      const pid = Number(output)
      if (code === 0 && Number.isSafeInteger(pid) && pid > 0) resolve(pid)
      else reject(new Error(`the start was cut off (${killedBy ?? `exit code ${code}`})`))
    })
  })
}

function environment(): Record<string, string> {
  const kept = passedOn.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(kept), [outlivingVariable]: '1' }
}
