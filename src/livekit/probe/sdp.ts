/** What one side of an ICE session is known by (RFC 8839). */
export interface IceCredentials {
  ufrag: string
  pwd: string
}

/** An address at which the other side takes media. */
export interface Candidate {
  transport: 'udp' | 'tcp'
  address: string
  port: number
  /** host, srflx, … */
  type: string
}

/** The credentials in a session description. @throws when it has none */
export const credentialsIn = (sdp: string): IceCredentials => {
  const value = (name: string) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)?.[1]
  const [ufrag, pwd] = [value('ice-ufrag'), value('ice-pwd')]
  if (ufrag === undefined || pwd === undefined) throw new Error('the offer has no ICE credentials')
  return { ufrag, pwd }
}

/** The candidates that a session description lists already. */
export const candidatesIn = (sdp: string): Candidate[] =>
  [...sdp.matchAll(/^a=(candidate:.*)$/gm)].flatMap(([, line]) => readCandidate(line ?? '') ?? [])

/** `candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type> …`, or null. */
export const readCandidate = (line: string): Candidate | null => {
  const [, , transport, , address, port, , type] = line.trim().split(/\s+/)
  const kind = transport?.toLowerCase()
  if ((kind !== 'udp' && kind !== 'tcp') || !address || !type) return null
  // An active or simultaneous-open one takes no connections.
  if (kind === 'tcp' && !line.includes('tcptype passive')) return null
  return { transport: kind, address, port: Number(port), type }
}

/**
 * Accepts all that is offered. The fingerprint is that of no certificate: the session ends before
 * encryption would begin.
 */
export const answerTo = (offer: string, { ufrag, pwd }: IceCredentials): string => {
  const sections = offer.split(/^(?=m=)/m).slice(1)
  const mids = sections.map((section) => /^a=mid:(\S+)/m.exec(section)?.[1] ?? '')
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids.join(' ')}`,
    ...sections.flatMap((section, at) => [
      (section.split('\n')[0] ?? '').trim(),
      'c=IN IP4 0.0.0.0',
      `a=mid:${mids[at]}`,
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${pwd}`,
      'a=ice-options:trickle',
      `a=fingerprint:sha-256 ${NO_FINGERPRINT}`,
      'a=setup:active',
      ...kept(section),
    ]),
  ]
  return `${lines.join('\r\n')}\r\n`
}

const NO_FINGERPRINT = Array(32).fill('00').join(':')

/** What has to be the same on both sides. */
const kept = (section: string): string[] =>
  section.startsWith('m=application')
    ? ['a=sctp-port:5000']
    : [...section.matchAll(/^a=(?:rtpmap|fmtp|rtcp-mux).*$/gm)]
        .map(([line]) => line.trim())
        .concat('a=recvonly')
