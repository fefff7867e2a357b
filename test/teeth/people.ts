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
      find: '\\p{Cf}',
      replace: '',
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
      find: '  return passing.has(error)',
      replace: '  return passing.size > 0',
      red: 'Slack > is not asked again for what it will never do',
    },
  ]),
  ...teethOf({ file: 'src/adapters/notify/answers.ts', test: 'test/adapters/notify/deliver.test.ts' }, [
    {
      takes: 'that what may pass is tried again',
      find: 'status === 408 || status === 429 || status >= 500',
      replace: 'status >= 500',
      red: 'what may pass is tried again, what cannot is not',
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
      takes: 'that a repeated mail has the same Message-ID',
      find: 'update(idempotencyKey)',
      replace: 'update(`${idempotencyKey}${process.hrtime.bigint()}`)',
      red: 'mail > is one thread for one incident',
    },
  ]),
  ...teethOf({ test: 'test/engine/outbox-lanes.test.ts' }, [
    {
      takes: 'that a channel that hangs holds up no other',
      file: 'src/engine/outbox.ts',
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
      takes: 'that a channel is left alone when it asks for it',
      file: 'src/engine/outbox.ts',
      find: ' || (under.resting.get(channel) ?? 0) > now',
      replace: '',
      red: 'a channel that asks to be left alone is',
    },
  ]),
  ...teethOf({ file: 'src/engine/close.ts', test: 'test/engine/told-of-the-end.test.ts' }, [
    {
      takes: 'that who was called hears of the end',
      find: '  await tellWhoWasTold(tx, incident, event, { now, newId })\n',
      replace: '',
      red: 'whoever was called or asked hears how it ended',
    },
  ]),
]
