import type { Clock } from '../lib/clock.ts'
import {
  FrameError,
  isReconnect,
  isSimulation,
  joinedSid,
  swapRefreshToken,
} from '../livekit/frames.ts'
import type { Upstream } from '../livekit/signal.ts'
import type { Presence } from './presence.ts'
import type { Seat, SeatSocket } from './seat.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

/** LiveKit closes by itself within milliseconds; revoked must mean out within a second. */
const LAST_WORDS_MS = 500

interface Sides {
  upstream: Upstream
  seat: Seat
  claims: JoinClaims
  presence: Presence
  tokens: Tokens
  clock: Clock
  /** the client's; null where it is not known */
  address: string | null
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
  /** called when it turned out to resume a stay */
  resumed: () => unknown = () => undefined
  #isOver = false
  readonly #whenOver: (() => unknown)[] = []
  #answered = false
  /** frames that came before the client's side was ready */
  readonly early: (string | ArrayBuffer)[] = []
  heardAt: number
  /** sends a ping to the client, once its side is there */
  ping: (() => void) | null = null
  #waiting: (() => void)[] = []

  constructor({ upstream, seat, claims, presence, tokens, clock, address }: Sides) {
    this.upstream = upstream
    this.seat = seat
    this.address = address
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

  async probe(): Promise<void> {
    await this.isAnswered()
  }

  /** Asks the client for a sign of life; false when none comes within a moment. */
  isAnswered(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.push(() => resolve(true))
    setTimeout(() => resolve(false), PROBE_MS)
    this.ping?.()
    return promise
  }

  /** Another connection of the same person took the seat over, whatever became of that one. */
  get isReplaced(): boolean {
    return this.seat.latest !== this
  }

  /** A frame from LiveKit as the client may see it. @throws FrameError when it must not be sent */
  down(data: string | ArrayBuffer): string | Uint8Array {
    const frame = typeof data === 'string' ? data : new Uint8Array(data)
    if (!this.#answered) {
      this.#settle(joinedSid(frame))
      if (isReconnect(frame)) this.resumed()
    }
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
   * frame, which a hasty close would cut off, and the client would try to come back. One that hangs
   * does not even answer a close.
   */
  close(): void {
    setTimeout(() => this.upstream.close(1000), LAST_WORDS_MS)
    setTimeout(() => this.upstream.terminate(), 2 * LAST_WORDS_MS)
  }

  /** Calls `done` once, when the client's side is gone. */
  onEnd(done: () => unknown): void {
    if (this.#isOver) done()
    else this.#whenOver.push(done)
  }

  /** The client's side is gone. The seat stays: only LiveKit says when somebody has left. */
  clientGone(): void {
    this.#isOver = true
    this.#presence.closed(this.seat, this)
    for (const done of this.#whenOver.splice(0)) done()
    if (!this.#answered) this.#settle(null)
  }

  /** Nobody took it. */
  abandon(): void {
    this.clientGone()
    this.upstream.close(1000)
  }

  /**
   * The upgrade is over with LiveKit's first frame, or with the end of the connection before it. Frames
   * of two connections are read in any order: who was replaced already is in the call by another id.
   */
  #settle(sid: string | null): void {
    this.#answered = true
    this.#presence.answered(this.seat, this.isReplaced ? null : sid)
  }
}
