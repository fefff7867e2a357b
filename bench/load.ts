import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { deliveryBody, type Kind } from './alerts.ts'

/** One load, sent by a process of its own so that the server under test shares its event loop with nobody. */
export interface Order {
  readonly url: string
  readonly alertsPerDelivery: number
  readonly deliveries: number
  readonly connections: number
  /** The first alert's number; no number is used twice but for duplicates. */
  readonly from: number
  readonly kind?: Kind
  /** Deliveries begun in a second; as fast as the answers come when it is missing. */
  readonly perSecond?: number
  /** How often all of it is sent; once when it is missing. */
  readonly repeats?: number
  /** When the alerts say that they began. */
  readonly startsAt?: string
}

export interface LoadResult {
  readonly seconds: number
  readonly refused: number
  /** Milliseconds from the first byte sent to the last byte of the answer, of every delivery. */
  readonly latenciesMs: readonly number[]
  /** Share of one processor that sending took. */
  readonly cpuShare: number
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order
const requests = prepare(order)
process.stdout.write(`${JSON.stringify(await send(order, requests))}\n`)

/** Every request is made before the clock starts. */
function prepare({ url, alertsPerDelivery, deliveries, from, kind, startsAt }: Order): readonly Buffer[] {
  const { host, pathname } = new URL(url)
  return Array.from({ length: deliveries }, (_, index) => {
    const body = Buffer.from(deliveryBody(from + index * alertsPerDelivery, alertsPerDelivery, kind, startsAt))
    const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
}

async function send(
  { url, connections, perSecond, repeats = 1 }: Order,
  requests: readonly Buffer[],
): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const latenciesMs: number[] = []
  let next = 0
  let refused = 0
  const begunAt = performance.now()
  const cpu = process.cpuUsage()
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      let received = ''
      let sentAt = 0
      const sendNext = async () => {
        const index = next++
        const request = index < requests.length * repeats ? requests[index % requests.length] : undefined
        if (request === undefined) return void socket.end()
        if (perSecond !== undefined) await pause(Math.max(0, begunAt + (index * 1_000) / perSecond - performance.now()))
        sentAt = performance.now()
        socket.write(request)
      }
      socket.setNoDelay(true).setEncoding('latin1')
      socket
        .on('connect', sendNext)
        .on('close', () => resolve())
        .on('error', reject)
      socket.on('data', (text: string) => {
        received += text
        const length = answerLength(received)
        if (length === null || received.length < length) return
        if (!received.startsWith('HTTP/1.1 200')) refused += 1
        received = received.slice(length)
        latenciesMs.push(performance.now() - sentAt)
        void sendNext()
      })
    })
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - begunAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, refused, latenciesMs, cpuShare: (user + system) / 1_000_000 / seconds }
}

/** Characters of the first answer, head included; `null` until its head is there. */
function answerLength(text: string): number | null {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return null
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  if (length === undefined) throw new Error(`an answer without length: ${text.slice(0, head)}`)
  return head + 4 + Number(length)
}
