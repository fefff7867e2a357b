import { teethOf } from './tooth.ts'

const sessions = { test: 'test/http/sessions.test.ts' }
const policyOfPages = 'a page may show itself and send its forms, and nothing else'
const headers = 'every answer forbids caching, sniffing, framing and sharing'

/** What browsers are given and told: cookies, pages, and the headers of every answer. */
export const pages = [
  ...teethOf({ ...sessions, file: 'src/http/session-cookie.ts' }, [
    {
      takes: 'that no script reads the cookie of a session',
      find: 'HttpOnly; ',
      replace: '',
      red: 'the cookie is for this host, this path, and no script',
    },
    {
      takes: 'that no other page sends the cookie of a session',
      find: 'SameSite=Lax',
      replace: 'SameSite=None',
      red: 'the cookie is for this host, this path, and no script',
    },
    {
      takes: 'that a cookie under TLS is for TLS alone',
      find: "secure ? '; Secure' : ''",
      replace: "secure ? '' : ''",
      red: 'behind a proxy with TLS the cookie is Secure',
    },
    {
      takes: 'that a cookie under TLS is of this very host',
      find: "secure ? '__Host-hepar_session' : 'hepar_session'",
      replace: "secure ? 'hepar_session' : 'hepar_session'",
      red: 'behind a proxy with TLS the cookie is Secure',
    },
  ]),
  ...teethOf({ ...sessions, file: 'src/http/sessions.ts' }, [
    {
      takes: 'that the csrf value is one session’s own',
      find: "createHmac('sha256', id)",
      replace: "createHmac('sha256', 'hepar')",
      red: 'the csrf value of one session is worth nothing in another',
    },
    {
      takes: 'that sessions are bounded in total',
      find: '    while (sessions.size >= sessionsMax) sessions.delete(sessions.keys().next().value as string)\n',
      replace: '',
      red: 'sessions are bounded',
    },
  ]),
  ...teethOf({ ...sessions, file: 'src/http/doorkeeper.ts' }, [
    {
      takes: 'that signing out ends the session itself',
      find: '      if (id !== null) sessions.close(id)\n',
      replace: '',
      red: 'signing out ends the session, also for a copy of its cookie',
    },
    {
      takes: 'that a token of a machine opens no page',
      find: "if (!allows(found.token.role, 'viewer')) {",
      replace: "if (found.token.name === '') {",
      red: 'a token of a machine opens no page',
    },
  ]),
  ...teethOf({ ...sessions, file: 'src/http/dispatch.ts' }, [
    {
      takes: 'that the API asks a session for its csrf value',
      find: "if (route.face === 'api' && request.method !== 'GET'",
      replace: "if (route.face === 'page' && request.method !== 'GET'",
      red: 'what a session writes needs its csrf value',
    },
    {
      takes: 'that a form of a page carries its csrf value',
      find: "  doorkeeper.requireCsrf(who, headerOf(request, 'x-csrf-token') ?? csrf)\n",
      replace: '',
      red: 'signing out ends the session, also for a copy of its cookie',
    },
    {
      takes: 'that pages have a policy of their own',
      find: "  if ('html' in reply) setPageHeaders(response)\n",
      replace: '',
      red: policyOfPages,
    },
  ]),
  ...teethOf({ ...sessions, file: 'src/http/origin.ts', red: 'behind a proxy with TLS the cookie is Secure' }, [
    {
      takes: 'that an address which only ends like Hepar’s is another one',
      find: 'origin === new URL(externalUrl).origin',
      replace: 'origin.endsWith(new URL(externalUrl).host)',
    },
    {
      takes: 'that an address without TLS is another one',
      find: 'origin === new URL(externalUrl).origin',
      replace: 'new URL(origin).host === new URL(externalUrl).host',
    },
  ]),
  ...teethOf({ ...sessions, file: 'src/http/page.ts', red: policyOfPages }, [
    {
      takes: 'that a page loads nothing',
      find: '  "default-src \'none\'",\n',
      replace: '  "default-src \'self\'",\n',
    },
    {
      takes: 'that a page sends its forms to nobody else',
      find: '  "form-action \'self\'",\n',
      replace: '',
    },
    {
      takes: 'that a page has no other base',
      find: '  "base-uri \'none\'",\n',
      replace: '',
    },
    {
      takes: 'that a page is framed by nobody',
      find: '  "frame-ancestors \'none\'",\n',
      replace: '',
    },
  ]),
  ...teethOf({ test: 'test/http/approval-page.test.ts', file: 'src/http/approval-page.ts' }, [
    {
      takes: 'that the page of a plan shows what cannot be seen',
      find: '.map(visible)',
      replace: '',
      red: 'nothing that a label says hides',
    },
    {
      takes: 'that the form of a plan is bound to its ask',
      find: '<input type="hidden" name="ask" value="${asked.id}">\n',
      replace: '',
      red: 'the form is bound to this ask, this plan and this session',
    },
    {
      takes: 'that who may only look gets no form',
      find: "if (!allows(who.role, 'approver')) return",
      replace: "if (who.role === 'webhook') return",
      red: 'who may not decide, or comes too late, gets no form',
    },
  ]),
  ...teethOf({ test: 'test/http/api.test.ts', file: 'src/http/headers.ts', red: headers }, [
    {
      takes: 'that answers are not cached',
      find: "  ['Cache-Control', 'no-store'],\n",
      replace: '',
    },
    {
      takes: 'that answers are not sniffed',
      find: "  ['X-Content-Type-Options', 'nosniff'],\n",
      replace: '',
    },
    {
      takes: 'that answers are not framed',
      find: "  ['X-Frame-Options', 'DENY'],\n",
      replace: '',
    },
    {
      takes: 'that other origins do not get at answers',
      find: "  ['Cross-Origin-Resource-Policy', 'same-origin'],\n",
      replace: '',
    },
    {
      takes: 'that what is no page may show nothing',
      find: "default-src 'none'; frame-ancestors",
      replace: "default-src 'self'; frame-ancestors",
    },
  ]),
]
