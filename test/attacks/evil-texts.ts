// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts that look like templates are the point
const wide = 'a'.repeat(40_000)

/** What somebody could write into a label so that it means more than text, by what it tries. */
export const evilTexts: Readonly<Record<string, string>> = {
  'a template': '{{ labels.alertname }} {{constructor.constructor("return process")()}}',
  'other templates': '${7*7} #{7*7} <%= 7*7 %> {%25 raw %25} ${{ env.HOME }} %{7*7} `id`',
  'a prototype': '__proto__.constructor',
  'a shell': '; touch PWNED; $(touch PWNED) `touch PWNED` | touch PWNED && touch PWNED > PWNED',
  'words of a shell': '\' " \\ * ? ~ ! $HOME $IFS',
  'an option': '--output=PWNED',
  'an option of find': '-delete',
  'another line': 'web\ntouch PWNED\r\nX-Injected: yes',
  'a path': '../../../../../../etc/passwd',
  'an encoded path': '..%2f..%2f%2e%2e/etc/shadow',
  'a URL': 'http://169.254.169.254/latest/meta-data/#@127.0.0.1',
  'a query': '"} == 1 or vector(1) # {name="',
  'a query with a backslash': '\\"} or up{name="\\',
  'JSONPath with a script': '$..[?(@.constructor.constructor("process.exit()")())]',
  'a JSON pointer and a pollution': '{"__proto__":{"admin":true}}',
  SQL: "'; drop table audit; --",
  'a page': '<script src=//evil></script><img src=x onerror=alert(1)>&lt;',
  'a chat message': '<!channel> <@U1> *bold* [link](http://evil) |',
  'a log line': '{"level":60,"msg":"forged"}',
  'a terminal': '\u001b[2J\u001b]0;owned\u0007\u001b[31mred',
  'right to left': 'shop\u202egpj.exe\u202c',
  'nothing to see': 'sh\u200bop\u200d\u2060\ufeff',
  'lines of Unicode': 'a\u2028b\u2029c\u0085d',
  'a regex that explodes': `${wide}!`,
  'a regex': '^(a+)+$|(?=x)(.*)*',
  'a formula': "=cmd|' /C calc'!A0",
  'a long word': 'é'.repeat(20_000),
}
