#!/usr/bin/env node
// Only what every Node understands may stand before the check; the rest is imported after it.
const needed = [24, 15] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > needed[0] || (major === needed[0] && minor >= needed[1])) {
  process.exitCode = await run()
} else {
  const advice = 'Install a newer one, or use `npm start`, which brings its own.'
  process.stderr.write(`hepar: needs Node.js ${needed.join('.')} or newer, and this is ${process.version}. ${advice}\n`)
  process.exitCode = 1
}

async function run(): Promise<number> {
  if (process.argv[2] === 'serve') (await import('./app/bounded-heap.ts')).boundHeap()
  const { keepCompiled } = await import('./app/compile-cache.ts')
  keepCompiled()
  const [{ runCli }, { readVersion }] = await Promise.all([import('./cli/program.ts'), import('./app/version.ts')])
  // A reader that has seen enough, as in `hepar audit export | head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const out = (text: string) => void process.stdout.write(text)
  const err = (text: string) => void process.stderr.write(text)
  return runCli(process.argv.slice(2), {
    out,
    err,
    env: process.env,
    version: readVersion(),
    local: async () => {
      const { createTools } = await import('./app.ts')
      return createTools(process.env, { out, writeLog: err, prettyLog: process.stderr.isTTY === true })
    },
  })
}
