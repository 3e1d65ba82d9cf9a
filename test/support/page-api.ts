/** How a person joins. `old` speaks the signaling path before /rtc/v1, with two PeerConnections. */
export interface JoinOptions {
  path?: 'v1' | 'old'
  publish?: boolean
  /** Only by way of TURN. */
  relay?: boolean
}

/** What an app sees of a refused join: the fields of livekit-client's error. */
export interface JoinFailure {
  name: string
  reason: string | null
  status: number | null
  message: string
}

/** What arrived from one person, decoded. */
export interface Received {
  from: string
  kind: 'audio' | 'video'
  frames: number
  energy: number
}

export interface PageEvent {
  at: number
  name: string
  detail: string
}

export interface Connection {
  /** Counts up with each RTCPeerConnection that the page ever made, the only way to tell twins. */
  number: number
  state: RTCPeerConnectionState
}

/** How media travels over a PeerConnection in use. */
export interface Way {
  /** `host`, `srflx`, `prflx` or `relay` */
  type: string
  /** `udp` or `tcp`; of a relay, between it and the server */
  protocol: string
  /** `tls` and so on, between the browser and its relay; null without one */
  relayProtocol: string | null
  /** address and port that it ends at */
  to: string
}

export interface Gap {
  from: string
  kind: 'audio' | 'video'
  /** Longest time in milliseconds without growth since `markGaps`, the one still open included. */
  longestMs: number
  /** Frames (audio: samples) that came since `markGaps`. */
  grown: number
}

/** What the test page offers to `page.evaluate`, as `window.person`. */
export interface PageApi {
  /** Null when joined. */
  join(wsUrl: string, token: string, options: JoinOptions): Promise<JoinFailure | null>
  leave(): Promise<void>
  state(): string
  roomSid(): Promise<string>
  /** The newest token that the SDK would reconnect with. */
  token(): string | null
  others(): string[]
  received(): Promise<Received[]>
  events(): PageEvent[]
  connections(): Connection[]
  /** `udp` or `tcp` for each PeerConnection in use: what media travels on. */
  transports(): Promise<string[]>
  ways(): Promise<Way[]>
  /** URLs of all STUN and TURN servers that the page's PeerConnections were told. */
  iceServers(): string[]
  /** How many WebSockets the page ever opened: each try to reach signaling is one. */
  sockets(): number
  markGaps(): void
  gaps(): Promise<Gap[]>
}

declare global {
  interface Window {
    person: PageApi
  }
}
