import type { Config, Peer } from '../domain/config.ts'

/** Every secret value of a configuration, for the log to leave out. */
export function secretsOf({ auth, sources, notify, redis }: Config): readonly string[] {
  const peers = [
    ...sources.flatMap(({ alertmanagers, prometheus }) => [...alertmanagers, ...(prometheus ? [prometheus] : [])]),
    ...notify.map(({ peer }) => peer),
  ]
  const passwords = redis.flatMap(({ password }) => (password ? [password.reveal()] : []))
  return [...auth.tokens.map(({ token }) => token.reveal()), ...peers.flatMap(secretsOfPeer), ...passwords]
}

const secretHeader = /auth|token|key|secret|cookie/i

function secretsOfPeer({ bearer, basic, headers }: Peer): readonly string[] {
  const carried = Object.entries(headers).filter(([name]) => secretHeader.test(name))
  return [bearer?.reveal(), basic?.password.reveal(), ...carried.map(([, value]) => value)].filter(
    (value) => value !== undefined,
  )
}
