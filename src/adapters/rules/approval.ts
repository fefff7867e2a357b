import { type ApprovalRules, noApprovalRules, type PolicyRef } from '../../domain/approval.ts'
import { permit } from '../../domain/http-allow.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import type { FieldValues } from '../../files/read-fields.ts'
import type { Report } from '../../files/source-file.ts'
import type { PlaybookContext } from './context.ts'
import type { approvalShape } from './playbook-schema.ts'

type Written = FieldValues<typeof approvalShape>

/** Who is asked before an effect, and how long they have. Names and URLs that do not lead anywhere are reported. */
export function readApproval(written: Written | undefined, context: PlaybookContext, report: Report): ApprovalRules {
  if (written === undefined) return noApprovalRules
  const { within, channel, fourEyes, policy } = written
  if (channel !== undefined) checkChannel(channel, context, report)
  return {
    withinMs: within ?? null,
    channel: channel ?? null,
    fourEyes: fourEyes ?? false,
    policy: policy === undefined ? null : readPolicy(policy, context, report),
  }
}

function checkChannel(channel: string, { config }: PlaybookContext, report: Report): void {
  const names = config.notify?.map(({ name }) => name)
  if (names === undefined || names.includes(channel)) return
  const next = names.length === 0 ? ': the configuration has none under notify' : didYouMean(channel, names)
  report(['approval', 'channel'], `unknown channel "${channel}"${next}`)
}

function readPolicy(text: string, { config }: PlaybookContext, report: Report): PolicyRef | null {
  const path = ['approval', 'policy']
  if (/^https?:/i.test(text)) {
    const permitted = config.http ? permit(text, config.http.allow) : null
    if (permitted?.ok === false) report(path, permitted.reason)
    return { kind: 'url', url: text }
  }
  const names = config.policies?.map(({ name }) => name)
  if (names !== undefined && !names.includes(text)) {
    const next = names.length === 0 ? ': the configuration has none under policies' : didYouMean(text, names)
    report(path, `unknown policy "${text}"${next}`)
  }
  return { kind: 'named', name: text }
}
