import type { Probe, Step } from '../../domain/playbook.ts'
import type { Report } from '../../files/source-file.ts'
import type { PlaybookContext } from './context.ts'

/** What could be read of a playbook; `null` stands for what has problems of its own. */
export interface Ladder {
  readonly steps: readonly (Step | null)[]
  readonly verify: readonly (Probe | null)[]
  readonly verifyIsWritten: boolean
  readonly silence?: boolean | undefined
}

/** Warns of what a playbook may do, and its author hardly wants. */
export function warnOfWeaknesses(ladder: Ladder, context: PlaybookContext, report: Report): void {
  const warn: Report = (path, message) => report(path, message, { severity: 'warning' })
  warnOfClearedNeverShown(ladder, context, warn)
  warnOfNothingToSilence(ladder, context, warn)
  // A ladder that only calls a human claims no healing that would need a proof.
  if (ladder.steps.every((step) => step?.kind === 'escalate')) return
  if (ladder.steps.includes(null)) return
  warnOfNobodyTold(ladder, context, warn)
  if (ladder.verify.includes(null)) return
  warnOfNoPositiveProbe(ladder, context, warn)
  warnOfClearedNotAsked(ladder, context, warn)
}

function warnOfClearedNeverShown({ verify, verifyIsWritten }: Ladder, { config }: PlaybookContext, warn: Report): void {
  const index = verify.findIndex((probe) => probe?.kind === 'cleared')
  if (!verifyIsWritten || index === -1 || config.sources === null) return
  const without = config.sources.filter(({ prometheus }) => prometheus === null).map(({ name }) => name)
  if (config.sources.length > 0 && without.length === 0) return
  const alerts = config.sources.length === 0 ? 'any alert: no source is configured' : `alerts of ${without.join(', ')}`
  const next = config.sources.length === 0 ? '' : ': give the source prometheus'
  warn(['verify', index], `"cleared" can never be shown for ${alerts}${next}`)
}

function warnOfNothingToSilence({ silence }: Ladder, { config }: PlaybookContext, warn: Report): void {
  const { sources } = config
  if (!silence || sources === null || sources.some(({ alertmanagers }) => alertmanagers.length > 0)) return
  warn(['silence'], 'nothing can be silenced: no source in hepar.yaml has alertmanagers')
}

/** Where messages can be sent, somebody wants one when the ladder is at its end; where they cannot, the alert itself pages. */
function warnOfNobodyTold({ steps }: Ladder, { config }: PlaybookContext, warn: Report): void {
  const [first, ...others] = config.notify?.map(({ name }) => name) ?? []
  if (first === undefined || steps.some((step) => step?.kind === 'escalate')) return
  const choice = others.length === 0 ? first : `${first}, or another channel of notify`
  warn(['steps'], `nobody gets a message when they do not heal: add - escalate: ${choice}`)
}

/** Without one, no incident of this playbook can ever end healed. */
function warnOfNoPositiveProbe({ steps, verify }: Ladder, { actions }: PlaybookContext, warn: Report): void {
  const probes = verify.some((probe) => probe?.kind === 'promql' || probe?.kind === 'http')
  const verified = steps.some((step) => {
    // What proves a temporary effect is over once it is taken back.
    if (step?.kind !== 'action' || step.holdMs !== null) return false
    return actions.some(({ name, hasVerify, temporary }) => name === step.action && hasVerify && !temporary)
  })
  if (probes || verified) return
  warn(['verify'], 'no positive probe: incidents can end only unverified. Add promql or http to verify')
}

/** A probe may pass while the alert goes on firing; where Prometheus can tell, it has to be asked. */
function warnOfClearedNotAsked({ verify }: Ladder, { config }: PlaybookContext, warn: Report): void {
  const { sources } = config
  // Asking where one of them could never answer would leave every incident unproven.
  if (sources === null || sources.length === 0 || sources.some(({ prometheus }) => prometheus === null)) return
  if (verify.some((probe) => probe?.kind === 'cleared')) return
  const message =
    'without "alert: cleared" an incident can end healed while its alert still fires, and nothing more is done about ' +
    'that firing: add - alert: cleared'
  warn(['verify'], message)
}
