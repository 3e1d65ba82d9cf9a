import {
  ConnectionError,
  ConnectionErrorReason,
  DisconnectReason,
  type Participant,
  type RemoteTrack,
  Room,
  RoomEvent,
  setLogLevel,
} from 'livekit-client'
import type { Connection, JoinFailure, JoinOptions, PageApi, PageEvent, Way } from '../page-api.ts'
import { GapWatch, received } from './gaps.ts'

setLogLevel('warn')
const connections: RTCPeerConnection[] = []
const iceServers = new Set<string>()
const events: PageEvent[] = []
let sockets = 0
let room: Room | null = null
let watch: GapWatch | null = null

const note = (name: string, detail = ''): void => {
  events.push({ at: Date.now(), name, detail })
}

/** The SDK keeps its PeerConnections to itself; whether the same one survives is what tests ask. */
const watchConnections = (): void => {
  const Native = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Native {
    constructor(config?: RTCConfiguration) {
      super(config)
      connections.push(this)
      for (const { urls } of config?.iceServers ?? [])
        for (const url of [urls].flat()) iceServers.add(url)
    }
  }
}

const watchSockets = (): void => {
  const Native = window.WebSocket
  window.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      sockets++
    }
  }
}

const roomFor = ({ path = 'v1' }: JoinOptions): Room =>
  new Room({
    singlePeerConnection: path === 'v1',
    adaptiveStream: false,
    dynacast: false,
    publishDefaults: {
      videoCodec: 'vp8',
      simulcast: false,
      dtx: false,
      videoEncoding: { maxBitrate: 150_000, maxFramerate: 15 },
    },
  })

const listen = (to: Room): void => {
  const plain = ['SignalReconnecting', 'Reconnecting', 'Reconnected', 'SignalConnected'] as const
  for (const name of plain) to.on(RoomEvent[name], () => note(name))
  to.on(RoomEvent.Disconnected, (why) =>
    note('Disconnected', why === undefined ? '' : DisconnectReason[why]),
  )
  to.on(RoomEvent.ParticipantConnected, (who: Participant) =>
    note('ParticipantConnected', who.identity),
  )
  to.on(RoomEvent.ParticipantDisconnected, (who: Participant) =>
    note('ParticipantDisconnected', who.identity),
  )
  to.on(RoomEvent.TrackMuted, ({ source }, who) => note('TrackMuted', `${who.identity} ${source}`))
  to.on(RoomEvent.TrackUnpublished, ({ source }, who) =>
    note('TrackUnpublished', `${who.identity} ${source}`),
  )
  to.on(RoomEvent.ParticipantPermissionsChanged, (_, who) =>
    note('PermissionsChanged', who.identity),
  )
  to.on(RoomEvent.ParticipantNameChanged, (name, who) =>
    note('NameChanged', `${who.identity} ${name}`),
  )
  to.on(RoomEvent.DataReceived, (data, _, __, topic) =>
    note('DataReceived', `${topic ?? ''} ${new TextDecoder().decode(data)}`),
  )
  to.registerRpcMethod(
    'echo',
    async ({ payload }) => `${payload} of ${to.localParticipant.identity}`,
  )
  to.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => document.body.append(track.attach()))
  to.on(RoomEvent.TrackUnsubscribed, (track: RemoteTrack) => {
    for (const element of track.detach()) element.remove()
  })
}

const join = async (
  url: string,
  token: string,
  options: JoinOptions,
): Promise<JoinFailure | null> => {
  room = roomFor(options)
  watch = new GapWatch(room)
  listen(room)
  try {
    await room.connect(
      url,
      token,
      options.relay ? { rtcConfig: { iceTransportPolicy: 'relay' } } : {},
    )
  } catch (error) {
    return failure(error)
  }
  if (options.publish !== false) await publish(room)
  return null
}

