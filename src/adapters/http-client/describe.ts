import type { Peer } from '../../domain/config.ts'

/** The peer's address without credentials and query, for errors and logs. */
export function describePeer(peer: Peer): string {
  if (!URL.canParse(peer.url)) return 'a peer whose URL cannot be read'
  const { protocol, host, pathname } = new URL(peer.url)
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`
}

/** Takes the peer's secrets out of a text that came from elsewhere, and bounds its length. */
export function scrub(peer: Peer, text: string): string {
  const url = URL.canParse(peer.url) ? new URL(peer.url) : null
  const secrets = [
    peer.bearer?.reveal(),
    peer.basic?.password.reveal(),
    peer.basic && Buffer.from(`${peer.basic.user}:${peer.basic.password.reveal()}`).toString('base64'),
    ...Object.values(peer.headers),
    url?.password,
    url && decodeURIComponent(url.password),
    url?.search.slice(1),
  ]
  let clean = text
  for (const secret of secrets) if (secret) clean = clean.replaceAll(secret, '[redacted]')
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean
}
