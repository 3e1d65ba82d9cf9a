import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { FrameError, isSimulation, joinedSid, swapRefreshToken } from '../livekit/frames.ts'
import { internalJoinToken, type LivekitKey } from '../livekit/grants.ts'
import { stayOf } from '../livekit/join-request.ts'
import { openSignal, SignalError, type Upstream } from '../livekit/signal.ts'
import type { Calls } from './calls.ts'
import { type Admission, type Gate, mediaUnavailable, Refusal } from './gate.ts'
import type { Moderation } from './moderation.ts'
import type { Presence, Seat, SeatSocket } from './presence.ts'
import type { Problems } from './problems.ts'
import { NO_TENANT, splitLivekitRoomName } from './room-names.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

/** An upgrade as it came in, without its token. */
export interface JoinRequest {
  path: string
  query: string
  userAgent: string | null
  address: string | null
}

const OPEN_TIMEOUT_MS = 7000
/** LiveKit closes by itself within milliseconds; revoked must mean out within a second. */
const LAST_WORDS_MS = 500

/** Keeps count of the addresses that people in calls come from. */
export interface Callers {
  admit(address: string): void
  release(address: string): void
}

/**
 * SDKs try for 45 seconds to get lost signaling back. Until they give up, somebody is in the call, and
 * may have to open the way for their media again before.
 */
const RELEASE_MS = 60_000

interface Deps {
  gate: Gate
  calls: Calls
  moderation: Moderation
  presence: Presence
  tokens: Tokens
  problems: Problems
  clock: Clock
  log: Logger
  livekitKey: LivekitKey
  livekitOrigin: () => string
  callers: Callers
  /** seconds that livekit-server took to accept a connection */
  onUpstream: (seconds: number) => void
}

/** Brings people into calls: decides, makes the room, opens LiveKit's side of their connection. */
export class Joins {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What {@link open} would answer now; takes no seat. Null means: admitted. */
  async validate(token: string | null, query: string): Promise<Refusal | null> {
    const claims = this.#deps.gate.read(token)
    if (claims instanceof Refusal) return claims
    const verdict = await this.#deps.gate.check(claims, stayIn(claims, query))
    return verdict instanceof Refusal ? verdict : null
  }

  /**
   * Opens a connection for a token and gives it to `attach`, which tells whether the client took
   * it. The room cannot be ended between the decision and that.
   */
  async open(
    token: string | null,
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const outcome = await this.#open(token, request, attach)
    if (outcome instanceof Refusal) this.note(token, outcome)
    return outcome
  }

  /** Remembers a refusal for the operator, when the token tells whose it is. */
  note(token: string | null, { code, sentence }: Refusal): void {
    const claims = token === null ? null : this.#deps.tokens.verify(token)
    if (!claims || claims.tenantId === NO_TENANT) return
    this.#deps.problems.add(claims.tenantId, {
      kind: 'join_refused',
      code,
      room: splitLivekitRoomName(claims.room)?.room ?? null,
      identity: claims.identity,
      detail: sentence,
    })
  }

  #open(
    token: string | null,
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const claims = this.#deps.gate.read(token)
    if (claims instanceof Refusal) return Promise.resolve(claims)
    return this.#deps.calls.joining(claims.room, async () => {
      const admission = await this.#deps.gate.admit(claims, stayIn(claims, request.query))
      if (admission instanceof Refusal) return admission
      return this.#connect(admission, request, attach)
    })
  }

  async #connect(
    admission: Admission & { seat: Seat; epoch: number },
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const { presence, tokens, clock } = this.#deps
    const { seat, claims } = admission
    const upstream = await this.#upstream(admission, request)
    if (upstream instanceof Refusal) {
      presence.failed(seat)
      return upstream
    }
    const connection = new Connection({ upstream, seat, claims, presence, tokens, clock, request })
    presence.opened(seat, connection)
    const late = await this.#putOutMeanwhile(admission, connection)
    if (late === null) this.#count(connection, request)
    if (late === null && attach(connection)) return connection
    connection.abandon()
    return late ?? clientLeft()
  }

  /** When this person has to leave: written down, so that it happens after a restart, too. */
  async #remember({ claims, room }: Admission): Promise<void> {
    const { moderation } = this.#deps
    const known = moderation.recall(room)?.members.get(claims.identity)?.ejectAt ?? null
    const at = claims.ejectAt === null ? null : claims.ejectAt * 1000
    if (at !== known) await moderation.ejectAt(room, claims.identity, at)
  }

  #count(connection: Connection, { address }: JoinRequest): void {
    if (address === null) return
    const { callers } = this.#deps
    callers.admit(address)
    connection.ended = () => setTimeout(() => callers.release(address), RELEASE_MS)
  }

  /** LiveKit's side, with one more try for a room that it forgot between the two steps. */
  async #upstream(admission: Admission, request: JoinRequest): Promise<Upstream | Refusal> {
    const { claims, room } = admission
    const { calls, clock, livekitKey, livekitOrigin, onUpstream } = this.#deps
    const token = internalJoinToken(claims, livekitKey, clock(), claims.expiresAt)
    const target = { origin: livekitOrigin(), token, ...request }
    for (const again of [false, true]) {
      try {
        await this.#remember(admission)
        await calls.ensure(room, again)
        const started = performance.now()
        const socket = await openSignal(target, OPEN_TIMEOUT_MS)
        onUpstream((performance.now() - started) / 1000)
        return socket
      } catch (error) {
        if (error instanceof SignalError && error.status === 404 && !again) continue
        return this.#refusalFor(error)
      }
    }
    return mediaUnavailable()
  }

  #refusalFor(error: unknown): Refusal {
    const status = error instanceof SignalError ? error.status : null
    this.#deps.log.warn({ status }, 'a connection that was admitted could not be opened')
    if (status === 400 || status === 401) {
      return new Refusal(
        'request_refused',
        'the media server refused what the client sent besides its token',
      )
    }
    return mediaUnavailable()
  }

  /** Somebody may have been put out while LiveKit answered: then the seat is not theirs any more. */
  async #putOutMeanwhile(
    { epoch, claims }: { epoch: number; claims: JoinClaims },
    connection: Connection,
  ): Promise<Refusal | null> {
    const { presence, gate, calls } = this.#deps
    if (presence.epoch === epoch) return null
    const verdict = await gate.check(claims, connection.seat.sid)
    if (!(verdict instanceof Refusal)) {
      // What they may do was changed meanwhile: to come again is the shortest way to what holds now.
      return isDeepStrictEqual(verdict.claims, claims) ? null : mediaUnavailable()
    }
    await calls.remove(connection.seat)
    return verdict
  }
}

