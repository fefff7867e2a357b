import { scryptSync } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'

/*
 * The patient: a little service with records, an index made from them, and a folder for temporary files. It knows nothing of
 * Hepar. Its health check measures what it needs: room in its folder, and an index with every record.
 */
const [folder = '.', quota = '0'] = process.argv.slice(2)
const temp = join(folder, 'temp')
const records = join(folder, 'records')
const index = join(folder, 'index.json')
const cost = { N: 2 ** 15, maxmem: 2 ** 26 }

function complaints(): string[] {
  const sizes = readdirSync(temp).map((name) => statSync(join(temp, name), { throwIfNoEntry: false })?.size ?? 0)
  const used = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const known = Object.keys(JSON.parse(readFileSync(index, 'utf8')) as object).length
  const wanted = readdirSync(records).length
  return [
    ...(used > Number(quota) ? [`temp holds ${mebibytes(used)}, and may hold ${mebibytes(Number(quota))}`] : []),
    ...(known < wanted ? [`the index knows ${known} of ${wanted} records`] : []),
  ]
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** Makes the index anew. Each entry costs real work, on purpose as much as a password's. */
async function rebuild(key: string): Promise<void> {
  appendFileSync(join(folder, 'rebuilds.log'), `begun ${key}\n`)
  console.log('rebuild begun')
  const made: Record<string, string> = {}
  for (const name of readdirSync(records).sort()) {
    made[name] = scryptSync(readFileSync(join(records, name)), name, 32, cost).toString('hex')
    // So that its health can be asked meanwhile.
    await breathe()
  }
  writeFileSync(`${index}.new`, JSON.stringify(made, null, 2))
  renameSync(`${index}.new`, index)
  appendFileSync(join(folder, 'rebuilds.log'), `ended ${key}\n`)
  console.log('rebuild ended')
}

const server = createServer(async (request, response) => {
  const answer = (status: number, body: unknown) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
  }
  const asked = `${request.method} ${request.url}`
  if (asked === 'GET /health') {
    const ill = complaints()
    answer(ill.length === 0 ? 200 : 500, { well: ill.length === 0, complaints: ill })
  } else if (asked === 'POST /rebuild') {
    await rebuild(String(request.headers['idempotency-key']))
    answer(200, { rebuilt: true })
  } else {
    answer(404, { error: 'there is no such thing here' })
  }
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
