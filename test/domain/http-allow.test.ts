import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { climbs, permit, readRule, readUrl } from '../../src/domain/http-allow.ts'
import { allowing } from '../kit/allowing.ts'

const ok = (url: string, ...rules: readonly string[]) => permit(url, allowing(...rules)).ok

describe('a URL is permitted', () => {
  test.each([
    ['http://web/', 'http://web'],
    ['http://web:80/x?y=1', 'http://web/'],
    ['https://web/health', 'https://web:443/health'],
    ['http://web/health/db', 'http://web/health'],
    ['http://web/health?x=/../y', 'http://web/health/'],
    ['http://WEB/health', 'http://web/health'],
    ['http://a.example.org/', 'http://*.example.org'],
    ['http://bücher.example/', 'http://xn--bcher-kva.example'],
    ['http://xn--bcher-kva.example/', 'http://bücher.example'],
    ['http://[::1]:8080/', 'http://[0:0:0:0:0:0:0:1]:8080'],
    ['http://2130706433/', 'http://127.0.0.1'],
    ['http://web/a%2Fb', 'http://web/'],
  ])('%s by %s', (url, rule) => expect(ok(url, rule)).toBe(true))

  test('by any of several rules', () => {
    expect(ok('http://b/', 'http://a', 'http://b')).toBe(true)
  })
})

describe('a URL is not permitted', () => {
  test.each([
    ['another scheme', 'https://web:80/', 'http://web'],
    ['another port', 'http://web:81/', 'http://web'],
    ['another host', 'http://web2/', 'http://web'],
    ['a longer host', 'http://web.evil.example/', 'http://web'],
    ['a host that ends the same', 'http://evilexample.org/', 'http://*.example.org'],
    ['no part for the star', 'http://example.org/', 'http://*.example.org'],
    ['two parts for the star', 'http://a.b.example.org/', 'http://*.example.org'],
    ['a path beside', 'http://web/healthy', 'http://web/health'],
    ['a path above', 'http://web/', 'http://web/health'],
    ['a path of other case', 'http://web/HEALTH', 'http://web/health'],
    ['a look-alike of another script', 'http://wеb/', 'http://web'],
    ['a mapped address', 'http://[::ffff:127.0.0.1]/', 'http://127.0.0.1'],
  ])('with %s: %s by %s', (_, url, rule) => {
    expect(ok(url, rule)).toBe(false)
  })

  test('without any rule, and the reason says what to add but not the path', () => {
    expect(permit('http://web:8080/hooks/s3cret', [])).toEqual({
      ok: false,
      reason:
        'http://web:8080 is not allow-listed for this path: add it to http.allow, alone or with the beginning of the path',
    })
  })
})

describe('a URL is refused, although a parser would take it', () => {
  test.each([
    ['credentials', 'http://me:word@web/'],
    ['a user alone', 'http://me@web/'],
    ['a line break', 'http://web/\r\nx'],
    ['a tab', 'http://we\tb/'],
    ['white space around', ' http://web/'],
    ['a no-break space', 'http://web/\u00a0'],
    ['a backslash', 'http://web\\@evil/'],
    ['a dot at the end of the host', 'http://web./'],
    ['no slashes', 'http:web/'],
    ['three slashes', 'http:///web/'],
    ['another scheme', 'file:///etc/passwd'],
    ['a socket', 'unix:/run/docker.sock'],
    ['a socket in a host', 'http+unix://%2Frun%2Fdocker.sock/'],
    ['a path that climbs', 'http://web/a/../b'],
    ['a path that climbs encoded', 'http://web/a/%2e%2E/b'],
    ['a path that climbs within a part', 'http://web/a%2f..%2fb'],
    ['a path that climbs twice encoded', 'http://web/a/%252e%252e/b'],
    ['a path that climbs by a parameter', 'http://web/a/..;/b'],
    ['a path that climbs backwards', 'http://web/a%5c..%5cb'],
    ['half a character', 'http://web/\ud800'],
    ['far too many characters', `http://web/${'x'.repeat(5_000)}`],
    ['nothing at all', ''],
  ])('refused for %s', (_, url) => {
    expect(readUrl(url).ok).toBe(false)
    expect(ok(url, 'http://web')).toBe(false)
  })

  test('whatever stands before the host, it is the host that decides', () => {
    const part = fc.string({ unit: fc.constantFrom(...'web/\\@:?#.%2f0x[]\t', 'evil'), maxLength: 12 })
    fc.assert(
      fc.property(part, part, (before, after) => {
        const text = `http://${before}${after}`
        const permitted = permit(text, allowing('http://web'))
        if (!permitted.ok) return
        expect(permitted.url.hostname).toBe('web')
        expect(permitted.url.port).toBe('')
        expect(text.toLowerCase()).toMatch(/^http:\/\/web(:80|:)?([/?#]|$)/)
      }),
      { numRuns: 5_000 },
    )
  })

  test('no path leaves its beginning, however it is encoded', () => {
    const piece = fc.constantFrom(
      '.',
      '..',
      '%2e',
      '%252e',
      '%2f',
      '%5c',
      '%255c',
      ';',
      'a',
      '/',
      '%25',
      '2e',
      '\u002e',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = `http://web/api/${pieces.join('')}`
        if (!ok(text, 'http://web/api')) return
        // As the most obliging of servers would read it.
        let path = new URL(text).pathname
        for (let times = 0; times < 8; times += 1) {
          path = path.replace(/%([0-9a-f]{2})/gi, (_all, code: string) =>
            String.fromCharCode(Number.parseInt(code, 16)),
          )
        }
        const normal = new URL(`http://x${path.replaceAll('\\', '/').replace(/;[^/]*/g, '')}`).pathname
        expect(`${normal}/`.startsWith('/api/'), `${text} → ${normal}`).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('and one that is encoded without end counts as climbing', () => {
    expect(climbs(`http://web/${'%25'.repeat(1)}${'25'.repeat(20)}2e`)).toBe(true)
  })
})

describe('a rule', () => {
  test('is a URL in parts', () => {
    expect(readRule('https://*.Example.ORG:8443/health/')).toEqual({
      ok: true,
      rule: { scheme: 'https:', host: '*.example.org', port: 8443, path: '/health', addresses: [], redirectsMax: 0 },
    })
  })

  test.each([
    'web:8080',
    'ftp://web/',
    'http://',
    'http://*',
    'http://*.org',
    'http://*.*.org',
    'http://a*.example.org',
    'http://a.*.example.org',
    'http://web/health?x=1',
    'http://web/#x',
    'http://web/*',
    'http://me:word@web/',
    'http://web./',
    'http://169.254.169.254/',
    'http://0.0.0.0:80/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
  ])('%s is none', (text) => {
    expect(readRule(text)).toEqual({ ok: false, reason: expect.any(String) })
  })
})
