import { connect } from 'node:net'
import { deliveryBody } from './alerts.ts'

/** One load, sent by a process of its own so that the server under test shares its event loop with nobody. */
interface Order {
  readonly url: string
  readonly alertsPerDelivery: number
  readonly deliveries: number
  readonly connections: number
  /** The first alert's number; no number is ever used twice. */
  readonly from: number
}

export interface LoadResult {
  readonly seconds: number
  readonly refused: number
  /** Milliseconds from the first byte sent to the last byte of the answer, of every delivery. */
  readonly latenciesMs: readonly number[]
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order
const requests = prepare(order)
process.stdout.write(`${JSON.stringify(await send(order, requests))}\n`)

/** Every request is made before the clock starts. */
function prepare({ url, alertsPerDelivery, deliveries, from }: Order): readonly Buffer[] {
  const { host, pathname } = new URL(url)
  return Array.from({ length: deliveries }, (_, index) => {
    const body = Buffer.from(deliveryBody(from + index * alertsPerDelivery, alertsPerDelivery))
    const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
}

async function send({ url, connections }: Order, requests: readonly Buffer[]): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const latenciesMs: number[] = []
  let next = 0
  let refused = 0
  const begunAt = performance.now()
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      let received = ''
      let sentAt = 0
      const sendNext = () => {
        const request = requests[next++]
        if (request === undefined) return void socket.end()
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
        sendNext()
      })
    })
  await Promise.all(Array.from({ length: connections }, worker))
  return { seconds: (performance.now() - begunAt) / 1_000, refused, latenciesMs }
}

/** Characters of the first answer, head included; `null` until its head is there. */
function answerLength(text: string): number | null {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return null
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  if (length === undefined) throw new Error(`an answer without length: ${text.slice(0, head)}`)
  return head + 4 + Number(length)
}
