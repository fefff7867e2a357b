import { teethOf } from './tooth.ts'

const webhook = { test: 'test/http/webhook.test.ts' }

/** The webhook and the API: when they answer what, to whom, and how much they take. */
export const doors = [
  ...teethOf(webhook, [
    {
      takes: 'that the answer waits for the commit',
      file: 'src/http/webhook.ts',
      find: 'const decisions = await engine.receive(body, by)',
      replace: 'const decisions = engine.receive(body, by)',
      red: 'the answer waits until the decisions are committed',
    },
    {
      takes: 'that a delivery gets 503 while Hepar starts or stops',
      file: 'src/http/webhook.ts',
      find: "if (phase !== 'running') {",
      replace: "if (phase === 'stopping') {",
      red: 'while starting, deliveries get 503',
    },
    {
      takes: '503 for a store that is away',
      file: 'src/http/errors.ts',
      find: 'store_unavailable: { status: 503,',
      replace: 'store_unavailable: { status: 429,',
      red: 'the store being away is answered 503, never 4xx',
    },
    {
      takes: '503 for a bug behind the webhook, so that the delivery comes again',
      file: 'src/http/dispatch.ts',
      find: "route.access === 'webhook' ? 503 : 500",
      replace: "route.access === 'webhook' ? 400 as 500 : 500",
      red: 'a bug is answered 503, never 4xx',
    },
    {
      takes: 'that a bug keeps its own words',
      file: 'src/http/errors.ts',
      find: "new HttpError(unexpected, 'internal', 'an unexpected error occurred', later,",
      replace: "new HttpError(unexpected, 'internal', message, later,",
      red: 'a bug is answered 503, never 4xx',
    },
    {
      takes: 'the limit on announced bodies',
      file: 'src/http/body.ts',
      find: '  if (announced > bytesMax) throw tooLarge(bytesMax)\n',
      replace: '',
      red: 'a body announced too large is refused before it is read',
      hangs: true,
    },
    {
      takes: 'the limit on bodies that announce nothing',
      file: 'src/http/body.ts',
      find: '      if (bytes > bytesMax) throw tooLarge(bytesMax)\n',
      replace: '',
      red: 'a chunked body is cut at the limit',
      hangs: true,
    },
    {
      takes: 'the limit on bodies held at once',
      file: 'src/http/body.ts',
      find: '      if (held + bytes > bytesMax()) return false\n',
      replace: '',
      red: 'more bodies at once than memory is meant for get 503',
    },
    {
      takes: 'that only plain bodies are taken',
      file: 'src/http/body.ts',
      find: "encoding !== undefined && encoding !== '' && encoding !== 'identity'",
      replace: "encoding === 'br'",
      red: 'a compressed body is answered 415',
    },
    {
      takes: 'that only JSON is taken',
      file: 'src/http/body.ts',
      find: "  if (type === 'application/json' || ",
      replace: "  if (type !== 'application/xml' || ",
      red: 'text is answered 415',
    },
    {
      takes: 'the time limit on a request',
      file: 'src/http/server.ts',
      find: '      requestTimeout: limits.requestTimeoutMs,\n',
      replace: '      requestTimeout: 0,\n',
      red: 'a body that never ends is cut by the time limit',
      hangs: true,
    },
    {
      takes: 'the limit on alerts in one delivery',
      file: 'src/domain/delivery.ts',
      find: 'if (elements.length > limits.alertsPerDeliveryMax) {',
      replace: 'if (elements.length < 0) {',
      red: 'more alerts than the limit are answered 413',
    },
    {
      takes: 'that a bad alert is rejected by itself',
      file: 'src/domain/delivery.ts',
      find: '  const alerts = elements.map((element, index) => parseElement(element, index, limits))\n',
      replace:
        '  const alerts = elements.map((element, index) => parseElement(element, index, limits))\n' +
        "  if (alerts.some(({ ok }) => !ok)) return invalid('an alert cannot be read')\n",
      red: 'a bad alert is rejected by itself',
    },
    {
      takes: 'that __proto__ is a label like any other',
      file: 'src/domain/delivery.ts',
      find: 'labels: asLabels(json)',
      replace: 'labels: Object.assign({}, json) as Labels',
      red: 'labels named __proto__ and constructor are labels',
    },
    {
      takes: 'that an unclear source is not guessed',
      file: 'src/http/choose-source.ts',
      find: '  if (wanted !== null && fitting.length === 1) return fitting[0]?.name as string\n',
      replace: '  return (fitting[0] ?? sources[0])?.name as string\n',
      red: 'the source is the one named, the only one, or the one at the external URL',
    },
  ]),
  ...teethOf({ test: 'test/config.test.ts' }, [
    {
      takes: 'that the configuration demands a token for an open address',
      file: 'src/config.ts',
      find: 'isLoopback(address.host) || auth?.tokens?.length',
      replace: 'address.port > 0 || auth?.tokens?.length',
      red: 'an address that other machines can reach > demands a token: 0.0.0.0',
    },
    {
      takes: 'that a secret never prints itself',
      file: 'src/domain/secret.ts',
      find: '    toJSON: () => redacted,\n',
      replace: '    toJSON: () => value,\n',
      red: 'secrets > are never printed by the configuration',
    },
    {
      takes: 'that two tokens are never the same',
      file: 'src/config/cross-check.ts',
      find: '    if (owner !== undefined) report(',
      replace: "    if (owner === '') report(",
      red: 'secrets > a token that is short, or the same twice, is an error',
    },
    {
      takes: 'that no token can be found by trying',
      file: 'src/config/cross-check.ts',
      find: '    if (token.reveal().length >= tokenCharactersMin) continue\n',
      replace: '    if (token.reveal().length > 0) continue\n',
      red: 'secrets > a token that is short, or the same twice, is an error',
    },
  ]),
  ...teethOf({ test: 'test/adapters/telemetry/log.test.ts', file: 'src/adapters/telemetry/redact.ts' }, [
    {
      takes: 'that known secrets are blanked out of the log',
      find: 'text = text.replaceAll(JSON',
      replace: 'text = text.replace(JSON',
      red: 'a known secret never appears',
    },
    {
      takes: 'that fields with telling names are blanked out of the log',
      find: 'secretKey.test(key) ? redacted : ',
      replace: '',
      red: 'a known secret never appears',
    },
  ]),
  ...teethOf({ file: 'src/cli/pause.ts', test: 'test/cli/client-commands.test.ts' }, [
    {
      takes: 'that nobody takes an answer for a pause',
      find: 'if (options.reason === undefined) {',
      replace: 'if (options.reason === undefined && options.from) {',
      red: 'pause without a word of why is misused',
    },
    {
      takes: 'that who only looks at the pause changes nothing',
      find: '.conflicts(settings)',
      replace: '',
      red: 'pause without a word of why is misused',
    },
  ]),
]
