/** How media may travel: straight over UDP, straight over TCP, or through the server's TURN. */
export type Way = 'udp' | 'tcp' | 'turn'

/** A place at the server that media was to be sent to. */
export interface Place {
  protocol: string
  address: string
  port: number
}

/** The connection as it came about. */
export interface Route {
  /** 'udp' or 'tcp' as the browser names it, or 'turn' */
  way: Way
  /** milliseconds there and back; null where the browser does not say */
  roundTripMs: number | null
}

/**
 * While it is open, every RTCPeerConnection that is made in this page knows one way only: what names
 * another is dropped on both sides. The SDK has no setting for that but "relay".
 */
export class OneWay {
  readonly #before = globalThis.RTCPeerConnection
  readonly #made: RTCPeerConnection[] = []
  readonly #offered = new Map<string, Place>()
  readonly #turnUrls = new Set<string>()

  constructor(way: Way) {
    globalThis.RTCPeerConnection = this.#narrowed(way)
  }

  /** What the server said media can be sent to, whichever way. */
  get offered(): Place[] {
    return [...this.#offered.values()]
  }

  /** Addresses of the TURN servers that the server named. */
  get turnUrls(): string[] {
    return [...this.#turnUrls]
  }

  /** Which way the connection took, or null when there is none. */
  async route(): Promise<Route | null> {
    for (const connection of this.#made) {
      if (connection.connectionState !== 'connected') continue
      const route = routeIn(await connection.getStats())
      if (route) return route
    }
    return null
  }

  close(): void {
    globalThis.RTCPeerConnection = this.#before
    for (const connection of this.#made) connection.close()
  }

  #narrowed(way: Way): typeof RTCPeerConnection {
    const note = (text: string) => this.#note(text)
    const withServers = (config: RTCConfiguration | undefined) => {
      for (const url of turnUrlsIn(config)) this.#turnUrls.add(url)
      return way === 'turn' ? config : { ...config, iceServers: [] }
    }
    const made = (connection: RTCPeerConnection) => this.#made.push(connection)
    return class extends this.#before {
      constructor(config?: RTCConfiguration) {
        super(withServers(config))
        made(this)
        narrowDescriptions(this, way)
        // First in line: the SDK's own listener does not get what is dropped here.
        this.addEventListener('icecandidate', (event) => {
          if (event.candidate && !isOn(way, event.candidate.candidate))
            event.stopImmediatePropagation()
        })
      }

      // The SDK hears of the servers only after it made the connection.
      override setConfiguration(config?: RTCConfiguration): void {
        super.setConfiguration(withServers(config))
      }

      override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
        const text = candidate?.candidate ?? ''
        note(text)
        if (isOn(way, text)) await super.addIceCandidate(candidate)
      }

      override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
        for (const candidate of candidatesIn(description)) note(candidate)
        return super.setRemoteDescription(narrowed(way, description))
      }
    }
  }

  #note(candidate: string): void {
    const place = placeIn(candidate)
    if (place) this.#offered.set(`${place.protocol} ${place.address} ${place.port}`, place)
  }
}

/** Later offers tell the server all that was found here, and it would come by the other ways itself. */
const narrowDescriptions = (connection: RTCPeerConnection, way: Way): void => {
  const offer = connection.createOffer.bind(connection)
  const answer = connection.createAnswer.bind(connection)
  connection.createOffer = (async (options?: RTCOfferOptions) =>
    narrowed(way, await offer(options))) as RTCPeerConnection['createOffer']
  connection.createAnswer = (async (options?: RTCAnswerOptions) =>
    narrowed(way, await answer(options))) as RTCPeerConnection['createAnswer']
}

const CANDIDATE_LINE = 'a=candidate:'

const linesOf = ({ sdp = '' }: RTCSessionDescriptionInit): string[] => sdp.split('\r\n')

const candidatesIn = (description: RTCSessionDescriptionInit): string[] =>
  linesOf(description).filter((line) => line.startsWith(CANDIDATE_LINE))

const narrowed = (way: Way, { type, ...rest }: RTCSessionDescriptionInit) => ({
  type,
  sdp: linesOf({ type, ...rest })
    .filter((line) => !line.startsWith(CANDIDATE_LINE) || isOn(way, line))
    .join('\r\n'),
})

/** A candidate (RFC 8839 §5.1): foundation, component, transport, priority, address, port, … */
const placeIn = (candidate: string): Place | null => {
  const [, , protocol = '', , address, port] = candidate.split(' ')
  if (address === undefined || !Number(port)) return null
  return { protocol: protocol.toLowerCase(), address, port: Number(port) }
}

/** The end of candidates, which is empty, belongs to every way; what is relayed travels on as UDP. */
const isOn = (way: Way, candidate: string): boolean => {
  const place = placeIn(candidate)
  return place === null || place.protocol === (way === 'turn' ? 'udp' : way)
}

const turnUrlsIn = (config: RTCConfiguration | undefined): string[] =>
  (config?.iceServers ?? [])
    .flatMap(({ urls }) => urls)
    .filter((url) => url.startsWith('turn:') || url.startsWith('turns:'))

interface Pair extends RTCIceCandidatePairStats {
  /** Firefox's word for the pair that is used */
  selected?: boolean
}

const routeIn = (report: RTCStatsReport): Route | null => {
  const all = [...report.values()]
  const chosen = new Set(all.map((one) => one.selectedCandidatePairId).filter(Boolean))
  const pair: Pair | undefined = all.find(
    (one) => one.type === 'candidate-pair' && (chosen.has(one.id) || one.selected === true),
  )
  const local = pair && report.get(pair.localCandidateId)
  if (!pair || !local) return null
  const seconds = pair.currentRoundTripTime
  return {
    way: local.candidateType === 'relay' || local.relayProtocol ? 'turn' : local.protocol,
    roundTripMs: seconds === undefined ? null : Math.round(seconds * 1000),
  }
}
