import { teethOf } from './tooth.ts'

const shared = { test: 'test/engine/approvals.test.ts' }
const gate = { test: 'test/engine/gates/approval.test.ts' }

/** That an approval is somebody's, of exactly one plan and attempt, and given once. */
export const approvals = [
  ...teethOf({ ...shared, file: 'src/domain/approval.ts' }, [
    {
      takes: 'approval: that a changed plan is asked anew',
      ...gate,
      find: 'approval.planDigest !== need.planDigest',
      replace: 'approval.id === need.planDigest',
      red: 'an ask > that was about another plan',
    },
    {
      takes: 'approval: that a changed playbook voids it',
      ...gate,
      find: 'approval.playbookRevision !== need.playbookRevision',
      replace: 'approval.id === need.playbookRevision',
      red: 'an ask > that was made under another playbook',
    },
    {
      takes: 'approval: that one approval is not two',
      find: 'approval.needed < need.needed',
      replace: 'approval.needed < 0',
      red: 'who decides > four eyes that are demanded later',
    },
    {
      takes: 'approval: that it is for one target',
      ...gate,
      find: 'approval.target !== need.target',
      replace: 'approval.id === need.target',
      red: 'an ask > that was about another target',
    },
    {
      takes: 'approval: that it is for one step',
      ...gate,
      find: 'approval.step !== need.step',
      replace: 'approval.step < 0',
      red: 'an ask > that was about another step',
    },
    {
      takes: 'approval: that it is for one attempt',
      ...gate,
      find: 'approval.attempt !== need.attempt',
      replace: 'approval.attempt < 0',
      red: 'an ask > that was for an earlier attempt',
    },
    {
      takes: 'approval: that one of the future is none',
      ...gate,
      find: '  if (lastWordAt(approval) > now + clockToleranceMs) return',
      replace: "  if (approval.id === '') return",
      red: 'an ask > that is of the future',
    },
  ]),
  ...teethOf({ ...gate, file: 'src/engine/gates/approval.ts' }, [
    {
      takes: 'approval: that one which is too old is none',
      find: 'why === null && stored.expiresAt > now',
      replace: 'why === null',
      red: 'an ask > that is too old',
    },
    {
      takes: 'approval: that nobody decides for a policy that was not asked',
      find: "if (!policy) return { kind: 'denied',",
      replace: "if (!policy) return { kind: 'none',",
      red: 'who must say yes > nor where it was not asked',
    },
    {
      takes: 'approval: that what a policy said of another plan is nothing',
      find: 'if (policy.planDigest !== digest)',
      replace: "if (policy.planDigest === '')",
      red: 'who must say yes > nor where it was asked about another plan',
    },
    {
      takes: 'approval: that a policy may ask for a person in auto',
      find: "if (said !== 'ask') return",
      replace: "if (said !== 'deny') return",
      red: 'who must say yes > a person in auto, too',
    },
    {
      takes: 'approval: that no policy stands in for the person whom a demotion wants',
      find: ' && !isLowered(facts)',
      replace: '',
      red: 'who must say yes > a person where the playbook is demoted',
    },
    {
      takes: 'approval: that no policy stands in for the second person',
      find: "if (said === 'allow' && !fourEyes",
      replace: "if (said === 'allow'",
      red: 'who must say yes > two under four eyes, whatever',
    },
    {
      takes: 'approval: that four eyes are two people',
      find: 'needed: fourEyes ? 2 : 1, reason: whyAsked(facts)',
      replace: 'needed: 1, reason: whyAsked(facts)',
      red: 'who must say yes > two under four eyes',
    },
    {
      takes: 'approval: that a heal by hand needs another person under four eyes',
      find: '    if (!fourEyes) return',
      replace: '    return',
      red: 'who must say yes > one more than who asked for it',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/operate/decide-approval.ts' }, [
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
  ...teethOf({ ...shared, file: 'src/engine/operate/decide-approval.ts' }, [
    {
      takes: 'approval: that a word which comes too late counts no more',
      find: '    if (asked.expiresAt <= now) throw',
      replace: '    if (asked.expiresAt <= 0) throw',
      red: 'one ask > a word that comes too late counts no more',
    },
    {
      takes: 'approval: that a word is about the plan it names',
      find: 'one.planDigest === planDigest && (ask',
      replace: '(ask',
      red: 'bound to what was asked > a changed plan is asked anew',
    },
    {
      takes: 'approval: that a word is about the ask it names',
      find: '(ask === undefined || one.id === ask)',
      replace: "(ask === undefined || one.id !== '')",
      red: 'bound to what was asked > it is good for one attempt',
    },
    {
      takes: 'approval: that a no gives it to a human',
      find: 'incident: await handOver(tx, incident, { channel, reason: why, now, newId, dueAt: now }) }',
      replace:
        'incident: channel === why ? await handOver(tx, incident, { channel, reason: why, now, newId, dueAt: now }) : incident }',
      red: 'one ask > a rejection hands over',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/approve/asking.ts' }, [
    {
      takes: 'approval: that who is no longer asked is told so',
      find: '    await end(tx, live, { reason: why, now, newId, askedAnew })\n',
      replace: '',
      red: 'bound to what was asked > a changed plan is asked anew',
    },
    {
      takes: 'approval: that a plan which changes gives nobody more time',
      find: 'since: live?.since ?? now, gates',
      replace: 'since: now, gates',
      red: 'bound to what was asked > a changed plan is asked anew',
    },
    {
      takes: 'approval: that it is used up by its effect',
      find: "  await tx.saveApproval(used, 'approved')\n",
      replace: '',
      red: 'bound to what was asked > it is good for one attempt',
    },
    {
      takes: 'approval: that those who decide are told',
      find: '  await tell(tx, { ...notice, channels: approval.channels, body }, { now, newId })\n',
      replace: '',
      red: 'one ask > asks with the plan, tells those who decide',
    },
    {
      takes: 'approval: that nothing is asked any more of what a human has',
      find: '  const live = await tx.liveApproval(id)\n  if (live) await end(tx, live, ending)',
      replace: '  const live = await tx.liveApproval(id)\n  if (live?.id === id) await end(tx, live, ending)',
      red: 'one ask > whom nobody answers goes to a human',
    },
  ]),
  ...teethOf({ test: 'test/adapters/store/approvals.test.ts' }, [
    {
      takes: 'the unique index: an incident asks for one approval at a time',
      file: 'src/adapters/store/migrations.ts',
      find: 'create unique index approvals_one_live',
      replace: 'create index approvals_one_live',
      red: 'an incident asks for one approval at a time',
    },
    {
      takes: 'the compare-and-set of approvals',
      file: 'src/adapters/store/approval-table.ts',
      find: 'if ((await save(state, JSON.stringify(rest), id, from)) === 1) return',
      replace: 'if ((await save(state, JSON.stringify(rest), id, from)) >= 0) return',
      red: 'what has become another in the meantime',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/next.ts' }, [
    {
      takes: 'approval: that a word for one attempt is none for another of the same plan',
      file: 'src/engine/operate/decide-approval.ts',
      find: 'if (fitting.every((one) => one.attempt === attempt && one.step === step)) return meant',
      replace: 'if (fitting.every((one) => one.attempt <= attempt && one.id !== step.toString())) return meant',
      red: 'bound to what was asked > it is good for one attempt',
    },
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
      takes: 'policy: that no answer is a denial',
      find: 'if (!reply.ok) return denied(`it gave no answer: ${reply.reason}`)',
      replace: "if (!reply.ok) return { decision: 'allow', reason: '' }",
      red: 'silence is a denial',
    },
    {
      takes: 'policy: that what cannot be asked is a denial',
      find: '    } catch (error) {\n      return denied(',
      replace: "    } catch (error) {\n      if (error) return { decision: 'allow', reason: '' }\n      return denied(",
      red: 'a name that leads to another place is not asked, and a certificate',
    },
    {
      takes: 'policy: that only what is allowed is asked',
      find: 'if (!permitted.ok) return permitted',
      replace: "if (!permitted.ok && policy.url === '') return permitted",
      red: 'a URL is asked only where http.allow allows it',
    },
    {
      takes: 'policy: that a name which leads elsewhere is not asked',
      find: 'door: allowedDoor(http.allow)',
      replace: 'door: () => ({ ok: true, whyNot: () => null, redirectsMax: 0 })',
      red: 'a name that leads to another place is not asked',
    },
    {
      takes: 'policy: that an undefined document is a denial',
      find: "return denied('the document is undefined: its answer has no result')",
      replace: "return { decision: 'allow', reason: '' }",
      red: 'an undefined document is a denial',
    },
    {
      takes: 'policy: that an unknown word is a denial',
      find: "  if (!isMap(result)) return denied('its result is neither allow, deny nor ask')\n",
      replace: "  if (!isMap(result)) return { decision: 'allow', reason: '' }\n",
      red: 'another word is a denial',
    },
  ]),
]
