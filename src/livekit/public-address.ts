import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { within } from '../lib/deadline.ts'
import { askStun } from './probe/stun.ts'

/** Run by different companies; each learns only that somebody asks for an own address. */
const STUN_SERVERS = [
  ['stun.cloudflare.com', 3478],
  ['stun.l.google.com', 19_302],
  ['stun.nextcloud.com', 443],
] as const
const ECHOES = ['https://checkip.amazonaws.com', 'https://api.ipify.org', 'https://icanhazip.com']
const STUN_MS = 1500
const ECHO_MS = 2500

export interface Told {
  address: string
  source: 'stun' | 'https'
}

/** How the internet sees this machine, by IPv4; null when nobody answers within four seconds. */
export const askPublicAddress = async (): Promise<Told | null> => {
  const seen = await first(
    STUN_SERVERS.map(([name, port]) => within(STUN_MS, overStun(name, port))),
  )
  if (seen !== null) return { address: seen, source: 'stun' }
  const echoed = await first(ECHOES.map(overHttps))
  return echoed === null ? null : { address: echoed, source: 'https' }
}

const first = (asked: Promise<string>[]): Promise<string | null> =>
  Promise.any(asked).catch(() => null)

const overStun = async (name: string, port: number): Promise<string> => {
  const { address } = await lookup(name, { family: 4 })
  const { from } = await askStun(`stun:${address}:${port}`, STUN_MS)
  return ipv4In(from.address)
}

const overHttps = async (url: string): Promise<string> => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ECHO_MS), redirect: 'error' })
  return ipv4In((await answer.text()).slice(0, MOST_ADDRESS_CHARACTERS).trim())
}

const MOST_ADDRESS_CHARACTERS = 64

/** @throws for what is none: a captive portal answers all that it is asked */
const ipv4In = (text: string): string => {
  if (isIP(text) !== 4) throw new Error('no IPv4 address was answered')
  return text
}
