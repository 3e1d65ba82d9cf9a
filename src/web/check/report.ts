import type { Network } from './checkup.ts'
import type { Verdict } from './verdict.ts'
import { lineWords } from './words.ts'

/** A camera or microphone as the report tells of it. */
export interface DeviceNote {
  name: string | null
  words: string
}

interface Facts {
  origin: string
  at: Date
  userAgent: string
  verdict: Verdict
  camera: DeviceNote
  microphone: DeviceNote
  network: Network
}

/** All that was found, as text to send to somebody who helps. No token and no address of the visitor. */
export const reportOf = ({ network, verdict, ...facts }: Facts): string => {
  const { lines, places, turnUrls } = network
  const device = ({ name, words }: DeviceNote) => (name === null ? words : `${words} (${name})`)
  return [
    `GoLive connection check of ${facts.origin}`,
    `At:         ${facts.at.toISOString()}`,
    `Browser:    ${facts.userAgent}`,
    '',
    verdict.title,
    ...verdict.openings.map((opening) => `- ${opening}`),
    '',
    `Camera:     ${device(facts.camera)}`,
    `Microphone: ${device(facts.microphone)}`,
    `WebSocket:  ${lineWords(lines.socket)}`,
    `UDP:        ${lineWords(lines.udp)}`,
    `TCP:        ${lineWords(lines.tcp)}`,
    `TURN:       ${lineWords(lines.turn)}`,
    ...places.map(
      ({ protocol, address, port }) => `Media at:   ${address} port ${port} ${protocol}`,
    ),
    ...turnUrls.map((url) => `TURN at:    ${url}`),
    '',
  ].join('\n')
}
