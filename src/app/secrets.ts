import type { Channel, Config, Peer, ServiceRequest } from '../domain/config.ts'
import type { Secret } from '../domain/secret.ts'

/** Every secret value of a configuration, for the log to leave out. */
export function secretsOf({ auth, sources, notify, policies, redis, services }: Config): readonly string[] {
  const peers = [
    ...sources.flatMap(({ alertmanagers, prometheus }) => [...alertmanagers, ...(prometheus ? [prometheus] : [])]),
    ...notify.flatMap((channel) => (channel.type === 'email' ? [] : [channel.peer])),
    ...policies.map(({ peer }) => peer),
  ]
  const commands = services.flatMap((service) => service.commands)
  return [
    ...auth.tokens.map(({ token }) => token.reveal()),
    ...peers.flatMap(secretsOfPeer),
    ...notify.flatMap(secretsOfChannel),
    ...redis.flatMap(({ password }) => (password ? [password.reveal()] : [])),
    ...commands.flatMap(({ env }) => env.map(({ value }) => value.reveal())),
    ...services.flatMap(({ requests }) => requests.flatMap(secretsOfRequest)),
  ]
}

function secretsOfChannel(channel: Channel): readonly string[] {
  const own = ownSecret(channel)
  return own ? [own.reveal()] : []
}

/** What a channel has beside the secrets of its peer. */
function ownSecret(channel: Channel): Secret | null | undefined {
  if (channel.type === 'webhook') return channel.secret
  if (channel.type === 'slack') return channel.signingSecret
  return channel.type === 'pagerduty' ? channel.routingKey : channel.login?.password
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
