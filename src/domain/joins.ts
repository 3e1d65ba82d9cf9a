import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { RwLocks } from '../lib/rw-lock.ts'
import { internalJoinToken, type LivekitKey } from '../livekit/grants.ts'
import {
  askSignal,
  openSignal,
  SignalError,
  type SignalTarget,
  type Upstream,
} from '../livekit/signal.ts'
import { type Asked, type JoinRequest, refusalBy, selfRefusal, stayIn } from './asked.ts'
import type { Calls } from './calls.ts'
import { Connection } from './connection.ts'
import { type Admission, type Gate, mediaUnavailable } from './gate.ts'
import type { Presence } from './presence.ts'
import type { Problems } from './problems.ts'
import type { Recorder } from './recorder.ts'
import { Refusal } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import { NO_TENANT, splitLivekitRoomName } from './room-names.ts'
import { COME_BACK_MS, type Seat } from './seat.ts'
import { personOf, Sockets } from './sockets.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

const OPEN_TIMEOUT_MS = 7000
/** SDKs wait three seconds to be told why they were refused. */
const ASK_TIMEOUT_MS = 2000
/** Whoever holds a token may ask as often as they like. */
const MOST_ASKING = 32

/** Keeps count of the addresses that people in calls come from. */
export interface Callers {
  admit(address: string): void
  release(address: string): void
}

interface Deps {
  gate: Gate
  calls: Calls
  presence: Presence
  tokens: Tokens
  problems: Problems
  recorder: Pick<Recorder, 'resumed'>
  refusals: Refusals
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
  readonly #sockets = new Sockets()
  /**
   * Of one person's upgrades one is under way at a time. Side by side, livekit-server could let in the
   * second after the first one's place was taken here, and whoever is in the call would have no seat.
   */
  readonly #turns = new RwLocks()
  /** how often livekit-server is asked at this moment how a request reads */
  #asking = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What {@link open} would answer now; takes no seat. Null means: admitted. */
  validate(token: string | null, request: Asked): Promise<Refusal | null> {
    return this.#validate(token, request).catch((error: unknown) => this.#failed(error))
  }