const publish = async ({ localParticipant }: Room): Promise<void> => {
  await localParticipant.setMicrophoneEnabled(true)
  const resolution = { width: 320, height: 180, frameRate: 15 }
  await localParticipant.setCameraEnabled(true, { resolution, deviceId: await ownCamera() })
}

/** The SDK's `reasonName` stays that of the error it wraps this one in: the number is the truth. */
/**
 * The camera with the number in this page's address. Two pages that stop and start one and the same
 * fake camera at once, as the SDK does to reconnect, can leave it without pictures for both.
 */
const ownCamera = async (): Promise<string> => {
  const devices = await navigator.mediaDevices.enumerateDevices()
  const cameras = devices.filter(({ kind }) => kind === 'videoinput')
  const number = Number(new URLSearchParams(location.search).get('camera'))
  return cameras[number]?.deviceId ?? 'default'
}

const failure = (error: unknown): JoinFailure => {
  const { name, message } = error as Error
  if (!(error instanceof ConnectionError)) return { name, message, reason: null, status: null }
  return {
    name,
    message,
    reason: ConnectionErrorReason[error.reason] ?? null,
    status: error.status ?? null,
  }
}

const transport = async (connection: RTCPeerConnection): Promise<string[]> => {
  const report = await connection.getStats()
  const found: string[] = []
  report.forEach((one: { type: string; selectedCandidatePairId?: string }) => {
    if (one.type !== 'transport' || !one.selectedCandidatePairId) return
    const pair = report.get(one.selectedCandidatePairId)
    found.push(report.get(pair?.localCandidateId)?.protocol)
  })
  return connection.connectionState === 'closed' ? [] : found
}

interface Pair {
  type: string
  state: string
  nominated: boolean
  /** Firefox alone says it so */
  selected?: boolean
  localCandidateId: string
  remoteCandidateId: string
  lastPacketReceivedTimestamp?: number
}

/** Over the pair that packets came by last: earlier ones may stay nominated. */
const way = async (connection: RTCPeerConnection): Promise<Way[]> => {
  const report = await connection.getStats()
  const pairs: Pair[] = []
  let chosen: string | undefined
  report.forEach((one: Pair & { selectedCandidatePairId?: string }) => {
    if (one.type === 'transport') chosen = one.selectedCandidatePairId ?? chosen
    if (one.type === 'candidate-pair' && one.state === 'succeeded') pairs.push(one)
  })
  const age = (pair: Pair) => pair.lastPacketReceivedTimestamp ?? 0
  const [used] = pairs
    .filter((pair) => pair.selected ?? pair.nominated)
    .sort((one, other) => age(other) - age(one))
  const pair = chosen === undefined ? used : (report.get(chosen) as Pair | undefined)
  if (!pair || connection.connectionState !== 'connected') return []
  const local = report.get(pair.localCandidateId)
  const remote = report.get(pair.remoteCandidateId)
  return [
    {
      type: local.candidateType,
      protocol: local.protocol,
      relayProtocol: local.relayProtocol || null,
      to: `${remote.address ?? remote.ip}:${remote.port}`,
    },
  ]
}

const joined = (): Room => {
  if (!room) throw new Error('this person has not joined')
  return room
}

const api: PageApi = {
  join,
  leave: () => joined().disconnect(),
  state: () => joined().state,
  roomSid: () => joined().getSid(),
  token: () => (joined() as unknown as { engine: { token?: string } }).engine.token ?? null,
  others: () => [...joined().remoteParticipants.keys()],
  received: () => received(joined()),
  events: () => events,
  connections: () =>
    connections.map((one, number): Connection => ({ number, state: one.connectionState })),
  transports: async () => (await Promise.all(connections.map(transport))).flat(),
  ways: async () => (await Promise.all(connections.map(way))).flat(),
  iceServers: () => [...iceServers],
  sockets: () => sockets,
  markGaps: () => watch?.mark(),
  gaps: async () => (await watch?.gaps()) ?? [],
}

watchConnections()
watchSockets()
window.person = api
