import { teethOf } from './tooth.ts'

const client = { file: 'src/sdk/http-client.ts', test: 'test/sdk/http-client.test.ts' }
const exchange = { file: 'src/sdk/http-exchange.ts', test: 'test/sdk/http-client.test.ts' }
const doors = { file: 'src/sdk/http-doors.ts', test: 'test/sdk/http-client.test.ts' }
const allow = { file: 'src/domain/http-allow.ts', test: 'test/domain/http-allow.test.ts' }
const address = { file: 'src/domain/forbidden-address.ts', test: 'test/domain/forbidden-address.test.ts' }
const request = { file: 'src/sdk/http-request.ts', test: 'test/plugins/http-request.test.ts' }
const plugin = { file: 'plugins/http-request.ts', test: 'test/plugins/http-request.test.ts' }

/** Where Hepar may call, what it may say there, and what it makes of the answer. */
export const calls = [
  ...teethOf(client, [
    {
      takes: 'that every address of a name is checked',
      find: '  for (const { address } of addresses) {\n',
      replace: '  for (const { address } of addresses.slice(0, 1)) {\n',
      red: 'addresses > one forbidden address among good ones',
    },
    {
      takes: 'that a call is bounded even where nothing else ends it',
      find: 'await unlessAborted(follow(call, { resolve, signal, onConnected }), signal)',
      replace: 'await follow(call, { resolve, signal, onConnected })',
      red: 'addresses > a name service that hangs is bounded',
      hangs: true,
    },
    {
      takes: 'that each redirect is checked like the first URL',
      find: 'call.door(url), means.resolve)',
      replace: 'call.door(call.url), means.resolve)',
      red: 'redirects > lead only to what is allowed itself',
    },
    {
      takes: 'that redirects are followed only where the rule permits',
      find: "method === 'GET' ? place.redirectsMax : 0",
      replace: "method === 'GET' ? 3 : 0",
      red: 'redirects > are an answer like any other',
    },
    {
      takes: 'that only a GET follows redirects',
      find: "method === 'GET' ? place.redirectsMax : 0",
      replace: 'place.redirectsMax',
      red: 'redirects > carry no header elsewhere, and only a GET',
    },
    {
      takes: 'that a redirect elsewhere carries no header',
      find: 'url.origin === call.url.origin ? own : elsewhere',
      replace: 'url.origin === call.url.origin ? own : own',
      red: 'redirects > carry no header elsewhere',
    },
    {
      takes: 'the bound on redirects',
      find: '    if (hops === hopsMax) return',
      replace: '    if (hops === 20) return',
      red: 'redirects > are followed as often as the rule permits',
    },
    {
      takes: 'that a redirect is read as it is written',
      find: '/^[a-z][a-z0-9+.-]*:/i.test(location) ? location : new URL',
      replace: '/^$/.test(location) ? location : new URL',
      red: 'redirects > lead only to what is allowed itself',
    },
  ]),
  ...teethOf(exchange, [
    {
      takes: 'that the connection is made to the checked address',
      find: '    lookup: only(addresses),\n',
      replace: '',
      red: 'addresses > a name is resolved once',
    },
    {
      takes: 'that what comes before an answer is bounded',
      find: 'if (announcements <= announcementsMax) return',
      replace: 'if (announcements >= 0) return',
      red: 'bounds > an answer that is announced again and again',
    },
    {
      takes: 'that nothing packed is read',
      find: "  if (beyond === 'fail' && packed !== 'identity') {",
      replace: "  if (beyond === 'fail' && packed === 'none') {",
      red: 'bounds > nothing is unpacked',
    },
    {
      takes: 'that nothing packed is asked for',
      find: "'accept-encoding': 'identity', ",
      replace: '',
      red: 'bounds > nothing is unpacked',
    },
    {
      takes: 'the bound on the size of an answer',
      find: "    if (bytes > bytesMax && beyond === 'fail') throw",
      replace: "    if (bytes < 0 && beyond === 'fail') throw",
      red: 'bounds > a long answer is an error',
    },
    {
      takes: 'the bound on headers',
      find: '    maxHeaderSize: headerBytesMax,\n',
      replace: '    maxHeaderSize: 100 * headerBytesMax,\n',
      red: 'bounds > long headers are an error',
    },
    {
      takes: 'the end of an answer that turns into another protocol',
      find: "      reject(new Error('it wants to switch to another protocol: is this the right URL?'))\n",
      replace: '      resolve(_incoming)\n',
      red: 'bounds > an answer that turns into another protocol',
    },
    {
      takes: 'that the Host is that of the URL',
      find: '...headers, ...lengthOf(body), host: url.host }',
      replace: 'host: url.host, ...headers, ...lengthOf(body) }',
      red: 'what was sent > goes where its Host says',
    },
  ]),
  ...teethOf(doors, [
    {
      takes: 'that a name which leads to this machine must say so',
      find: '  if (!isLoopbackAddress(address) || isLoopbackName(hostname)) return null\n',
      replace: '  if (address !== hostname || isLoopbackName(hostname)) return null\n',
      red: 'addresses > a name that leads to this machine',
    },
    {
      takes: 'the ranges of a rule',
      find: '    if (ranges.some((range) => parseRange(range)?.(address))) return null\n',
      replace: '    if (ranges.some((range) => parseRange(range))) return null\n',
      red: 'addresses > a rule with ranges keeps its name inside',
    },
    {
      takes: 'that even a configured neighbour is never where nobody is asked',
      find: 'return { ok: true, whyNot: whyForbidden, redirectsMax: 0 }',
      replace: 'return { ok: true, whyNot: () => null, redirectsMax: 0 }',
      red: 'addresses > a configured neighbour may be on this machine',
    },
    {
      takes: 'that a configured neighbour is asked at its own address only',
      find: 'if (url.origin === new URL(peerUrl).origin) return',
      replace: 'if (url.protocol === new URL(peerUrl).protocol) return',
      red: 'addresses > a configured neighbour may be on this machine',
    },
  ]),
  ...teethOf(allow, [
    {
      takes: 'that a URL holds no credentials',
      find: "  if (url.username !== '' || url.password !== '') return refuse",
      replace: "  if (url.username !== '' && url.password !== '') return refuse",
      red: 'a URL is refused, although a parser would take it > refused for a user alone',
    },
    {
      takes: 'that a URL is read as it is written',
      find: '  if (/[\\p{Cc}\\p{Z}\\\\]/u.test(text)) return',
      replace: '  if (/[\\p{Z}\\\\]/u.test(text)) return',
      red: 'a URL is refused, although a parser would take it > refused for a line break',
    },
    {
      takes: 'that a host has one spelling',
      find: "  if (url.hostname.endsWith('.')) return",
      replace: "  if (url.hostname === '.') return",
      red: 'a URL is refused, although a parser would take it > refused for a dot at the end',
    },
    {
      takes: 'that a path does not climb',
      find: '  if (climbs(text)) return refuse',
      replace: "  if (text === '') return refuse",
      red: 'a URL is refused, although a parser would take it > refused for a path that climbs',
    },
    {
      takes: 'that a path does not climb in any encoding',
      find: '    const decoded = decode(path)\n',
      replace: '    const decoded = path\n',
      red: 'a URL is refused, although a parser would take it > refused for a path that climbs twice encoded',
    },
    {
      takes: 'that a path is allowed by whole parts',
      find: 'url.pathname.startsWith(`${path}/`)',
      replace: 'url.pathname.startsWith(path)',
      red: 'a URL is not permitted > with a path beside',
    },
    {
      takes: 'the port of a rule',
      find: 'scheme !== url.protocol || port !== portOf(url) ||',
      replace: 'scheme !== url.protocol ||',
      red: 'a URL is not permitted > with another port',
    },
    {
      takes: 'the scheme of a rule',
      find: 'scheme !== url.protocol || port',
      replace: 'port',
      red: 'a URL is not permitted > with another scheme',
    },
    {
      takes: 'that a star stands for one part of a host',
      find: "  return label !== '' && host === `${label}${pattern.slice(1)}`\n",
      replace: "  return label !== '' && host.endsWith(pattern.slice(1))\n",
      red: 'a URL is not permitted > with two parts for the star',
    },
    {
      takes: 'that a rule names no address that is never asked',
      find: '  if (why !== null) return refuse(why)\n',
      replace: '',
      red: 'a rule > http://169.254.169.254/ is none',
    },
    {
      takes: 'that a playbook probes only what is allowed',
      file: 'src/adapters/rules/probes.ts',
      find: '  if (permitted?.ok === false) report',
      replace: '  if (permitted === undefined) report',
      test: 'test/adapters/rules/load-playbooks.test.ts',
      red: 'each mistake is found with its place: > probe of what is not allowed',
    },
    {
      takes: 'that a probe is made only of what is allowed',
      file: 'src/adapters/http-client/probe.ts',
      find: '    const rules = allow()\n',
      replace:
        "    const rules = allow().length > 0 ? allow() : [{ scheme: 'http:', host: '127.0.0.1', port: Number(new URL(text).port), path: '', addresses: [], redirectsMax: 0 } as const]\n",
      test: 'test/adapters/http-client/probe.test.ts',
      red: 'only what the rules in force allow is asked',
    },
  ]),
  ...teethOf(address, [
    {
      takes: 'that an address hides in no other form',
      find: '  list.addSubnet(`64:ff9b::${high}:${low}`, 96 + prefix, ',
      replace: '  list.addSubnet(`64:ff9b::${high}:${low}`, 128, ',
      red: 'addresses that nobody asks > are not hidden in an IPv6 address',
    },
    {
      takes: 'that link-local addresses are never asked',
      find: "  ...ipv4('169.254.0.0', 16, linkLocal),\n",
      replace: "  ...ipv4('169.254.169.254', 32, linkLocal),\n",
      red: 'addresses that nobody asks > are the same however',
    },
    {
      takes: 'that an address has no zone',
      find: "  if (family === 0 || address.includes('%')) return null\n",
      replace: '  if (family === 0) return null\n',
      red: 'addresses that nobody asks > "fd00::1%eth0" is one',
    },
  ]),
  ...teethOf(request, [
    {
      takes: 'that a value matches its pattern from end to end',
      find: 'RE2JS.compile(pattern).matches(value)',
      replace: 'RE2JS.compile(pattern).matcher(value).find()',
      red: 'nothing is planned > refused for a value that matches only in part',
    },
    {
      takes: 'that only the values of a request are given',
      find: '  if (stranger !== undefined)\n',
      replace: "  if (stranger === '')\n",
      red: 'nothing is planned > refused for a value that nobody asked for',
    },
    {
      takes: 'that a request is allowed when it is planned',
      find: '  if (!permitted.ok) return { refused: permitted.reason }\n',
      replace: '  if (!permitted.ok) return { refused: "" }\n',
      red: 'nothing is planned > for a URL that is no longer allowed',
    },
    {
      takes: 'that an answer gives no secret back',
      find: "text = text.replaceAll(secret, '[redacted]')",
      replace: 'text = text.replaceAll(secret, secret)',
      red: 'a run > sends what was planned, once',
    },
    {
      takes: 'that an answer is not shown where it may hold a secret of the URL',
      find: '  if (!whole) return null\n',
      replace: '',
      red: 'a run > resolves references in URL and body',
    },
    {
      takes: 'that the digest binds the body',
      find: '    body: rule.body && fillJson(rule.body.shown as Json, values),\n  }\n',
      replace: '    body: null,\n  }\n',
      red: 'a plan > changes its digest',
    },
  ]),
  ...teethOf({ file: 'src/sdk/own-address.ts', test: plugin.test }, [
    {
      takes: 'that an address of this machine leads to what listens on all of them',
      find: '(everywhere && isOfThisMachine(address))',
      replace: '(everywhere && address === own)',
      red: 'nothing is planned > for what Hepar itself lives by, by an address of its machine',
    },
  ]),
  ...teethOf(plugin, [
    {
      takes: 'that what is sent is what was planned',
      find: 'built.digest !== pinShape.parse(pin).digest',
      replace: "pinShape.parse(pin).digest === ''",
      red: 'a run > sends nothing when the request has changed',
    },
    {
      takes: 'that a request which may have been sent is unknown',
      find: '    if (reply.sent) throw',
      replace: "    if (reply.reason === '') throw",
      red: 'a run > is unknown when the connection is cut',
    },
    {
      takes: 'that a server error is unknown',
      find: '  const unclear = status >= 500 || ',
      replace: '  const unclear = ',
      red: 'a run > is unknown when the server says 500',
    },
    {
      takes: 'that a request never reaches what Hepar lives by, wherever a redirect leads',
      ...plugin,
      find: 'door: doorOf(settings)',
      replace: 'door: allowedDoor(settings.allow)',
      red: 'a run > never reaches what Hepar lives by',
    },
    {
      takes: 'that the first of a repeated request may still be under way',
      ...plugin,
      find: ' || (status === 409 && rule.idempotent)',
      replace: '',
      red: 'a run > is unknown when an endpoint that drops repeats says that the first is still under way',
    },
    {
      takes: 'that nobody heals by talking to the healer',
      find: '    if (own !== null) return refuse',
      replace: "    if (own === '') return refuse",
      red: 'nothing is planned > for what Hepar itself lives by',
    },
    {
      takes: 'that a request is started again only where its endpoint drops repeats',
      find: '      idempotent: rule.idempotent,\n',
      replace: '      idempotent: true,\n',
      red: 'a plan > may be started again only where',
    },
    {
      takes: 'that a request fits into its step',
      find: 'context.now + rule.timeoutMs >= context.deadlineAt',
      replace: 'context.now >= context.deadlineAt',
      red: 'a run > sends nothing when it could not end',
    },
    {
      takes: 'that an approval binds whether a plan may be started again',
      file: 'src/adapters/actions/outcomes.ts',
      find: 'params, pin, ...again })',
      replace: 'params, pin })',
      test: 'test/adapters/actions/actions.test.ts',
      red: 'a plan > may say that it may be started again',
    },
    {
      takes: 'that requests are configured only for what is allowed',
      file: 'src/config/check-machine.ts',
      find: '      if (!permitted.ok) report',
      replace: '      if (!permitted.ok && tls) report',
      test: 'test/config.test.ts',
      red: 'URLs that may be called > a refused URL does not show',
    },
    {
      takes: 'that no request sets the length of its own message',
      file: 'src/config/requests.ts',
      find: 'content-type transfer-encoding connection',
      replace: 'content-type connection',
      test: 'test/config.test.ts',
      red: 'URLs that may be called > a request does not say itself what a message is made of',
    },
  ]),
]
