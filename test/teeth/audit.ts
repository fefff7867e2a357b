import { teethOf } from './tooth.ts'

const chain = { file: 'src/adapters/store/chain.ts', test: 'test/adapters/store/chain.test.ts' }
const verify = { file: 'src/adapters/store/verify-log.ts', test: 'test/adapters/store/verify-log.test.ts' }
const key = { file: 'src/adapters/store/audit-key.ts', test: 'test/adapters/store/audit-key.test.ts' }

/** The chain of the audit log, its keys and its checkpoints. */
export const audit = [
  ...teethOf(chain, [
    {
      takes: 'that each line is bound to the one before',
      find: 'hmacSha256(secret, previousMac + text)',
      replace: 'hmacSha256(secret, text)',
      red: 'a line of the log > is noticed when its header was changed',
    },
    {
      takes: 'the mac of a line',
      find: 'if (macOf(key.secret, before.mac, header) !== line.mac) {',
      replace: "if (macOf(key.secret, before.mac, header) === '') {",
      red: 'a line of the log > is noticed when its header was changed',
    },
    {
      takes: 'that a header binds every one of its fields',
      find: 'const text = JSON.stringify({ actor, at, attempt, digest, incident, keyId, playbook, seq, target, type })',
      replace: 'const text = JSON.stringify({ at, attempt, digest, incident, keyId, playbook, seq, target, type })',
      red: 'the mac runs over the previous mac and the canonical header',
    },
    {
      takes: 'the digest of a body',
      find: "typeof line.body !== 'string' || sha256(line.body) !== line.digest",
      replace: "typeof line.body !== 'string'",
      red: 'a line of the log > is noticed when its body was changed',
    },
    {
      takes: 'that no number is missing',
      find: '  if (seq > expected) return bad(',
      replace: '  if (seq < 0) return bad(',
      red: 'a line of the log > is noticed when one before it is missing',
    },
    {
      takes: 'that no number comes twice',
      find: '  if (seq < expected) return bad(',
      replace: '  if (seq < 0) return bad(',
      red: 'a line of the log > is noticed when one before it is missing',
    },
    {
      takes: 'that only keys of the file sign',
      find: 'keys.all.findIndex(({ id }) => id === line.keyId)',
      replace: 'Math.max(0, keys.all.findIndex(({ id }) => id === line.keyId))',
      red: 'a line of the log > is noticed when a key signed it that is not in the file',
    },
    {
      takes: 'that a change of key says so',
      find: 'if (!newer || !announced) return',
      replace: 'if (!newer) return',
      red: 'a line of the log > may change the key only forward',
    },
    {
      takes: 'that an old key cannot take the log over',
      find: 'if (!newer || !announced) return',
      replace: 'if (!announced) return',
      red: 'a line of the log > may change the key only forward',
    },
  ]),
  ...teethOf(verify, [
    {
      takes: 'that a cut end is noticed by its checkpoint',
      find: 'if (checkpoint !== undefined && checkpoint.seq > seq) {',
      replace: 'if (checkpoint !== undefined && seq < 0) {',
      red: 'a cut end shows only against a checkpoint',
    },
    {
      takes: 'that a log which was written anew is noticed by its checkpoint',
      find: 'if (position.seq === checkpoint?.seq && position.mac !== checkpoint.mac) {',
      replace: "if (position.seq === checkpoint?.seq && checkpoint.mac === '') {",
      red: 'a log that was cut and written on differs from the checkpoint',
    },
  ]),
  ...teethOf(key, [
    {
      takes: 'that a key which others may read is refused',
      find: 'if ((mode & 0o077) !== 0) throw',
      replace: 'if ((mode & 0o077) === 0o777) throw',
      red: 'a key file that others may read is refused',
    },
    {
      takes: 'that a mangled key is noticed',
      find: 'key.length !== keyBytes || idOf(key) !== id',
      replace: 'key.length !== keyBytes',
      red: 'a damaged key file is refused by line',
    },
    {
      takes: 'that a lost key is never replaced by a new one',
      find: '  if (events === 0) return createAuditKey(file)\n',
      replace: '  if (events >= 0) return createAuditKey(file)\n',
      red: 'a key file is made only for a log without events',
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/sqlite-store.ts' }, [
    {
      takes: 'that a store with a log that does not verify is not opened',
      test: 'test/adapters/store/store-file.test.ts',
      find: 'const lastKeyId = await verifyTail(file, head.seq, keys)',
      replace: 'const lastKeyId = head.seq > 0 ? keys.current.id : null',
      red: 'a log whose last events do not verify is refused at the start',
    },
    {
      takes: 'that a new key is announced in the log',
      test: 'test/adapters/store/sqlite-store.test.ts',
      find: '    if (lastKeyId !== null && lastKeyId !== keys.current.id) await recordKeyChange(store, lastKeyId, keys, clock)\n',
      replace: '',
      red: 'a new key is announced in the log at the next start',
    },
  ]),
]
