import { createSocket } from 'node:dgram'
import { isIPv4, isIPv6 } from 'node:net'
import { interfaceAddresses, isPublic } from '../lib/networks.ts'

/** The addresses of this machine that others can reach, the most likely one first. */
export interface OwnAddresses {
  ipv4: string[]
  /** a public one, if there is any */
  ipv6: string | null
}

/** Root servers of DNS: addresses that only a default route leads to. Nothing is sent there. */
const FAR_AWAY = { udp4: '198.41.0.4', udp6: '2001:503:ba3e::2:30' } as const
type Family = keyof typeof FAR_AWAY

/**
 * First what the default route sends from: bridges of containers are often the first in order. A
 * public address comes before a private one all the same.
 */
export const ownAddresses = async (): Promise<OwnAddresses> => {
  const [v4, v6] = await Promise.all([inOrder('udp4'), inOrder('udp6')])
  return { ipv4: v4, ipv6: v6.find(isPublic) ?? null }
}

const inOrder = async (family: Family): Promise<string[]> => {
  const first = await sourceOf(family)
  const all = interfaceAddresses().filter(family === 'udp4' ? isIPv4 : isIPv6)
  const sorted = [...all.filter((one) => one === first), ...all.filter((one) => one !== first)]
  return [...sorted.filter(isPublic), ...sorted.filter((one) => !isPublic(one))]
}

/** The address that the kernel sends from by default; null without a default route. */
const sourceOf = (family: Family): Promise<string | null> =>
  new Promise((done) => {
    const socket = createSocket(family)
    const end = (address: string | null) => {
      socket.removeAllListeners()
      socket.close()
      done(address)
    }
    socket.once('error', () => end(null))
    socket.connect(9, FAR_AWAY[family], (error?: Error) =>
      end(error ? null : socket.address().address),
    )
  })