  async #validate(token: string | null, request: Asked): Promise<Refusal | null> {
    const claims = this.#deps.gate.read(token)
    if (claims instanceof Refusal) return claims
    const verdict = await this.#deps.gate.check(claims, stayIn(claims, request.query))
    return verdict instanceof Refusal ? verdict : this.#isTaken(verdict.claims, request)
  }

  /**
   * Whether livekit-server takes what the client says beside its token. It can be asked how a join
   * request reads, but looks at who may present themselves only where the room is made already.
   */
  async #isTaken(claims: JoinClaims, request: Asked): Promise<Refusal | null> {
    const refusal = selfRefusal(claims, request.query)
    if (refusal) return refusal
    const isAsked = new URLSearchParams(request.query).get('join_request')
    if (!isAsked || this.#asking >= MOST_ASKING) return null
    this.#asking++
    try {
      const status = await askSignal(this.#target(claims, request), ASK_TIMEOUT_MS)
      return status === 400 || status === 401 ? refusalBy(status) : null
    } finally {
      this.#asking--
    }
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
    const outcome = await this.#open(token, request, attach).catch((error) => this.#failed(error))
    if (outcome instanceof Refusal) this.note(token, outcome)
    return outcome
  }

  /** Whatever it was, SDKs have to come again: any other answer could end the call for them. */
  #failed(error: unknown): Refusal {
    this.#deps.log.error({ err: error }, 'a join could not be decided')
    return mediaUnavailable()
  }

  /** Remembers a refusal for the operator, when the token tells whose it is. */
  note(token: string | null, { code, sentence }: Refusal): void {
    const claims = token === null ? null : this.#deps.tokens.verify(token)
    if (!claims || claims.tenantId === NO_TENANT) return
    const { problems, refusals } = this.#deps
    const { tenantId, identity } = claims
    const room = splitLivekitRoomName(claims.room)?.room ?? null
    problems.add(tenantId, { kind: 'join_refused', code, room, identity, detail: sentence })
    refusals.note({ tenantId, room, identity, code, reason: sentence })
  }

  #open(
    token: string | null,
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const claims = this.#deps.gate.read(token)
    if (claims instanceof Refusal) return Promise.resolve(claims)
    request.proven()
    if (!this.#sockets.enter(claims)) return Promise.resolve(tooMany())
    return this.#whileOpen(
      this.#turns.exclusive(personOf(claims), () =>
        this.#deps.calls.joining(claims.room, async () => {
          const admission = await this.#deps.gate.admit(claims, stayIn(claims, request.query))
          if (admission instanceof Refusal) return admission
          return this.#admitted(admission, request, attach)
        }),
      ),
      () => this.#sockets.leave(claims),
    )
  }

  #admitted(
    admission: Admission & { seat: Seat; epoch: number },
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const { presence } = this.#deps
    const { seat } = admission
    const { tenantId } = seat
    const refusal = this.#unfit(admission, request)
    if (refusal) {
      presence.failed(seat)
      return Promise.resolve(refusal)
    }
    return this.#whileOpen(this.#connect(admission, request, attach), () =>
      this.#sockets.release(tenantId),
    )
  }

  /** What the client says of itself is looked for only where livekit-server would take it. */
  #unfit({ claims, seat }: Admission & { seat: Seat }, { query }: Asked): Refusal | null {
    const refusal = claims.grants.canUpdateOwnMetadata ? selfRefusal(claims, query) : null
    if (refusal) return refusal
    const { tenantId } = seat
    const hasRoom = this.#sockets.admit(tenantId, this.#deps.presence.tenantNow(tenantId))
    return hasRoom ? null : tooMany()
  }

  /** Calls `over` once: when nothing comes of the connection, or when it ends. */
  async #whileOpen(
    opening: Promise<Refusal | Connection>,
    over: () => void,
  ): Promise<Refusal | Connection> {
    try {
      const outcome = await opening
      if (outcome instanceof Refusal) over()
      else outcome.onEnd(over)
      return outcome
    } catch (error) {
      over()
      throw error
    }
  }

  async #connect(
    admission: Admission & { seat: Seat; epoch: number },
    request: JoinRequest,
    attach: (connection: Connection) => boolean,
  ): Promise<Refusal | Connection> {
    const { presence, tokens, recorder, clock } = this.#deps
    const { seat, claims } = admission
    const upstream = await this.#upstream(admission, request)
    if (upstream instanceof Refusal) {
      presence.failed(seat)
      return upstream
    }
    const { address } = request
    const connection = new Connection({ upstream, seat, claims, presence, tokens, clock, address })
    connection.resumed = () => seat.sid && recorder.resumed(seat.sid)
    const former = seat.socket
    presence.opened(seat, connection)
    // LiveKit has let go of it: whoever comes again and again must not hold all that came before.
    former?.close()
    const late = await this.#putOutMeanwhile(admission, connection).catch((error: unknown) =>
      this.#failed(error),
    )
    if (late === null) this.#count(connection, request)
    if (late === null && attach(connection)) return connection
    connection.abandon()
    return late ?? clientLeft()
  }

  #count(connection: Connection, { address }: JoinRequest): void {
    if (address === null) return
    const { callers } = this.#deps
    callers.admit(address)
    connection.onEnd(() => setTimeout(() => callers.release(address), COME_BACK_MS))
  }

  /** LiveKit's side, with one more try for a room that it forgot between the two steps. */
  async #upstream(admission: Admission, request: JoinRequest): Promise<Upstream | Refusal> {
    const { claims, room } = admission
    const { calls, onUpstream } = this.#deps
    const target = this.#target(claims, request)
    for (const again of [false, true]) {
      try {
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

  /** With a token for livekit-server in place of the client's. */
  #target(claims: JoinClaims, request: Asked): SignalTarget {
    const { clock, livekitKey, livekitOrigin } = this.#deps
    const token = internalJoinToken(claims, livekitKey, clock(), claims.expiresAt)
    return { origin: livekitOrigin(), token, ...request }
  }

  #refusalFor(error: unknown): Refusal {
    const status = error instanceof SignalError ? error.status : null
    this.#deps.log.warn({ status }, 'a connection that was admitted could not be opened')
    return status === 400 || status === 401 ? refusalBy(status) : mediaUnavailable()
  }

  /** Somebody may have been put out while LiveKit answered: then the seat is not theirs any more. */
  async #putOutMeanwhile(
    { epoch, claims }: { epoch: number; claims: JoinClaims },
    connection: Connection,
  ): Promise<Refusal | null> {
    const { presence, gate, calls } = this.#deps
    if (presence.epoch === epoch) return null
    // The connection that holds the seat is this very one: it is no second one of itself.
    const again: JoinClaims = { ...claims, onDuplicate: 'replace' }
    const verdict = await gate.check(again, null)
    if (!(verdict instanceof Refusal)) {
      // What they may do was changed meanwhile: to come again is the shortest way to what holds now.
      return isDeepStrictEqual(verdict.claims, again) ? null : mediaUnavailable()
    }
    await calls.remove(connection.seat)
    return verdict
  }
}

/** Most of them end within a second: what remains is to come again. */
const tooMany = (): Refusal =>
  new Refusal(
    'media_unavailable',
    'too many connections of this person or tenant are open; try again',
    1,
  )

/** For the record only: there is nobody left to read it. */
const clientLeft = (): Refusal =>
  new Refusal('upgrade_required', 'the client did not go through with the upgrade')
