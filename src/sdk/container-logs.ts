import type { Readable } from 'node:stream'
import type Docker from 'dockerode'

/** The raw last log entries of a container, at most `bytesMax` of them. Rejects with an error of dockerode. */
export async function readLogs(docker: Docker, id: string, entries: number, bytesMax: number, signal: AbortSignal) {
  const stream = await new Promise<Readable>((resolve, reject) => {
    const call = {
      path: `/containers/${id}/logs?`,
      method: 'GET',
      // Asked for as a whole, dockerode would parse a log that happens to be JSON, and hold one of any size.
      isStream: true,
      abortSignal: signal,
      statusCodes: { 200: true },
      options: { stdout: true, stderr: true, tail: entries },
    }
    docker.modem.dial(call, (error: unknown, body: unknown) => (error ? reject(error) : resolve(body as Readable)))
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > bytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, bytesMax)
}

/** The texts in what the engine sends without a terminal: frames of stream, three zeros, length (4 bytes, big-endian), text. */
export function framesOf(raw: Buffer): string[] {
  const texts: string[] = []
  let at = 0
  while (at + 8 <= raw.length) {
    const end = at + 8 + raw.readUInt32BE(at + 4)
    texts.push(raw.toString('utf8', at + 8, end))
    at = end
  }
  return texts
}
