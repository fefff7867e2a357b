import { teethOf } from './tooth.ts'

const shared = { test: 'test/engine/approvals.test.ts' }

/** That an approval is somebody's, of exactly one plan and attempt, and given once. */
export const approvals = [
  ...teethOf({ ...shared, file: 'src/domain/approval.ts' }, [
    {
      takes: 'approval: that a changed plan is asked anew',
      find: 'approval.planDigest !== need.planDigest',
      replace: 'approval.id === need.planDigest',
      red: 'bound to what was asked > a changed plan is asked anew',
    },
    {
      takes: 'approval: that a changed playbook voids it',
      find: 'approval.playbookRevision !== need.playbookRevision',
      replace: 'approval.id === need.playbookRevision',
      red: 'bound to what was asked > a changed playbook voids it',
    },
    {
      takes: 'approval: that one approval is not two',
      find: 'approval.needed < need.needed',
      replace: 'approval.needed < 0',
      red: 'who decides > four eyes that are demanded later',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/decide-approval.ts' }, [
    {
      takes: 'approval: that it is decided once',
      find: "  if (state === 'pending') return\n",
      replace: "  if (state !== 'void') return\n",
      red: 'who decides > of two at the same instant one wins',
    },
    {
      takes: 'approval: that one person twice is one',
      find: 'asked.endorsements.some((one) => one.by === by)',
      replace: 'asked.endorsements.length > 1',
      red: 'who decides > four eyes are two people',
    },
    {
      takes: 'approval: that nobody approves a heal of his own under four eyes',
      find: 'by === asked.requestedBy',
      replace: 'by === asked.id',
      red: 'who decides > a manual heal is approved by who asked',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/next.ts' }, [
    {
      takes: 'approval: that it expires while it waits for a gate',
      find: '    if (approval.expiresAt > now) return',
      replace: "    if (approval.expiresAt > now || approval.state === 'approved') return",
      red: 'one ask > whom nobody answers goes to a human',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/gates/approval.ts' }, [
    {
      takes: 'approval: that a denial of the policy blocks',
      find: "if (policy.decision === 'deny')",
      replace: "if (policy.decision === 'deny' && facts.fourEyes)",
      red: 'an external policy > what it denies waits',
    },
    {
      takes: 'approval: that only an approved ask passes',
      find: "if (fits && stored.state === 'approved')",
      replace: 'if (fits)',
      red: 'one ask > asks with the plan, tells those who decide, and does nothing meanwhile',
    },
  ]),
  ...teethOf({ test: 'test/adapters/policy/ask-policy.test.ts', file: 'src/adapters/policy/ask-policy.ts' }, [
    {
      takes: 'policy: that only 200 is an answer',
      find: 'if (reply.status !== 200)',
      replace: 'if (reply.status < 200)',
      red: 'a fault is a denial',
    },
    {
      takes: 'policy: that an unknown word is a denial',
      find: "  if (!isMap(result)) return denied('its result is neither allow, deny nor ask')\n",
      replace: "  if (!isMap(result)) return { decision: 'allow', reason: '' }\n",
      red: 'another word is a denial',
    },
  ]),
]
