import * as z from 'zod'
import { html, page } from './page.ts'
import { form, type Reply, redirect, view } from './route.ts'

/** Where to go after signing in: a path of Hepar itself, or else its start. */
const next = z
  .string()
  .max(2_000)
  .default('/login')
  .transform((text) => (/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text) ? text : '/login'))

const place = z.strictObject({ next })

export const loginPage = view(
  { path: '/login', access: 'open', summary: 'The page to sign in with a token', query: place },
  ({ query, desk }) => {
    const who = desk.who()
    if (who === null) return signInPage(query.next)
    const body = html`<p>You are ${who.name}, with the role ${who.role}.</p>
${
  who.session === null
    ? null
    : html`<form method="post" action="/logout"><input type="hidden" name="csrf" value="${who.session.csrf}">
<button>Sign out</button></form>`
}`
    return { status: 200, html: page('Signed in', body) }
  },
)

export const login = form(
  {
    path: '/login',
    access: 'open',
    summary: 'Sign in with a token: opens a session of 12 hours',
    query: z.strictObject({}),
    body: z.strictObject({ token: z.string().trim().min(1).max(4_096), next }),
    codes: { 303: 'Signed in.', 401: 'No known token.', 429: 'Too many wrong tokens.' },
  },
  ({ body, desk }) => {
    const outcome = desk.signIn(body.token)
    if (outcome.ok) return redirect(body.next, { 'Set-Cookie': outcome.cookie })
    const { status, reason, retryAfter } = outcome
    const wait = retryAfter === null ? '' : ` Wait ${retryAfter} s.`
    const reply = signInPage(body.next, reason + wait)
    return { ...reply, status, headers: retryAfter === null ? {} : { 'Retry-After': String(retryAfter) } }
  },
)

export const logout = form(
  {
    path: '/logout',
    access: 'known',
    summary: 'Sign out: ends the session',
    query: z.strictObject({}),
    body: z.strictObject({}),
    codes: { 303: 'Signed out.' },
  },
  ({ desk }) => redirect('/login', { 'Set-Cookie': desk.signOut() }),
)

function signInPage(to: string, problem: string | null = null): Reply {
  const body = html`${problem === null ? null : html`<p class="problem" role="alert">${problem}</p>`}
<form method="post" action="/login">
<input type="hidden" name="next" value="${to}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>
</form>
<p>A token comes from <code>hepar token create</code>, or from <code>auth.tokens</code> in hepar.yaml.</p>`
  return { status: 200, html: page('Sign in', body) }
}
