import type * as z from 'zod'
import type { Delivery } from '../domain/alert.ts'
import type { Access, Principal } from './auth.ts'
import type { SignIn } from './doorkeeper.ts'
import type { HttpParts } from './parts.ts'
import type { Signed } from './slack-signature.ts'

/** A parsed request: everything a handler may know. */
export interface Asked<Query, Body> {
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  readonly who: Principal
  readonly desk: Desk
  /** For the audit log, such as `operator:alice`. */
  readonly by: string
}

/** Signing in and out, for the pages that do it. */
export interface Desk {
  /** Who asks, also on a route that is open; `null` for nobody known. */
  who(): Principal | null
  signIn(token: string): SignIn
  /** Gives the cookie that takes the place of the session's. */
  signOut(): string
}

/** `json` is the answer's body; `html` a whole page; `text` with a content type for everything else. */
export type Reply = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly json: unknown }
  | { readonly html: string }
  | { readonly text: string; readonly contentType: string }
)

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
  /** `delivery` is a webhook body, read raw and hashed, `signed` one that its handler proves; a schema is small JSON or a form; `null` is none. */
  readonly body: z.ZodType | 'delivery' | 'signed' | null
  /** How it comes and goes: `page` takes forms and answers people, everything else is for programs. */
  readonly face: 'api' | 'page'
  readonly handle: (asked: Asked<never, never>, parts: HttpParts) => Promise<Reply> | Reply
}

type Handle<Query, Body> = (asked: Asked<Query, Body>, parts: HttpParts) => Promise<Reply> | Reply

/** A route without a body; `query` is parsed by the schema. */
export function read<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, null>,
): Route {
  return { ...shape, method: 'get', body: null, face: 'api', handle }
}

/** A route with a small JSON body. */
export function write<Q extends z.ZodType, B extends z.ZodType>(
  shape: RouteShape & { readonly query: Q; readonly body: B },
  handle: Handle<z.output<Q>, z.output<B>>,
): Route {
  return { ...shape, face: 'api', handle }
}

/** A route that takes away what its path names, without a body. */
export function remove<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, null>,
): Route {
  return { ...shape, method: 'delete', body: null, face: 'api', handle }
}

/** A route that takes an Alertmanager webhook body. */
export function delivery<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, Delivery>,
): Route {
  return { ...shape, method: 'post', body: 'delivery', face: 'api', handle }
}

/** A route for a form whose sender proves himself by a signature over its bytes, and by nothing else. */
export function signed<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, Signed>,
): Route {
  return { ...shape, method: 'post', body: 'signed', face: 'api', handle }
}

/** A page. Whoever is not signed in is led to `/login` and back. */
export function view<Q extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q },
  handle: Handle<z.output<Q>, null>,
): Route {
  return { ...shape, method: 'get', body: null, face: 'page', handle }
}

/** Takes a form of a page. Its field `csrf` is checked before, and not among what the handler gets. */
export function form<Q extends z.ZodType, B extends z.ZodType>(
  shape: Omit<RouteShape, 'method'> & { readonly query: Q; readonly body: B },
  handle: Handle<z.output<Q>, z.output<B>>,
): Route {
  return { ...shape, method: 'post', face: 'page', handle }
}

/** Sends a browser to another page after a form. */
export function redirect(to: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 303, html: '', headers: { Location: to, ...headers } }
}

export function ok(json: unknown, status = 200): Reply {
  return { status, json }
}
