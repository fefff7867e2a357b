import * as z from 'zod'
import type { JsonObject } from '../domain/json.ts'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of a route table. */
export function describeApi(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: describeRoute(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Hepar', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        session: { type: 'apiKey', in: 'cookie', name: 'hepar_session' },
      },
      schemas: { Error: errorSchema, Delivery: deliverySchema },
    },
  }
}

function describeRoute(route: Route) {
  const body = bodySchema(route)
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replace(/[/:.]+(\w)/g, (_, first: string) => first.toUpperCase())}`,
    ...(route.access !== 'open' && {
      description: route.access === 'known' ? 'Needs any role.' : `Needs the role ${route.access}.`,
      security: [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    }),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body !== null && {
      requestBody: { required: needsBody(route), content: { [bodyType(route)]: { schema: body } } },
    }),
    responses: responses(route),
  }
}

function pathParameters({ path }: Route) {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: Route) {
  if (query === null) return []
  const { properties = {}, required = [] } = jsonSchema(query) as { properties?: JsonObject; required?: string[] }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function bodySchema({ body }: Route) {
  if (body === null) return null
  if (body === 'signed') return { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] }
  return body === 'delivery' ? { $ref: '#/components/schemas/Delivery' } : jsonSchema(body)
}

function bodyType({ face, body }: Route): string {
  return face === 'page' || body === 'signed' ? 'application/x-www-form-urlencoded' : 'application/json'
}

function needsBody({ body }: Route): boolean {
  return body === 'delivery' || body === 'signed' || (body !== null && !body.safeParse({}).success)
}

function responses(route: Route) {
  const type = answerType(route)
  const good = {
    description: 'Done.',
    content: { [type]: { schema: type === 'application/json' ? {} : { type: 'string' } } },
  }
  const listed = { ...refusals(route), ...route.codes }
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  const others = Object.entries(listed).map(([code, description]) => [code, { description, content }])
  return { 200: good, ...Object.fromEntries(others) }
}

function answerType({ path, face }: Route): string {
  if (face === 'page') return 'text/html'
  return path === '/metrics' ? 'text/plain' : 'application/json'
}

function refusals({ access, body }: Route): Readonly<Record<number, string>> {
  return {
    400: 'The request is wrong.',
    ...(access !== 'open' && { 401: 'No known token.', 403: 'The role does not suffice.' }),
    ...(access !== 'open' && { 429: 'Too many wrong tokens came from this address.' }),
    ...(body !== null && { 413: 'The body is too large.', 415: 'The body is not plain JSON.' }),
    503: 'Not now; try again.',
  }
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'next'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, next: { type: 'string' } },
    },
  },
}

const deliverySchema = {
  type: 'object',
  description: 'The webhook body of Alertmanager, version 4; unknown fields are ignored.',
  required: ['alerts'],
  properties: {
    receiver: { type: 'string' },
    groupKey: { type: 'string' },
    groupLabels: { type: 'object', additionalProperties: { type: 'string' } },
    externalURL: { type: 'string' },
    truncatedAlerts: { type: 'integer', minimum: 0 },
    alerts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['status', 'labels', 'startsAt', 'fingerprint'],
        properties: {
          status: { enum: ['firing', 'resolved'] },
          fingerprint: { type: 'string' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          annotations: { type: 'object', additionalProperties: { type: 'string' } },
          startsAt: { type: 'string', format: 'date-time' },
          endsAt: { type: 'string', format: 'date-time' },
          generatorURL: { type: 'string' },
        },
      },
    },
  },
}
