import type { PreviewState } from '../call/preview.ts'
import type { Network } from './checkup.ts'
import type { Place } from './one-way.ts'

export interface Verdict {
  tone: 'good' | 'fair' | 'bad'
  title: string
  text: string
  /** what to ask of whoever runs the network; empty when there is nothing to ask */
  openings: string[]
}

/** Camera and microphone as far as they matter here. */
export type Devices = Record<
  'camera' | 'microphone',
  Pick<PreviewState['camera'], 'on' | 'problem'>
>

/** From here on people talk over each other (ITU-T G.114 counts one way, 150 ms and 400 ms). */
const SLOW_MS = 300

/** All of it in plain words. */
export const verdictOf = (network: Network, devices: Devices, host: string): Verdict => {
  const stopped = network.trouble && TROUBLES[network.trouble]
  if (stopped) return { ...stopped, openings: [] }
  const { socket, udp, tcp, turn } = network.lines
  if (socket.state === 'failed') return { ...NO_SOCKET, openings: [secureWebSockets(host)] }
  const states = [udp.state, tcp.state, turn.state]
  if (!states.includes('ok')) return { ...NO_MEDIA, openings: openingsFor(network, host) }
  if (udp.state === 'ok') return { ...withDevices(devices, udp.roundTripMs), openings: [] }
  const { title, text, tone } = NO_UDP
  const words = { tone, title, text: `${below(missing(devices))}${text}` }
  return { ...words, openings: openingsFor(network, host).slice(0, 1) }
}

type Words = Omit<Verdict, 'openings'>

const TROUBLES: Record<NonNullable<Network['trouble']>, Words> = {
  unsupported: {
    tone: 'bad',
    title: 'Calls will not work in this browser',
    text: 'It cannot carry calls, or an extension forbids it. Use a current Chrome, Edge, Firefox or Safari.',
  },
  unreachable: {
    tone: 'bad',
    title: 'The server did not answer',
    text: 'Check your internet connection, then check again. If other pages open, the server itself may be down.',
  },
  busy: {
    tone: 'fair',
    title: 'Too many checks right now',
    text: 'Your connection could not be checked yet, because many checks were begun a moment ago. Wait a minute, then check again.',
  },
  full: {
    tone: 'fair',
    title: 'The server is full right now',
    text: 'Your connection could not be checked, because every seat is taken. Check again when some calls have ended.',
  },
  restarting: {
    tone: 'fair',
    title: 'The server is not ready right now',
    text: 'Your connection could not be checked. Wait a minute, then check again.',
  },
}

const NO_SOCKET: Words = {
  tone: 'bad',
  title: 'Calls will not work on this network',
  text: 'Pages of the server open, but the lasting connection that a call needs does not. A proxy, firewall or virus scanner blocks it. Try another network, or ask your IT department:',
}

const NO_MEDIA: Words = {
  tone: 'bad',
  title: 'Calls will not work on this network',
  text: 'The server answers, but picture and sound cannot get through: a firewall or VPN blocks every way. Switch a VPN off, try another network such as your phone’s, or ask your IT department:',
}

const NO_UDP: Words = {
  tone: 'fair',
  title: 'Calls will work, but not at their best',
  text: 'Your network blocks the direct way for picture and sound (UDP), so they take a detour. Calls may stutter when the network is busy. For the best quality ask your IT department:',
}

const withDevices = (devices: Devices, roundTripMs: number | null): Words => {
  const broken = missing(devices)
  if (broken.length === 2) return fair('others will neither see nor hear you', broken)
  if (broken[0] === 'microphone') return fair('others will not hear you', broken)
  if (broken[0] === 'camera') return fair('others will not see you', broken)
  return roundTripMs !== null && roundTripMs > SLOW_MS ? SLOW : GOOD
}

const missing = (devices: Devices): (keyof Devices)[] =>
  (['camera', 'microphone'] as const).filter((kind) => devices[kind].problem !== null)

const below = (broken: string[]): string =>
  broken.length === 0 ? '' : `What is wrong with your ${broken.join(' and ')} stands below. `

const fair = (what: string, broken: string[]): Words => ({
  tone: 'fair',
  title: `Calls will work, but ${what}`,
  text: `${below(broken)}Your connection is good.`,
})

const SLOW: Words = {
  tone: 'fair',
  title: 'Calls will work, but with a delay',
  text: 'Everything gets through, though slowly: you may talk over each other. A cable instead of Wi-Fi, or a network closer to the server, helps.',
}

const GOOD: Words = {
  tone: 'good',
  title: 'Calls will work well',
  text: 'Your camera, your microphone and your connection are ready.',
}

/** What to open in a firewall, the best way for media first. */
const openingsFor = ({ lines, places, turnUrls }: Network, host: string): string[] => {
  const to = (protocol: string) => places.filter((place) => place.protocol === protocol)
  const asked = [
    lines.udp.state === 'failed' ? outbound('UDP', to('udp')) : null,
    lines.tcp.state === 'failed' ? outbound('TCP', to('tcp')) : null,
    lines.turn.state === 'failed' ? throughTurn(turnUrls, host) : null,
  ]
  return asked.filter((one) => one !== null)
}

const outbound = (name: string, places: Place[]): string | null => {
  const targets = places.map(({ address, port }) => `${bracketed(address)} port ${port}`)
  return targets.length === 0 ? null : `Allow outgoing ${name} to ${targets.join(' and ')}.`
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

const throughTurn = (urls: string[], host: string): string => {
  const port = /^turns?:[^?]*:(\d+)/.exec(urls[0] ?? '')?.[1] ?? '443'
  return `Allow outgoing TCP to ${host.replace(/:\d+$/, '')} port ${port} without inspection of the TLS inside.`
}

const secureWebSockets = (host: string): string =>
  `Let WebSockets to ${host} pass: no inspection of them, and no limit on how long they stay open.`
