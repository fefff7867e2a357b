import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const dashboardsFolder = join(import.meta.dirname, '../../dashboards')
export const healingFile = join(dashboardsFolder, 'healing.json')

export interface Target {
  refId?: string
  expr: string
  legendFormat?: string
  instant?: boolean
  format?: string
  datasource?: { uid: string }
}

export interface Override {
  matcher: { id: string; options: string }
  properties: { id: string; value: unknown }[]
}

export interface Panel {
  id: number
  type: string
  title?: string
  description?: string
  datasource?: { uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  fieldConfig?: {
    defaults: { unit?: string; noValue?: string; thresholds?: { steps: { value: number | null; color: string }[] } }
    overrides: Override[]
  }
  transformations?: { id: string; options: { renameByName?: Record<string, string> } }[]
  targets?: Target[]
}

export interface Variable {
  name: string
  type: string
  label?: string
  query?: string | { query: string }
  datasource?: { uid: string }
  multi?: boolean
  includeAll?: boolean
  allValue?: string
  refresh?: number
}

export interface Annotation {
  name: string
  expr: string
  titleFormat: string
  textFormat: string
  datasource?: { uid: string }
}

/** As much of a classic Grafana dashboard as the tests look at. */
export interface Dashboard {
  uid?: string
  id?: unknown
  title?: string
  schemaVersion: number
  editable: boolean
  panels: Panel[]
  templating: { list: Variable[] }
  annotations: { list: Annotation[] }
  [more: string]: unknown
}

/** The dashboard that is shipped, as it stands in its file. */
export function readHealing(): Dashboard {
  return JSON.parse(readFileSync(healingFile, 'utf8')) as Dashboard
}

/** Panels that ask something; rows only head them. */
export function asking({ panels }: Pick<Dashboard, 'panels'>): Panel[] {
  return panels.filter(({ type }) => type !== 'row')
}

/** Every query of a dashboard with where it stands: of its panels and of its annotations. */
export function queriesOf(dashboard: Dashboard): { where: string; expr: string }[] {
  const panels = asking(dashboard).flatMap(({ title = '', targets = [] }) =>
    targets.map(({ expr, refId }) => ({ where: `${title} ${refId}`, expr })),
  )
  return [...panels, ...dashboard.annotations.list.map(({ name, expr }) => ({ where: name, expr }))]
}
