import { isIP } from 'node:net'
import { unmapped, withinNetworks } from '../lib/networks.ts'

type AnyServer = Pick<Bun.Server<unknown>, 'requestIP'>

interface Peer {
  address: string
  port: number
}

/** Tells where a request really comes from; null where that cannot be known. */
export type ClientAddress = (request: Request, server: AnyServer) => string | null

/** Tells who guards the port that something valid was shown on the connection of this request. */
export type Prove = (request: Request, server: AnyServer) => void

/** @param edge marks the connection that it passed on from this loopback port */
export const connectionProof =
  (edge: (port: number) => void): Prove =>
  (request, server) => {
    const peer = server.requestIP(request)
    if (peer) edge(peer.port)
  }

interface Options {
  /** whom the edge passed on from this loopback port; null for a port that is none of its own */
  edge: ((port: number) => string | null) | null
  /** networks of proxies whose X-Forwarded-For is believed */
  trustedProxies: readonly string[]
}

/** Behind the edge or a proxy every peer is on loopback: who is behind it is told in another way. */
export const clientAddress = ({ edge, trustedProxies }: Options): ClientAddress => {
  const peerOf = (request: Request, server: AnyServer): Peer | null => server.requestIP(request)
  if (edge !== null) {
    return (request, server) => {
      const peer = peerOf(request, server)
      return peer && (edge(peer.port) ?? unmapped(peer.address))
    }
  }
  if (trustedProxies.length === 0)
    return (request, server) => {
      const peer = peerOf(request, server)
      return peer && unmapped(peer.address)
    }
  const isTrusted = withinNetworks(trustedProxies)
  return (request, server) => {
    const peer = peerOf(request, server)
    return peer && forwarded(peer.address, request.headers.get('x-forwarded-for'), isTrusted)
  }
}

/**
 * The nearest address that is not a proxy of ours: each proxy appends whom it saw, so that only what
 * stands right of the first stranger can be believed. What is no address ends the search.
 */
export const forwarded = (
  peer: string,
  header: string | null,
  isTrusted: (address: string) => boolean,
): string => {
  let nearest = unmapped(peer)
  const hops = header === null ? [] : header.split(',')
  while (isTrusted(nearest)) {
    const next = addressIn(hops.pop())
    if (next === null) break
    nearest = next
  }
  return nearest
}

/** Some proxies write a port, and IPv6 in brackets then. */
const addressIn = (hop: string | undefined): string | null => {
  const text = hop?.trim() ?? ''
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text) ?? []
  const [, withPort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? []
  const address = bracketed ?? withPort ?? text
  return isIP(address) === 0 ? null : unmapped(address)
}
