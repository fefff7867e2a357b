import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Placed } from './panel.ts'

/** One question, and the panels that answer it. */
export interface Row {
  readonly title: string
  /** Panels beside each other: equally high, 24 columns together. */
  readonly lines: readonly { readonly height: number; readonly panels: readonly Placed[] }[]
}

/** Puts rows below each other and numbers their panels. */
export function layOut(dashboard: DashboardBuilder, rows: readonly Row[]): DashboardBuilder {
  let id = 0
  let y = 0
  const nextId = () => ++id
  for (const { title, lines } of rows) {
    dashboard.withRow(new RowBuilder(title).id(nextId()).gridPos({ x: 0, y, w: 24, h: 1 }))
    y += 1
    for (const { height, panels } of lines) {
      let x = 0
      for (const { width, panel } of panels) {
        const built = { ...panel.build(), id: nextId(), gridPos: { x, y, w: width, h: height } }
        dashboard.withPanel({ build: () => built })
        x += width
      }
      y += height
    }
  }
  return dashboard
}
