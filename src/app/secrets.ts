import type { Config, Peer } from '../domain/config.ts'

/** Every secret value of a configuration, for the log to leave out. */
export function secretsOf({ auth, sources, notify, services }: Config): readonly string[] {
  const peers = [
    ...sources.flatMap(({ alertmanagers, prometheus }) => [...alertmanagers, ...(prometheus ? [prometheus] : [])]),
    ...notify.map(({ peer }) => peer),
  ]
  const commands = services.flatMap((service) => service.commands)
  return [
    ...auth.tokens.map(({ token }) => token.reveal()),
    ...peers.flatMap(secretsOfPeer),
    ...commands.flatMap(({ env }) => env.map(({ value }) => value.reveal())),
  ]
}

const secretHeader = /auth|token|key|secret|cookie/i

function secretsOfPeer({ bearer, basic, headers }: Peer): readonly string[] {
  const carried = Object.entries(headers).filter(([name]) => secretHeader.test(name))
  return [bearer?.reveal(), basic?.password.reveal(), ...carried.map(([, value]) => value)].filter(
    (value) => value !== undefined,
  )
}
