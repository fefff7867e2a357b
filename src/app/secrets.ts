import type { Config, Peer, ServiceRequest } from '../domain/config.ts'

/** Every secret value of a configuration, for the log to leave out. */
export function secretsOf({ auth, sources, notify, redis, services }: Config): readonly string[] {
  const peers = [
    ...sources.flatMap(({ alertmanagers, prometheus }) => [...alertmanagers, ...(prometheus ? [prometheus] : [])]),
    ...notify.map(({ peer }) => peer),
  ]
  const commands = services.flatMap((service) => service.commands)
  return [
    ...auth.tokens.map(({ token }) => token.reveal()),
    ...peers.flatMap(secretsOfPeer),
    ...redis.flatMap(({ password }) => (password ? [password.reveal()] : [])),
    ...commands.flatMap(({ env }) => env.map(({ value }) => value.reveal())),
    ...services.flatMap(({ requests }) => requests.flatMap(secretsOfRequest)),
  ]
}

/** Header values that people do not see; of an `Authorization` also the part after its scheme. */
function secretsOfRequest({ headers }: ServiceRequest): readonly string[] {
  return headers
    .filter(({ value, shown }) => shown !== value.reveal())
    .flatMap(({ name, value }) => {
      const whole = value.reveal()
      return name === 'authorization' ? [whole, whole.slice(whole.indexOf(' ') + 1)] : [whole]
    })
}

const secretHeader = /auth|token|key|secret|cookie/i

function secretsOfPeer({ bearer, basic, headers }: Peer): readonly string[] {
  const carried = Object.entries(headers).filter(([name]) => secretHeader.test(name))
  return [bearer?.reveal(), basic?.password.reveal(), ...carried.map(([, value]) => value)].filter(
    (value) => value !== undefined,
  )
}
