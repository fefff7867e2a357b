import { expect, test } from 'vitest'
import { routes } from '../../src/http/routes.ts'
import { fakeWorld } from './fake-parts.ts'
import { serve } from './serve.ts'

type Operation = {
  operationId: string
  parameters: { name: string; in: string }[]
  responses: Record<string, unknown>
  security?: unknown
  requestBody?: unknown
}

test('the document describes every route with its parameters, body and refusals', async () => {
  const { ask } = await serve(fakeWorld())
  const { body } = await ask('/openapi.json')
  expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Hepar', version: '1.2.3' } })
  const paths = body.paths as Record<string, Record<string, Operation>>
  const ids = new Set<string>()
  for (const { method, path, access, body: wanted } of routes) {
    const operation = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method]
    expect(operation, path).toBeDefined()
    ids.add(operation!.operationId)
    for (const [, name] of path.matchAll(/:(\w+)/g)) {
      expect(operation!.parameters).toContainEqual(expect.objectContaining({ name, in: 'path' }))
    }
    expect(operation!.requestBody !== undefined).toBe(wanted !== null)
    expect(operation!.security !== undefined).toBe(access !== 'open')
    expect(operation!.responses['200']).toBeDefined()
  }
  expect(ids.size).toBe(routes.length)
  const listed = paths['/api/v1/incidents']!.get!.parameters.map(({ name }) => name)
  expect(listed).toEqual(['state', 'ending', 'playbook', 'target', 'since', 'cursor', 'limit'])
})
