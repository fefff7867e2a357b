import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { somePatient } from '../kit/played-world.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate } from './simulate.ts'

/** What state and log each tell after a commit, counted by somebody who looks into the database from outside. */
const questions: Readonly<Record<string, readonly [state: string, log: string]>> = {
  intents: ['select count(*) n from attempts', "select count(*) n from audit where type = 'attempt.intended'"],
  'effects that ended': [
    "select count(*) n from attempts where json_extract(data, '$.effect') is not null",
    "select count(*) n from audit where type = 'attempt.effect_ended'",
  ],
  conclusions: [
    "select count(*) n from attempts where phase = 'concluded'",
    "select count(*) n from audit where type = 'attempt.concluded'",
  ],
  'incidents that act': [
    "select count(*) n from incidents where state = 'acting'",
    "select count(*) n from attempts where phase = 'acting'",
  ],
  'incidents that verify': [
    "select count(*) n from incidents where state = 'verifying'",
    "select count(*) n from attempts where phase = 'verifying'",
  ],
  closings: [
    "select count(*) n from incidents where state = 'closed'",
    "select count(*) n from audit where type = 'incident.closed'",
  ],
  'hand-overs': ['select count(*) n from outbox', "select count(*) n from audit where type = 'incident.handed_over'"],
  'decided alerts': [
    "select count(*) n from alerts where status = 'firing' or json_extract(data, '$.resolvedBy') = 'oracle'",
    `select coalesce(sum(json_array_length(alike.value, '$.fingerprints')), 0) n from audit,
      json_each(body, '$.decided') as alike where type = 'delivery.received'`,
  ],
}

/** Asks after each commit of the simulation. */
function listen({ store, folder }: Simulation) {
  const differences: object[] = []
  let commits = 0
  store.onCommit((events) => {
    commits += 1
    const db = new DatabaseSync(join(folder, 'hepar.db'), { readOnly: true })
    for (const [about, [state, log]] of Object.entries(questions)) {
      const [inState, inLog] = [state, log].map((sql) => db.prepare(sql).get()?.n)
      if (inState !== inLog) differences.push({ about, inState, inLog, after: events.map(({ type }) => type) })
    }
    db.close()
  })
  return { differences, commits: () => commits }
}

test('after every commit, state and log tell the same story', async () => {
  const patients = [somePatient('web'), somePatient('db', false), somePatient('cache')]
  const simulation = await simulate({ patients })
  const { differences, commits } = listen(simulation)
  for (const { name } of patients) await simulation.deliver(name, 'firing')
  for (let round = 0; round < 60; round += 1) {
    await simulation.settle()
    simulation.pass(3_000)
  }
  const incidents = await simulation.store.read.incidents({ limit: 9 })
  expect(incidents.map(({ state }) => state).toSorted()).toEqual(['closed', 'closed', 'handed_over'])
  expect(differences).toEqual([])
  expect(commits()).toBeGreaterThan(15)
})
