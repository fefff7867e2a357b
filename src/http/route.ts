import type * as z from 'zod'
import type { Delivery } from '../domain/alert.ts'
import type { Access, Principal } from './auth.ts'
import type { HttpParts } from './parts.ts'

/** A parsed request: everything a handler may know. */
export interface Asked<Query, Body> {
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  readonly who: Principal
  /** For the audit log, such as `operator:alice`. */
  readonly by: string
}

/** `json` is the answer's body; `text` with a content type for what is not JSON. */
export type Reply =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly text: string; readonly contentType: string }

interface RouteShape {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** Express form, such as `/api/v1/incidents/:id`. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  /** Codes besides 200 that have a meaning of their own here. */
  readonly codes?: Readonly<Record<number, string>>
}

/** One row of the route table, from which serving, authorisation, 405 and the OpenAPI document derive. */
export interface Route extends RouteShape {
  readonly query: z.ZodType | null
  /** `delivery` is a webhook body, read raw and hashed; a schema is small JSON; `null` is none. */
  readonly body: z.ZodType | 'delivery' | null
  readonly handle: (asked: Asked<never, never>, parts: HttpParts) => Promise<Reply> | Reply
}

type Handle<Query, Body> = (asked: Asked<Query, Body>, parts: HttpParts) => Promise<Reply> | Reply

/** A route without a body; `query` is parsed by the schema. */
export function read<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, null>,
): Route {
  return { ...shape, method: 'get', body: null, handle }
}

/** A route with a small JSON body. */
export function write<Q extends z.ZodType, B extends z.ZodType>(
  shape: RouteShape & { readonly query: Q; readonly body: B },
  handle: Handle<z.output<Q>, z.output<B>>,
): Route {
  return { ...shape, handle }
}

/** A route that takes away what its path names, without a body. */
export function remove<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, null>,
): Route {
  return { ...shape, method: 'delete', body: null, handle }
}

/** A route that takes an Alertmanager webhook body. */
export function delivery<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, Delivery>,
): Route {
  return { ...shape, method: 'post', body: 'delivery', handle }
}

export function ok(json: unknown, status = 200): Reply {
  return { status, json }
}
