import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { playbookJsonSchema } from '../../src/adapters/rules/json-schema.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'

const shipped = (name: string) => parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))

/** Reads the schema back as an editor would. */
function accepts(schema: object, value: unknown): boolean {
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success
}

test('both schemas are draft 7 and plain JSON', () => {
  for (const schema of [configJsonSchema(), playbookJsonSchema()]) {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
    expect(JSON.stringify(schema)).not.toContain('shorthand')
  }
})

test('the shipped files fit their schemas and a mistyped key does not', () => {
  const config = shipped('hepar.yaml')
  expect(accepts(configJsonSchema(), config)).toBe(true)
  expect(accepts(configJsonSchema(), { ...config, modes: 'auto' })).toBe(false)
  expect(accepts(configJsonSchema(), { ...config, mode: 'atuo' })).toBe(false)
  expect(accepts(configJsonSchema(), { sources: [{ name: 'a', prometheus: { url: 'http://p', bearr: 'x' } }] })).toBe(
    false,
  )
})

test('a playbook fits its schema, a mistyped one does not', () => {
  const schema = playbookJsonSchema()
  const playbook = shipped('rules/container-unhealthy.yaml')
  expect(accepts(schema, playbook)).toBe(true)
  expect(accepts(schema, { ...playbook, when: undefined })).toBe(false)
  expect(accepts(schema, { ...playbook, verfy: [] })).toBe(false)
  expect(accepts(schema, { ...playbook, steps: [{ actoin: 'x' }] })).toBe(false)
  expect(accepts(schema, { ...playbook, when: { all: [] } })).toBe(false)
  const compare = (over: object) => ({ all: [{ fact: 'labels', path: '$.a', operator: 'equal', value: 'x', ...over }] })
  expect(accepts(schema, { ...playbook, when: compare({ operator: 'not:regex' }) })).toBe(true)
  expect(accepts(schema, { ...playbook, when: compare({ operator: 'equals' }) })).toBe(false)
  expect(accepts(schema, { ...playbook, when: { not: { any: [compare({})] } } })).toBe(true)
})