/** Asked for only where it decides: to find it in a request can mean to unpack it. */
const stayIn = ({ onDuplicate }: JoinClaims, query: string): string | null =>
  onDuplicate === 'reject' ? stayOf(query) : null

/** For the record only: there is nobody left to read it. */
const clientLeft = (): Refusal =>
  new Refusal('upgrade_required', 'the client did not go through with the upgrade')

interface Sides {
  upstream: Upstream
  seat: Seat
  claims: JoinClaims
  presence: Presence
  tokens: Tokens
  clock: Clock
  request: JoinRequest
}

/** Milliseconds in which a living client has answered a ping. */
const PROBE_MS = 1500

/** One client's way to LiveKit: both directions pass here, frame by frame. */
export class Connection implements SeatSocket {
  readonly upstream: Upstream
  readonly seat: Seat
  readonly address: string | null
  readonly #claims: JoinClaims
  readonly #presence: Presence
  readonly #tokens: Tokens
  readonly #clock: Clock
  /** called once, when the client's side is gone */
  ended: () => unknown = () => undefined
  #answered = false
  /** frames that came before the client's side was ready */
  readonly early: (string | ArrayBuffer)[] = []
  heardAt: number
  /** sends a ping to the client, once its side is there */
  ping: (() => void) | null = null
  #waiting: (() => void)[] = []

  constructor({ upstream, seat, claims, presence, tokens, clock, request }: Sides) {
    this.upstream = upstream
    this.seat = seat
    this.address = request.address
    this.#claims = claims
    this.#presence = presence
    this.#tokens = tokens
    this.#clock = clock
    this.heardAt = clock()
    upstream.onmessage = ({ data }) => void this.early.push(data as string | ArrayBuffer)
  }

  /** The client sent something, or answered a ping. */
  heard(): void {
    this.heardAt = this.#clock()
    for (const done of this.#waiting.splice(0)) done()
  }

  probe(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    setTimeout(resolve, PROBE_MS)
    this.ping?.()
    return promise
  }

  /** A frame from LiveKit as the client may see it. @throws FrameError when it must not be sent */
  down(data: string | ArrayBuffer): string | Uint8Array {
    const frame = typeof data === 'string' ? data : new Uint8Array(data)
    if (!this.#answered) this.#settle(joinedSid(frame))
    try {
      return swapRefreshToken(frame, (token) => this.#tokens.renew(token, this.#claims))
    } catch (cause) {
      throw cause instanceof FrameError
        ? cause
        : new FrameError('a token could not be swapped', { cause })
    }
  }

  /** A frame from the client; null when it must not reach LiveKit. */
  up<T extends string | Uint8Array>(frame: T): T | null {
    this.heard()
    return isSimulation(frame) ? null : frame
  }

  /**
   * Ends the connection, if LiveKit does not: after it removed somebody it says why in a last
   * frame, which a hasty close would cut off, and the client would try to come back.
   */
  close(): void {
    setTimeout(() => this.upstream.close(1000), LAST_WORDS_MS)
  }

  /** The client's side is gone. The seat stays: only LiveKit says when somebody has left. */
  clientGone(): void {
    this.#presence.closed(this.seat, this)
    this.ended()
    this.ended = () => undefined
    if (!this.#answered) this.#settle(null)
  }

  /** Nobody took it. */
  abandon(): void {
    this.clientGone()
    this.upstream.close(1000)
  }

  /** The upgrade is over with LiveKit's first frame, or with the end of the connection before it. */
  #settle(sid: string | null): void {
    this.#answered = true
    this.#presence.answered(this.seat, sid)
  }
}
