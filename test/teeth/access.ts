import { teethOf } from './tooth.ts'

const auth = { file: 'src/http/auth.ts', test: 'test/http/auth.test.ts' }
const door = { file: 'src/http/doorkeeper.ts' }
const matrix = 'every route opens to the roles of the contract and to nobody else'
const canary = 'no secret comes out of any answer'

/** Who is let in, by which token or session, and what is believed of files. */
export const access = [
  ...teethOf({ ...auth, red: matrix }, [
    {
      takes: 'that the webhook’s token opens the webhook alone',
      find: "webhook: ['webhook'],",
      replace: "webhook: ['webhook', 'viewer'],",
    },
    {
      takes: 'that a viewer changes nothing',
      find: "viewer: ['viewer'],",
      replace: "viewer: ['viewer', 'operator'],",
    },
    {
      takes: 'that an unknown token opens nothing',
      file: 'src/http/credentials.ts',
      find: 'if (timingSafeEqual(wanted, token.digest)) found',
      replace: 'if (wanted.length === token.digest.length) found',
    },
    {
      takes: 'that a revoked token opens nothing',
      file: 'src/http/credentials.ts',
      find: "  if (token.revokedAt !== null) return { kind: 'revoked' }\n",
      replace: '',
    },
    {
      takes: 'that an expired token opens nothing',
      file: 'src/http/credentials.ts',
      find: "  if (token.expiresAt !== null && token.expiresAt <= now) return { kind: 'expired' }\n",
      replace: '',
    },
    {
      takes: 'that a session ends with its token',
      ...door,
      find: "if (token !== undefined && standing(token, now()).kind === 'known') {",
      replace: 'if (token !== undefined) {',
    },
    {
      takes: 'that a plan is approved by approvers',
      file: 'src/http/approvals.ts',
      find: "access: 'approver',\n      summary,",
      replace: "access: 'operator',\n      summary,",
    },
    {
      takes: 'that the page of a plan takes the word of approvers',
      file: 'src/http/approvals.ts',
      find: "access: 'approver',\n    summary: 'Decide on the page",
      replace: "access: 'viewer',\n    summary: 'Decide on the page",
    },
    {
      takes: 'that a storm is released by operators',
      file: 'src/http/storm.ts',
      find: "access: 'operator'",
      replace: "access: 'viewer'",
    },
    {
      takes: 'that a reload is for admins',
      file: 'src/http/reload.ts',
      find: "access: 'admin'",
      replace: "access: 'operator'",
    },
  ]),
  ...teethOf(auth, [
    {
      takes: 'that a stranger learns nothing about addresses',
      file: 'src/http/dispatch.ts',
      find: '    doorkeeper.admit(request, access)\n',
      replace: '',
      red: 'whoever is not known cannot tell an address',
    },
    {
      takes: 'that a page of another name cannot pose as local',
      ...door,
      find: "if (!isLoopback((host ?? '').replace(/:\\d+$/, ''))) throw",
      replace: "if (host === '') throw",
      red: 'without tokens every local caller is admin, unless',
    },
    {
      takes: 'that a web page cannot pose as a local caller',
      ...door,
      find: 'if (origin !== undefined && !isOwnOrigin(request, config())) throw',
      replace: "if (origin === '') throw",
      red: 'without tokens every local caller is admin, unless',
    },
    {
      takes: 'that whoever comes through a proxy cannot pose as local',
      ...door,
      find: '    if (proxyMarks.some((name) => name in others)) throw',
      replace: "    if (host === '') throw",
      red: 'without tokens every local caller is admin, unless',
    },
    {
      takes: 'that an address others can reach demands a token',
      file: 'src/http/server.ts',
      find: '      refuseOpenDoor(host, parts)\n',
      replace: '',
      red: 'an address that others can reach is refused without tokens',
    },
    {
      takes: 'that 127.evil.example is not loopback',
      find: "return isIP(name) === 4 && name.startsWith('127.')",
      replace: "return name.startsWith('127.')",
      red: 'the host "127.evil.example" is loopback: false',
    },
  ]),
  ...teethOf({ test: 'test/http/sessions.test.ts', ...door }, [
    {
      takes: 'that what a session writes carries its csrf value',
      find: '(given !== undefined && isSame(given, session.csrf))) return',
      replace: 'given !== undefined) return',
      red: 'what a session writes needs its csrf value',
    },
    {
      takes: 'that what a session writes comes from a page of Hepar',
      find: "if (!isRead(request) && !isOwnOrigin(request, config())) throw refusal('origin', foreignOrigin())",
      replace: '',
      red: 'what a session writes needs its csrf value',
    },
    {
      takes: 'that the page of a plan takes no word from another page',
      file: 'src/http/dispatch.ts',
      find: "  doorkeeper.requireCsrf(who, headerOf(request, 'x-csrf-token') ?? csrf)\n",
      replace: '',
      red: 'a plan is decided on its page by a session of an approver',
    },
    {
      takes: 'that a form is no larger than forms are',
      file: 'src/http/dispatch.ts',
      find: 'readBody(request, formBytesMax, held',
      replace: 'readBody(request, apiBodyBytesMax, held',
      red: 'a form larger than forms are',
    },
    {
      takes: 'that a form of another page signs nobody in',
      find: 'if (!isOwnOrigin(request, config())) {',
      replace: "if (request.method === '') {",
      red: 'a form of another page signs nobody in',
    },
    {
      takes: 'that signing in leads nowhere else',
      file: 'src/http/login.ts',
      find: "? text : '/login'))",
      replace: '? text : text))',
      red: 'signing in leads nowhere else',
    },
    {
      takes: 'that nothing gets into a page unescaped',
      file: 'src/http/page.ts',
      find: 'return escapeHtml(String(part))',
      replace: 'return String(part)',
      red: 'a wrong token opens nothing, and the page says so without repeating it',
    },
    {
      takes: 'that a session ends after its time',
      file: 'src/http/sessions.ts',
      find: 'session === undefined || session.expiresAt <= now ?',
      replace: 'session === undefined ?',
      red: 'a session ends with its token, and with its time',
    },
    {
      takes: 'that sessions of one token are bounded',
      file: 'src/http/sessions.ts',
      find: '    for (const key of own.slice(0, Math.max(0, own.length - perTokenMax + 1))) sessions.delete(key)\n',
      replace: '',
      red: 'sessions are bounded',
    },
  ]),
  ...teethOf({ test: 'test/http/failed-attempts.test.ts' }, [
    {
      takes: 'that guesses are limited',
      ...door,
      find: '    attempts.note(address)\n',
      replace: '',
      red: 'wrong tokens are limited, and lock out nobody',
    },
    {
      takes: 'that the failures of others lock out nobody',
      ...door,
      find: 'const isGuess = waitMs > 0 && presented.length < unguessableCharacters',
      replace: 'const isGuess = waitMs > 0',
      red: 'wrong tokens are limited, and lock out nobody',
    },
    {
      takes: 'that Alertmanager is never locked out',
      ...door,
      find: "tokens().filter(({ role }) => role === 'webhook')",
      replace: '[]',
      red: 'wrong tokens are limited, and lock out nobody',
    },
    {
      takes: 'that addresses remembered are bounded',
      file: 'src/http/failed-attempts.ts',
      find: '      if (entries.size > addressesMax) entries.delete(entries.keys().next().value as string)\n',
      replace: '',
      red: 'what is remembered is bounded',
    },
  ]),
  ...teethOf({ test: 'test/engine/tokens.test.ts', file: 'src/engine/operate/tokens.ts' }, [
    {
      takes: 'that the store has no token, but its digest',
      find: 'const digest = sha256(token)',
      replace: 'const digest = token',
      red: 'a token is shown once',
    },
    {
      takes: 'that the first token is an admin’s',
      find: "before.length === 0 && configured.length === 0 && wanted.role !== 'admin'",
      replace: "before.length === 0 && configured.length === 0 && wanted.name === ''",
      red: 'the first one is for an admin',
    },
  ]),
  ...teethOf({ test: 'test/http/tls.test.ts' }, [
    {
      takes: 'that nothing older than TLS 1.2 is spoken',
      file: 'src/http/listener.ts',
      find: "minVersion: 'TLSv1.2',",
      replace: "minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0',",
      red: 'nothing older than TLS 1.2 is spoken',
    },
    {
      takes: 'that clientCa refuses strangers',
      file: 'src/http/listener.ts',
      find: 'rejectUnauthorized: true',
      replace: 'rejectUnauthorized: false',
      red: 'with clientCa only clients that it signed',
    },
    {
      takes: 'that a key must belong to its certificate',
      file: 'src/config/tls.ts',
      find: 'if (cert !== null && key !== null && !cert.checkPrivateKey(key)) {',
      replace: 'if (cert === null && key !== null) {',
      red: 'files that are no pair are named',
    },
  ]),
  ...teethOf({ test: 'test/http/connections.test.ts' }, [
    {
      takes: 'that the longest silent goes',
      file: 'src/http/connections.ts',
      find: '    longest[1].destroy()\n',
      replace: '    socket.destroy()\n',
      red: 'whoever holds every connection after saying nothing keeps nobody out',
    },
    {
      takes: 'that nobody is cut whom Hepar keeps waiting',
      file: 'src/http/connections.ts',
      find: 'const arrived = () => waiting.delete(key)',
      replace: 'const arrived = () => {}',
      red: 'a request that Hepar works on is not cut',
    },
    {
      takes: 'that strangers have a memory of their own',
      file: 'src/http/dispatch.ts',
      find: 'readBody(request, apiBodyBytesMax, strangersBudget',
      replace: 'readBody(request, apiBodyBytesMax, around.budget',
      red: 'bodies of strangers do not take the memory',
    },
  ]),
  ...teethOf({ test: 'test/app/reload.test.ts' }, [
    {
      takes: 'that a mistake elsewhere keeps no certificate from being renewed',
      file: 'src/app/reload.ts',
      find: '  if (!dryRun) renew(parts)\n',
      replace: '',
      red: 'a renewed certificate is taken over whatever else is wrong',
    },
    {
      takes: 'that the files of the certificate are followed',
      file: 'src/app/followed-files.ts',
      find: ', ...certificates]',
      replace: ']',
      red: 'the files of the certificate are followed',
    },
  ]),
  ...teethOf({ test: 'test/cli/client-commands.test.ts' }, [
    {
      takes: 'that an address shows no password',
      file: 'src/cli/client.ts',
      find: "if (username !== '' || password !== '') {",
      replace: "if (username === '' && password !== '') {",
      red: 'an address with credentials is refused',
    },
  ]),
  ...teethOf({ test: 'test/files/ownership.test.ts', file: 'src/files/ownership.ts' }, [
    {
      takes: 'that a file everybody can change is not believed',
      find: 'if ((mode & 0o002) !== 0) return',
      replace: 'if ((mode & 0o002) !== 0 && gid < 0) return',
      red: 'behind a link the folder of the real file counts',
    },
  ]),
  ...teethOf({ test: 'test/files/refused.test.ts' }, [
    {
      takes: 'that a playbook others could change is refused',
      file: 'src/adapters/rules/find-files.ts',
      find: '    if (why === null) files.push(file)\n    else problems',
      replace: "    files.push(file)\n    if (why === '') problems",
      red: 'a playbook that others could change is refused',
    },
    {
      takes: 'that a plugin others could change is refused',
      file: 'src/adapters/actions/catalogue.ts',
      find: '    if (why !== null) return broken(`the file ${why}`)\n',
      replace: '',
      red: 'a plugin that others could change, or that is not the pinned one',
    },
    {
      takes: 'that what a plugin imports cannot be changed by others',
      file: 'src/adapters/actions/loading.ts',
      find: '      refuseUntrusted(url)\n',
      replace: '',
      red: 'a plugin that imports what others could change',
    },
    {
      takes: 'that a plugin that is not the pinned one never runs',
      file: 'src/adapters/actions/catalogue.ts',
      find: 'if (pin !== undefined && pin !== plugin.fileDigest) {',
      replace: "if (pin === '') {",
      red: 'a plugin that others could change, or that is not the pinned one',
    },
    {
      takes: 'that a configuration others could change is refused',
      file: 'src/config.ts',
      find: "  if (why !== null) add('error', `this file ${why}`)\n",
      replace: '',
      red: 'a configuration that others could change is refused',
    },
  ]),
  ...teethOf({ test: 'test/adapters/actions/veil.test.ts' }, [
    {
      takes: 'that half a secret is left out, too',
      file: 'src/adapters/actions/veil.ts',
      find: '(at === parts.length - 1 ? part : withoutBeginning(part, long))',
      replace: '(at < 0 ? withoutBeginning(part, long) : part)',
      red: 'where words were cut in the middle',
    },
    {
      takes: 'that what is held is held under its own name',
      file: 'src/adapters/actions/outcomes.ts',
      find: 'const { pin, data, idempotent, touches } = acted.data.result',
      replace: 'const { pin, data, idempotent } = acted.data.result\n  const { touches } = result',
      red: 'what is acted on stays as it was said',
    },
    {
      takes: 'that no secret is recorded as what a plan is about',
      file: 'src/adapters/actions/outcomes.ts',
      find: 'if (digestOf({ pin, data }) !== digestOf({ pin: result.pin, data: result.data })) {',
      replace: "if (summary === '') {",
      red: 'a plan that would record a secret',
    },
  ]),
  ...teethOf({ test: 'test/e2e/canary.test.ts', red: canary }, [
    {
      takes: 'that a policy may say its token back',
      file: 'src/adapters/policy/ask-policy.ts',
      find: 'scrub(peer, said.reason)',
      replace: 'said.reason',
    },
    {
      takes: 'that what a plugin gives away is not passed on',
      file: 'src/adapters/actions/veil.ts',
      find: 'hidden = hidden.replaceAll(form, redacted)',
      replace: 'hidden = hidden.replaceAll(form, form)',
    },
    {
      takes: 'that a crash keeps its secrets',
      file: 'src/app/serve.ts',
      find: '  using _crash = listenForCrash(log)\n',
      replace: '',
    },
  ]),
]
