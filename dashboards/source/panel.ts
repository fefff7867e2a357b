import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { datasource, type Query, targets } from './target.ts'
import { type Colours, colourByName, type Steps, thresholds, valueMappings, type Words } from './value.ts'

/** A panel and its share of the 24 columns. */
export interface Placed {
  readonly width: number
  readonly panel: Builder<Panel>
}

export interface Wish {
  readonly title: string
  /** What it shows, what it means, what to do about it. */
  readonly description: string
  readonly width: number
  readonly unit: string
  readonly queries: readonly Query[]
  /** Shown where there is nothing. */
  readonly empty?: string
  readonly decimals?: number
  /** Values that have a name of their own. */
  readonly words?: Words
  /** Colours from these values on. */
  readonly steps?: Steps
  /** Colours by the name of a series. */
  readonly colours?: Colours
}

const lastValue = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false)
const legend = () => new VizLegendOptionsBuilder().showLegend(true)
const tooltip = () => new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi)

/** One number or word. `name` shows what the series is called instead of its value. */
export function stat({ name = false, ...wish }: Wish & { readonly name?: boolean }): Placed {
  const coloured = wish.words ?? wish.steps ?? wish.colours
  const panel = new Stat()
    .reduceOptions(lastValue())
    .graphMode(BigValueGraphMode.None)
    .colorMode(coloured === undefined ? BigValueColorMode.None : BigValueColorMode.Background)
    .textMode(name ? BigValueTextMode.Name : BigValueTextMode.Value)
  return place(panel, wish, { instant: true })
}

/** One bar for each series, with its value now. */
export function bars({ max, ...wish }: Wish & { readonly max?: number }): Placed {
  const panel = new BarGauge()
    .reduceOptions(lastValue())
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .min(0)
  return place(max === undefined ? panel : panel.max(max), wish, { instant: true })
}

// $__rate_interval is at least four scrapes: bars closer than that would count each event several times.
const stepAtLeast = '2m'

/** Events in time: stacked bars. */
export function events(wish: Wish): Placed {
  const panel = series().drawStyle(GraphDrawStyle.Bars).lineWidth(0).fillOpacity(90).interval(stepAtLeast).min(0)
  return place(panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A')), wish)
}

/** A level in time; `stacked` where the series are parts of a whole. */
export function level({ stacked = false, ...wish }: Wish & { readonly stacked?: boolean }): Placed {
  const panel = series().drawStyle(GraphDrawStyle.Line).lineInterpolation(LineInterpolation.StepAfter).min(0)
  const mode = stacked ? StackingMode.Normal : StackingMode.None
  return place(panel.fillOpacity(stacked ? 50 : 10).stacking(new StackingConfigBuilder().mode(mode).group('A')), wish)
}

/** Single observations in time, between which there is nothing to draw. */
export function points(wish: Wish): Placed {
  const panel = series().drawStyle(GraphDrawStyle.Points).pointSize(8).interval(stepAtLeast).min(0)
  return place(panel.showPoints(VisibilityMode.Always), wish)
}

/** The state of each thing in time. */
export function timeline(wish: Wish): Placed {
  const panel = new StateTimeline().showValue(VisibilityMode.Never).mergeValues(true).rowHeight(0.8).perPage(20)
  return place(panel.legend(legend()).tooltip(tooltip()), wish)
}

function series() {
  return new TimeSeries().legend(legend()).tooltip(tooltip()).showPoints(VisibilityMode.Never)
}

type AnyPanel = Stat | BarGauge | TimeSeries | StateTimeline

function place(panel: AnyPanel, wish: Wish, how: { readonly instant?: boolean } = {}): Placed {
  const { title, description, width, unit, queries, empty, decimals, words, steps, colours } = wish
  panel.title(title).description(description).unit(unit).datasource(datasource).targets(targets(queries, how))
  if (empty !== undefined) panel.noValue(empty)
  if (decimals !== undefined) panel.decimals(decimals)
  if (words !== undefined) panel.mappings(valueMappings(words))
  panel.thresholds(thresholds(steps))
  if (colours !== undefined) panel.overrides(colourByName(colours))
  return { width, panel }
}
