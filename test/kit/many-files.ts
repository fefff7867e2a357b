import { execFileSync } from 'node:child_process'

/** Makes empty files `f1`, `f2`, … of two hours ago, quicker than one by one. */
export function makeManyFiles(folder: string, count: number): void {
  const script = `seq -f f%.0f ${count} | xargs touch -d '2 hours ago'`
  execFileSync('sh', ['-c', script], { cwd: folder })
}
