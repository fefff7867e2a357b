import type { JsonObject } from '../../domain/json.ts'
import { line, slackEscape } from './text.ts'
import type { Words } from './words.ts'

/** Slack's own limits, in characters, of what is used here. */
const limits = { header: 150, section: 3_000, field: 2_000, fields: 10, value: 2_000 } as const

/** What is bound to a button: it comes back as it was sent when somebody presses it. */
export interface Press {
  readonly incident: string
  readonly planDigest: string
  /** Which ask it answers, where the notice says so. */
  readonly ask?: string
  readonly channel: string
}

/** The blocks of a message. Texts from alerts are `plain_text` throughout, in which Slack formats and links nothing. */
export function blocksOf({ title, facts, paragraphs, link }: Words, asks: Press | null): JsonObject[] {
  const buttons = [...(asks === null ? [] : decisionButtons(asks)), ...(link === null ? [] : [linkButton(link)])]
  return [
    { type: 'header', text: plain(title, limits.header) },
    ...fieldSections(facts),
    ...paragraphs.map((words) => ({ type: 'section', text: plain(words, limits.section) })),
    ...(buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }]),
  ]
}

/** What a message becomes once its question is answered. */
export function decidedBlocks({ title, facts }: Words): JsonObject[] {
  return [{ type: 'header', text: plain(title, limits.header) }, ...fieldSections(facts.slice(0, limits.fields))]
}

function fieldSections(facts: Words['facts']): JsonObject[] {
  const sections: JsonObject[] = []
  for (let from = 0; from < facts.length; from += limits.fields) {
    const some = facts.slice(from, from + limits.fields)
    const fields = some.map(([name, value]) => plain(`${name}: ${value}`, limits.field))
    sections.push({ type: 'section', fields })
  }
  return sections
}

function decisionButtons(press: Press): JsonObject[] {
  const value = JSON.stringify({ ...press })
  if (value.length > limits.value) return []
  const button = (decision: 'approve' | 'reject', words: string, style: string) => ({
    type: 'button',
    action_id: `hepar_${decision}`,
    text: plain(words, 75),
    style,
    value,
  })
  return [button('approve', 'Approve', 'primary'), button('reject', 'Reject', 'danger')]
}

function linkButton(url: string): JsonObject {
  return { type: 'button', action_id: 'hepar_open', text: plain('Open in Hepar', 75), url }
}

function plain(words: string, charactersMax: number): JsonObject {
  // An empty text is refused by Slack as a whole message.
  return { type: 'plain_text', text: line(words, charactersMax, slackEscape) || '-', emoji: false }
}
