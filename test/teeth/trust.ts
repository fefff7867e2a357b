import { teethOf } from './tooth.ts'

const guesses = { file: 'src/http/failed-attempts.ts', test: 'test/http/failed-attempts.test.ts' }
const tokens = { file: 'src/engine/operate/tokens.ts', test: 'test/engine/tokens.test.ts' }
const ownership = { file: 'src/files/ownership.ts', test: 'test/files/ownership.test.ts' }

/** Whom and what Hepar believes: guesses, tokens it made, certificates, and files that others own. */
export const trust = [
  ...teethOf(guesses, [
    {
      takes: 'that whoever has many IPv6 addresses is one',
      find: '.slice(0, 4).join',
      replace: '.join',
      red: 'whoever has many IPv6 addresses has one network',
    },
    {
      takes: 'that each guess makes the wait longer',
      find: 'firstWaitMs * 2 ** over',
      replace: 'firstWaitMs',
      red: 'after ten failures the wait grows to five minutes, and ends',
    },
    {
      takes: 'that the wait of who guesses is bounded',
      find: 'Math.min(waitMsMax, firstWaitMs * 2 ** over)',
      replace: 'firstWaitMs * 2 ** over',
      red: 'after ten failures the wait grows to five minutes, and ends',
    },
    {
      takes: 'that a guess meanwhile is not looked at',
      file: 'src/http/doorkeeper.ts',
      find: "    if (waitMs > 0) return { kind: 'limited', waitMs }\n",
      replace: '',
      red: 'wrong tokens are limited, and lock out nobody',
    },
  ]),
  ...teethOf(tokens, [
    {
      takes: 'that no two tokens in force have one name',
      find: '[...inForce, ...configured].some',
      replace: 'configured.some',
      red: 'names in the log are clear',
    },
    {
      takes: 'that no token is named like one of the configuration',
      find: '[...inForce, ...configured].some',
      replace: 'inForce.some',
      red: 'names in the log are clear',
    },
    {
      takes: 'that tokens are bounded in number',
      find: '  if (inForce.length >= tokensMax) {',
      replace: '  if (inForce.length < 0) {',
      red: 'tokens are bounded in number',
    },
    {
      takes: 'that what is revoked stays so',
      find: 'one.name === name && one.revokedAt === null',
      replace: 'one.name === name',
      red: 'revoking is recorded, and what is not in force cannot be revoked',
    },
    {
      takes: 'that a revocation is heard at once',
      find: '        return { ...found, revokedAt: now }\n      })\n      known = await store.read.tokens()\n',
      replace: '        return { ...found, revokedAt: now }\n      })\n',
      red: 'revoking is recorded',
    },
    {
      takes: 'that the log knows of every new token',
      find: "        await tx.append([{ type: 'token.created', at: now, actor: by, body: { id, name, role, expiresAt } }])\n",
      replace: '',
      red: 'a token is shown once',
    },
    {
      takes: 'that only tokens which are long over are forgotten',
      find: 'forgetTokens(now - keptMs)',
      replace: 'forgetTokens(now)',
      red: 'tokens outlive a restart',
    },
    {
      takes: 'that a store with tokens says so from outside',
      file: 'src/adapters/store/token-table.ts',
      find: 'where revoked_at is null limit 1',
      replace: 'where revoked_at is not null limit 1',
      red: 'a store says from outside whether it has a token in force',
    },
  ]),
  ...teethOf({ test: 'test/http/auth.test.ts' }, [
    {
      takes: 'that a digest in the configuration is no token',
      file: 'src/http/credentials.ts',
      find: 'if (!written.startsWith(hashedPrefix)) return digestOf(written)',
      replace: 'if (written) return digestOf(written)',
      red: 'a token of hepar.yaml may stand there as its digest',
    },
  ]),
  ...teethOf(ownership, [
    {
      takes: 'that a file of another user is not believed',
      find: 'if (uid !== 0 && uid !== self.uid) {',
      replace: 'if (uid < 0) {',
      red: 'mode 384 of 1001:1000 is trusted or not',
    },
    {
      takes: 'that a file which a foreign group can change is not believed',
      find: 'if ((mode & 0o020) !== 0 && gid !== 0 && gid !== self.gid) {',
      replace: 'if ((mode & 0o020) !== 0 && gid < 0) {',
      red: 'mode 436 of 1000:50 is trusted or not',
    },
    {
      takes: 'that behind a link the folder of the real file counts',
      find: 'found.isDirectory() || real === path',
      replace: "found.isDirectory() || real !== ''",
      red: 'behind a link the folder of the real file counts, too',
    },
  ]),
  ...teethOf({ test: 'test/files/refused.test.ts' }, [
    {
      takes: 'that a folder of plugins others could change is refused',
      file: 'src/adapters/actions/catalogue.ts',
      find: '    if (why !== null)\n      return { files: [], broken',
      replace: "    if (why === '')\n      return { files: [], broken",
      red: 'a plugin that others could change, or that is not the pinned one',
    },
    {
      takes: 'that a folder of playbooks others could change is refused',
      file: 'src/adapters/rules/find-files.ts',
      find: '    if (why !== null) {\n      add(',
      replace: "    if (why === '') {\n      add(",
      red: 'a playbook that others could change is refused',
    },
  ]),
  ...teethOf({ test: 'test/http/tls.test.ts' }, [
    {
      takes: 'that a renewed certificate is taken over',
      file: 'src/http/listener.ts',
      find: 'if (next !== null) server.setSecureContext(contextOf(next))',
      replace: 'if (next !== null) contextOf(next)',
      red: 'a renewed certificate is taken over',
    },
    {
      takes: 'the warning of a key that everybody can read',
      file: 'src/config/tls.ts',
      find: 'if (isReadByOthers(tls.key)) {',
      replace: "if (tls.key === '') {",
      red: 'files that are no pair are named',
    },
    {
      takes: 'that under TLS a page of Hepar is one under TLS',
      file: 'src/http/origin.ts',
      find: "isEncrypted(socket) ? 'https' : 'http'",
      replace: "isEncrypted(socket) ? 'http' : 'http'",
      red: 'with a certificate Hepar speaks HTTPS alone',
    },
  ]),
]
