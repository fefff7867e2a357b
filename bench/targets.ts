/** What was promised of speed and size. `reached` compares a measured figure with it; a documented figure has no bound. */
export interface Target {
  readonly what: string
  readonly required: string
  readonly goal?: string
  readonly reached: ((figure: number) => boolean) | null
}

const atLeast = (bound: number) => (figure: number) => figure >= bound
const atMost = (bound: number) => (figure: number) => figure <= bound

function share(what: string, bound: number, goal?: number): Target {
  return { what, required: `≥ ${bound}`, reached: atLeast(bound), ...(goal !== undefined && { goal: `≥ ${goal}` }) }
}

function below(what: string, bound: number, unit: string): Target {
  return { what, required: `≤ ${bound.toLocaleString('en')}${unit}`, reached: atMost(bound) }
}

const besideBare = (alerts: number) => `deliveries of ${alerts}: alerts/s beside a bare Express route`

/** Every target by its section and name, in the order of the page. */
export const targets = {
  'ingest.1': share(besideBare(1), 0.3, 0.6),
  'ingest.10': share(besideBare(10), 0.25, 0.5),
  'ingest.100': share(besideBare(100), 0.15, 0.3),
  'ingest.lag': below('event loop lag during intake, p99', 100, ' ms'),
  'playbooks.match': below('matching one alert: 10,000 playbooks beside 10', 2, ' ×'),
  'playbooks.intake': below('one alert taken in over HTTP: 10,000 playbooks beside 10', 2, ' ×'),
  'playbooks.worst': { what: 'worst case: 10,000 playbooks without a label equality', required: '—', reached: null },
  'latency.idle': below('accepted → runner begins, idle, p99', 50, ' ms'),
  'latency.busy': below('accepted → runner begins, under 1,000 alerts/s, p99', 250, ' ms'),
  'start.ready': below('installed → ready', 1.5, ' s'),
  'start.main': below('memory of the main process, idle', 150, ' MB'),
  'start.tree': below('memory of the whole tree with two warm runners', 300, ' MB'),
  'memory.many': below('main process after 1,000,000 distinct alerts, 1,000 incidents open', 350, ' MB'),
  'body.accepted': below('a body of 10,000 alerts is accepted', 2, ' s'),
  'body.small': below('small deliveries meanwhile', 250, ' ms'),
  'body.lag': below('event loop lag meanwhile, p99', 100, ' ms'),
  'history.verify': {
    what: '`audit verify` accepts the store of 1,000,000 events',
    required: 'yes',
    reached: atLeast(1),
  },
  'history.ingest': share('intake with 1,000,000 events beside an empty store', 0.8),
  'history.start': below('start with 1,000,000 events', 2, ' s'),
  'history.list': below('lists with 1,000,000 events, p95', 100, ' ms'),
  'storage.new': below('storage for a new alert', 1_000, ' bytes'),
  'storage.duplicate': below('storage for a duplicate', 100, ' bytes'),
  'retention.ingest': share('intake while old events are pruned, beside intake while none is', 0.8),
} as const satisfies Readonly<Record<string, Target>>

export type TargetId = keyof typeof targets
