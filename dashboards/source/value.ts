import {
  type DynamicConfigValue,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'

/** Value → what it is called and its colour. */
export type Words = Readonly<Record<string, readonly [text: string, colour: string]>>
/** Name of a series → its colour. */
export type Colours = Readonly<Record<string, string>>
/** From this value on, this colour. */
export type Steps = readonly (readonly [from: number, colour: string])[]

// Grafana paints "no value" in the colour of the first step, which must not be that of good news.
const unseen = '#808080'

export function valueMappings(words: Words): ValueMapping[] {
  const options = Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }] as const)
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }]
}

export function thresholds(steps: Steps = []): ThresholdsConfigBuilder {
  const coloured = steps.map(([value, color]) => ({ value, color }))
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: unseen }, ...coloured])
}

export function colourByName(colours: Colours) {
  return Object.entries(colours).map(([name, fixedColor]) =>
    overrideByName(name, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor } }]),
  )
}

export function overrideByName(name: string, properties: DynamicConfigValue[]) {
  return { matcher: { id: 'byName', options: name }, properties }
}
