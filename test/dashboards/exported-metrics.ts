import { startHepar } from '../kit/hepar.ts'
import { tempFolder } from '../kit/temp.ts'

/** What a Hepar exports: name → `counter`, `gauge` or `histogram`. */
export type Exported = ReadonlyMap<string, string>

/** Starts the real Hepar with a Docker host and scrapes it; metrics without a series yet are announced all the same. */
export async function scrapeHepar(): Promise<Exported> {
  await using folder = await tempFolder('scrape')
  const docker = { hosts: { local: { socket: folder.file('no-engine.sock') } } }
  await using hepar = await startHepar({ folder: folder.path, config: { docker } })
  const text = await (await fetch(`${hepar.url}/metrics`)).text()
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
}

/** The type of what a query selects, `null` when nothing exports it. A histogram is selected by its parts. */
export function typeOf(exported: Exported, selected: string): string | null {
  const type = exported.get(selected)
  if (type !== undefined) return type === 'histogram' ? null : type
  const [, base = '', part] = /^(.*)_(bucket|sum|count)$/.exec(selected) ?? []
  return part !== undefined && exported.get(base) === 'histogram' ? 'counter' : null
}
