import { teethOf } from './tooth.ts'

const remember = { file: 'src/engine/match/remember.ts', test: 'test/engine/match.test.ts' }
const large = { test: 'test/http/large-deliveries.test.ts' }
const log = { file: 'src/adapters/store/log-lines.ts', test: 'test/adapters/store/verify-log.test.ts' }

/** What makes intake quick, and must not make it wrong or hold everybody else. */
export const intake = [
  ...teethOf(remember, [
    {
      takes: 'that an answer which depends on the clock is not remembered',
      find: "  if (leaves.some(({ operator }) => operator.endsWith('olderThan'))) return null\n",
      replace: '',
      red: 'what a matcher remembers > an answer that depends on the clock is asked again',
    },
    {
      takes: 'that conditions inside others are looked at, too',
      find: "  return 'not' in condition ? leavesOf(condition.not) : [condition]",
      replace: "  return 'not' in condition ? [] : [condition]",
      red: 'what a matcher remembers > an answer is that of the same values',
    },
  ]),
  ...teethOf(large, [
    {
      takes: 'that a large body is read on another thread',
      file: 'src/http/large-deliveries.ts',
      find: '      worker ??= start()\n',
      replace:
        "      if (raw.length > 0) return (await import('./read-delivery.ts')).readDelivery(raw, limits)\n      worker ??= start()\n",
      red: 'while a large body is read the event loop is free',
    },
    {
      takes: 'that a large delivery is unpacked in parts',
      file: 'src/http/delivery-parts.ts',
      find: 'const alertsPerPart = 250',
      replace: 'const alertsPerPart = 1_000_000',
      red: 'while a large body is read the event loop is free',
    },
    {
      takes: 'that others get their turn between two parts of a large delivery',
      file: 'src/http/delivery-parts.ts',
      find: '    await new Promise<void>((resolve) => setImmediate(resolve))\n',
      replace: '    await undefined\n',
      red: 'while a large body is read the event loop is free',
    },
    {
      takes: 'that label maps from the other thread have no prototype',
      file: 'src/http/delivery-parts.ts',
      find: '  return Object.assign(Object.create(null), labels)',
      replace: '  return { ...labels }',
      red: 'label maps that came from the other thread have no prototype',
    },
    {
      takes: 'that a swarm of tiny values is refused before it is made',
      file: 'src/http/delivery-worker.ts',
      find: '    refuseSwarm(raw, limits)\n',
      replace: '',
      red: 'a body that is a swarm of tiny values is refused',
    },
    {
      takes: 'that a closing reader answers what it was reading',
      file: 'src/http/large-deliveries.ts',
      find: '    for (const { reject } of lost) reject(gone())\n',
      replace: '',
      red: 'what was being read when the reader closes is not answered as read',
      hangs: true,
    },
  ]),
  ...teethOf(log, [
    {
      takes: 'that a digest spelled otherwise counts as changed',
      find: 'return stored instanceof Uint8Array ? hexOf(stored) : null',
      replace: 'return stored instanceof Uint8Array ? hexOf(stored) : String(stored)',
      red: 'any change, removal, insertion and reordering is found at the very event',
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/group-commit.ts', test: 'test/adapters/store/group-commit.test.ts' }, [
    {
      takes: 'that a group ends before it keeps the event loop for long',
      find: '      if (started > 0 && workedMs() >= endAt) break\n',
      replace: '',
      red: 'a group that takes long is committed, and the rest waits for the next one',
    },
    {
      takes: 'that jobs which a group left are done by the next one',
      find: '      if (left.length > 0) waiting = [...left, ...waiting]\n',
      replace: '',
      red: 'a group that takes long is committed, and the rest waits for the next one',
      hangs: true,
    },
  ]),
]
