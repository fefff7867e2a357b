import { type Tooth, teethOf } from './tooth.ts'

/** What people are told, and what they may answer. */
export const people: readonly Tooth[] = [
  ...teethOf({ file: 'src/http/slack-signature.ts', test: 'test/http/slack.test.ts' }, [
    {
      takes: 'that Slack signs the very bytes of a press',
      find: 'given.length === wanted.length && timingSafeEqual(given, wanted)',
      replace: 'given.length === wanted.length',
      red: 'a press of a button in Slack > that Slack has not signed for this very channel',
    },
    {
      takes: 'that Slack signs the time of a press',
      find: 'update(`v0:${timestamp}:`)',
      replace: 'update(`v0:`)',
      red: 'the signature > of Slack’s own example is right',
    },
    {
      takes: 'the age of a press',
      find: '  if (Math.abs(now - Number(timestamp) * 1_000) > signatureAgeMaxMs) return false\n',
      replace: '',
      red: 'the signature > is worth nothing when it is older',
    },
  ]),
  ...teethOf({ file: 'src/http/slack.ts', test: 'test/http/slack.test.ts' }, [
    {
      takes: 'that only approvers decide in Slack',
      find: 'Object.hasOwn(channel.approvers, pressed.user.id) ? channel.approvers[pressed.user.id] : undefined',
      replace: 'pressed.user.id',
      red: 'a press of a button in Slack > by somebody who is no approver',
    },
    {
      takes: 'that a button is of the channel that signs it',
      find: 'what.success && name === what.data.channel',
      replace: 'what.success && name !== what.data.incident',
      red: 'a press of a button in Slack > that Slack has not signed for this very channel',
    },
    {
      takes: 'that nobody approves by the name of a property',
      find: 'Object.hasOwn(channel.approvers, pressed.user.id) ?',
      replace: 'pressed.user.id in channel.approvers ?',
      red: 'a press of a button in Slack > by somebody who is no approver',
    },
    {
      takes: 'that Slack is answered before it gives up',
      find: 'await Promise.race([deciding, after(answerWithinMs)])',
      replace: 'await deciding',
      red: 'a press of a button in Slack > is answered in time',
      hangs: true,
    },
    {
      takes: 'that the secret of one channel proves nothing to another',
      find: '  if (found.length > 0) return found\n',
      replace: "  if (found.length > 0) return notify.filter((channel) => channel.type === 'slack')\n",
      red: 'a press of a button in Slack > that Slack has not signed for this very channel',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/webhook.ts', test: 'test/adapters/notify/deliver.test.ts' }, [
    {
      takes: 'the time that a webhook is signed over',
      find: '.update(`${timestamp}.${body}`)',
      replace: '.update(body)',
      red: 'a webhook with a secret is signed over its time',
    },
  ]),
  ...teethOf({ test: 'test/adapters/notify/slack.test.ts' }, [
    {
      takes: 'that a label makes no mention in Slack',
      file: 'src/adapters/notify/text.ts',
      find: "'<': '&lt;'",
      replace: "'<': '<'",
      red: 'Slack > makes no mention, no link and no format',
    },
    {
      takes: 'that what cannot be seen is shown',
      file: 'src/domain/visible.ts',
      find: '[\\p{Cc}\\p{Cf}',
      replace: '[\\p{Cc}',
      red: 'Slack > makes no mention, no link and no format',
    },
    {
      takes: 'that texts are bounded',
      file: 'src/adapters/notify/text.ts',
      find: '    if (whole.length > charactersMax) return `${kept}…`\n',
      replace: '',
      red: 'Slack > takes every hostile label',
    },
    {
      takes: 'that Slack is not asked again for what it will never do',
      file: 'src/adapters/notify/slack.ts',
      find: "error === '' || passing.has(error)",
      replace: 'passing.size > 0',
      red: 'Slack > is not asked again for what it will never do',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/answers.ts', test: 'test/adapters/notify/deliver.test.ts' }, [
    {
      takes: 'that what may be mended within the day is tried again',
      find: '!judging.has(status)',
      replace: 'status >= 500',
      red: 'what may pass or may be mended is tried again',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/email.ts', test: 'test/adapters/notify/email.test.ts' }, [
    {
      takes: 'that a mail is only sent under TLS',
      find: "    requireTLS: security === 'starttls',\n    ignoreTLS: security === 'none',\n",
      replace: '    ignoreTLS: true,\n',
      red: 'mail > reaches the mailbox, signed in under TLS',
    },
    {
      takes: 'that a server without TLS hears nothing where TLS is wanted',
      find: "    requireTLS: security === 'starttls',\n",
      replace: '',
      red: 'mail > tells a server without TLS nothing where TLS is wanted',
    },
    {
      takes: 'that a repeated mail has the same Message-ID',
      find: 'update(idempotencyKey)',
      replace: 'update(`${idempotencyKey}${process.hrtime.bigint()}`)',
      red: 'mail > is one thread for one incident',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/email.ts', test: 'test/adapters/notify/email.test.ts' }, [
    {
      takes: 'that no label writes a header of a mail',
      find: 'subject: line(`[Hepar] ${title}`, subjectMax)',
      replace: 'subject: `[Hepar] ${title}`',
      red: 'mail > cannot be given another header or recipient by a label',
    },
    {
      takes: 'that a mail shows what cannot be seen',
      find: '...facts.map(([name, value]) => line(`${name}: ${value}`, lineMax))',
      replace: '...facts.map(([name, value]) => `${name}: ${value}`)',
      red: 'mail > cannot be given another header or recipient by a label',
    },
    {
      takes: 'that a password which a server says back is not told',
      find: "text.replaceAll(form, '[redacted]')",
      replace: 'text.replaceAll(form, form)',
      red: 'mail > tells no password that a server says back',
    },
    {
      takes: 'that a password in Base64 is one',
      find: "Buffer.from(text).toString('base64')",
      replace: 'text',
      red: 'mail > tells no password that a server says back',
    },
    {
      takes: 'the time limit on a mail server that drips',
      find: 'await Promise.race([transport.sendMail(mail), late.promise])',
      replace: 'await transport.sendMail(mail)',
      red: 'mail > waits for a server that drips no longer either',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/pagerduty.ts', test: 'test/adapters/notify/pagerduty.test.ts' }, [
    {
      takes: 'that a playbook which is demoted has a key of its own',
      find: "return event === 'playbook.demoted' ?",
      replace: "return event === '' ?",
      red: 'PagerDuty > is told of approvals and storms, each under a key of its own',
    },
    {
      takes: 'that a decision lets what comes after it call somebody',
      find: "return { event_action: 'resolve', dedup_key }",
      replace: "return { event_action: 'acknowledge', dedup_key }",
      red: 'PagerDuty > is told of approvals and storms, each under a key of its own',
    },
    {
      takes: 'that a question which is asked anew calls nobody twice',
      find: '  if (message.body.askedAnew === true) return { ok: true }\n',
      replace: '',
      red: 'PagerDuty > calls nobody twice for a question that is asked anew',
    },
    {
      takes: 'that the alert of a test is taken back',
      find: "if (!answer.ok || text(message.body.event) !== 'channel.tested') return answer",
      replace: 'if (answer) return answer',
      red: 'PagerDuty > is not left with the alert of a test',
    },
    {
      takes: 'that PagerDuty gets no more than it takes',
      find: 'summary: line(title, summaryMax)',
      replace: 'summary: title',
      red: 'PagerDuty > takes every hostile label within its limits',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/slack.ts', test: 'test/adapters/notify/slack.test.ts' }, [
    {
      takes: 'that Slack formats nothing',
      find: '    mrkdwn: false,\n',
      replace: '',
      red: 'Slack > does not parse the words that stand in its notifications either',
    },
    {
      takes: 'that Slack opens no link',
      find: '    unfurl_links: false,\n',
      replace: '',
      red: 'Slack > does not parse the words that stand in its notifications either',
    },
    {
      takes: 'that there is no button where nobody could prove that he pressed it',
      find: 'asks === null || signingSecret === null ? null',
      replace: 'asks === null ? null',
      red: 'Slack > has no buttons where nobody could prove that he pressed one',
    },
    {
      takes: 'that what is decided has no buttons any more',
      find: 'await takeButtonsAway(channel, message, means)',
      replace: '(null as Delivered | null)',
      red: 'Slack > shows who decided in place of the buttons',
    },
    {
      takes: 'that a token which was rotated loses no message',
      find: ' || mendable.has(error)',
      replace: '',
      red: 'Slack > is not asked again for what it will never do, and is for what may pass',
    },
    {
      takes: 'that a message waits until Hepar is invited to its channel',
      find: 'answer.refused.retry || answer.nowhere',
      replace: 'answer.refused.retry',
      red: 'Slack > is not asked again for what it will never do, and is for what may pass',
    },
    {
      takes: 'that nothing is lost with a thread that was removed',
      find: '  if (parent && !answer.ok && !answer.refused.retry) answer = await post(inRoom)\n',
      replace: '',
      red: 'Slack > loses nothing with a thread that somebody has removed',
    },
    {
      takes: 'that a thread stays in its channel',
      find: 'place.room === room && place.channel',
      replace: 'place.channel',
      red: 'Slack > begins a new thread where the channel has moved',
    },
  ]),
  ...teethOf({ test: 'test/engine/outbox.test.ts', file: 'src/engine/tell/outbox.ts' }, [
    {
      takes: 'that no message leaves which could not be written down',
      find: '  if (!store.health().ok) return\n',
      replace: '',
      red: 'what cannot be written down is not sent',
    },
  ]),
  ...teethOf({ test: 'test/engine/outbox-lanes.test.ts' }, [
    {
      takes: 'that a channel that hangs holds up no other',
      file: 'src/engine/tell/outbox.ts',
      find: '.filter((other) => other.channel === channel)',
      replace: '',
      red: 'a channel that hangs holds up no other',
    },
    {
      takes: 'the order within one incident',
      file: 'src/adapters/store/outbox-table.ts',
      find: 'e.rowid < outbox.rowid and',
      replace: 'e.rowid < 0 and',
      red: 'what one channel is told of one incident leaves in order',
    },
    {
      takes: 'the bound on how long a channel may ask to be left alone',
      file: 'src/engine/tell/outbox.ts',
      find: 'clock.now() + Math.min(answer.retryAfterMs, restMaxMs)',
      replace: 'clock.now() + answer.retryAfterMs',
      red: 'a channel that asks to be left alone for very long',
    },
    {
      takes: 'that a channel is left alone when it asks for it',
      file: 'src/engine/tell/outbox.ts',
      find: ' || isResting(under, channel, now)',
      replace: '',
      red: 'a channel that asks to be left alone is, with all it has to say',
    },
  ]),
  ...teethOf({ test: 'test/engine/hand-over.test.ts' }, [
    {
      takes: 'that a relapse which lasts is told of to whom heard of an end',
      file: 'src/engine/next.ts',
      find: 'const untold = toldAt !== null && toldAt < acceptedAt &&',
      replace: 'const untold = toldAt !== null && toldAt < 0 &&',
      test: 'test/engine/flapping.test.ts',
      red: 'a relapse that lasts is told of again',
    },
    {
      takes: 'that no label makes a huge message',
      file: 'src/engine/tell/notices.ts',
      find: '...boundedBody(body)',
      replace: '...body',
      test: 'test/engine/bounded-body.test.ts',
      red: 'whatever is told, what goes into the outbox is bounded',
    },
  ]),
  ...teethOf({ file: 'src/http/slack.ts', test: 'test/http/slack.test.ts' }, [
    {
      takes: 'that the first of two who press hears so',
      find: "approval.state === 'pending' ?",
      replace: "approval.state === 'void' ?",
      red: 'a press of a button in Slack > that is the first of two is answered',
    },
  ]),
  ...teethOf({ file: 'src/engine/end/close.ts', test: 'test/engine/told-of-the-end.test.ts' }, [
    {
      takes: 'that who was called hears of the end',
      find: '  await tellWhoWasTold(tx, incident, event, { now, newId })\n',
      replace: '',
      red: 'whoever was called or asked hears how it ended',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/slack.ts', test: 'test/adapters/notify/slack.test.ts' }, [
    {
      takes: 'that Slack may say the token back',
      find: 'scrub(peer, text(said?.error))',
      replace: 'text(said?.error)',
      red: 'Slack > never sees the token in a reason',
    },
  ]),
]
