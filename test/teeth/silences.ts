import { teethOf } from './tooth.ts'

const planning = { file: 'src/engine/silence/plan-silences.ts', test: 'test/engine/plan-silences.test.ts' }
const settling = { file: 'src/engine/silence/settle-silences.ts', test: 'test/engine/silencing.test.ts' }
const looking = { file: 'src/engine/silence/silencing.ts', test: 'test/engine/silencing.test.ts' }
const silencer = {
  file: 'src/adapters/alertmanager/silencers.ts',
  test: 'test/adapters/alertmanager/silencers.test.ts',
}

/** That a silence covers one alert, lasts no longer than its attempt, and never becomes a reason of its own. */
export const silences = [
  ...teethOf(planning, [
    {
      takes: 'that what nobody wants is expired',
      find: "if (one === undefined) commands.push({ do: 'expire', silence })",
      replace: 'if (one === undefined) continue',
      red: 'what is missing is set, what is there is left, what nobody wants is expired',
    },
    {
      takes: 'that a silence is renewed in time',
      find: 'silence.endsAt - now < ttlMs / 2',
      replace: 'silence.endsAt - now < 0',
      red: 'one that has less than half of its life left is extended',
    },
    {
      takes: 'that a silence belongs to one attempt',
      find: 'digestOf([attempt, labels])',
      replace: 'digestOf([labels])',
      red: 'a silence is wanted for one attempt and one set of labels alone',
    },
    {
      takes: 'that all Alertmanagers keep the same of two',
      find: 'ours.toSorted((a, b) => a.id.localeCompare(b.id))',
      replace: 'ours',
      red: 'of two for the same alert every Alertmanager keeps the same one',
    },
  ]),
  ...teethOf(settling, [
    {
      takes: 'that another Hepar’s silences are left alone',
      find: 'if (attempt !== null) owners.set(id, attempt)',
      replace: 'owners.set(id, attempt ?? ({ id } as Attempt))',
      red: 'what another Hepar silences is left alone',
    },
    {
      takes: 'that a failing Alertmanager is recorded once',
      find: '  if (already.has(alertmanager)) return\n',
      replace: '',
      red: 'an Alertmanager that cannot be reached is recorded once for each attempt',
    },
  ]),
  ...teethOf(looking, [
    {
      takes: 'that a stop expires what is left',
      find: '      await settle([]).catch(onError)\n',
      replace: '',
      red: 'closing leaves no silence behind',
    },
    {
      takes: 'that what an earlier process left is looked for',
      find: 'inForceUntil.set(name, clock.now() + ttlMs())\n      rounds.kick()',
      replace: 'void name\n      rounds.kick()',
      red: 'what another Hepar silences is left alone, what an earlier life of this one left is expired',
    },
  ]),
  ...teethOf(silencer, [
    {
      takes: 'that a silence ends by the clock of its Alertmanager',
      find: 'new Date(ms + skewMs).toISOString()',
      replace: 'new Date(ms).toISOString()',
      red: 'a silence ends by the clock of its Alertmanager',
    },
    {
      takes: 'that a label is matched as it is',
      find: 'isRegex: false',
      replace: 'isRegex: true',
      red: 'a silence covers the alert of exactly these labels',
    },
    {
      takes: 'that only what bears the whole mark is Hepar’s',
      file: 'src/adapters/alertmanager/mark.ts',
      find: "return createdBy === 'hepar' ? ",
      replace: "return createdBy !== '' ? ",
      red: 'what people silence is never listed',
    },
  ]),
  ...teethOf({ test: 'test/engine/assess.test.ts' }, [
    {
      takes: 'that another Hepar’s silence counts as anybody’s',
      file: 'src/engine/assess/gather.ts',
      find: 'if ((await read.attempt(attempt)) === null) foreign.push(id)',
      replace: 'void [read, attempt, id]',
      red: 'a silence that this Hepar set while it healed is in nobody’s way',
    },
  ]),
  ...teethOf({ test: 'test/adapters/sources/sources.test.ts' }, [
    {
      takes: 'that a silence younger than the list of them is known for what it is',
      file: 'src/adapters/sources/sources.ts',
      find: '  if (!young) return {',
      replace: '  if (!young || young) return {',
      red: 'a silence that Hepar set a moment ago is known for what it is',
    },
  ]),
]
