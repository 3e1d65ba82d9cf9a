import { type Clock, sleep } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { inParallel } from '../lib/parallel.ts'
import { RwLocks } from '../lib/rw-lock.ts'
import { type LivekitClient, LivekitError, type LivekitRoom } from '../livekit/client.ts'
import type { LivekitParticipant } from '../livekit/people.ts'
import type { Store } from '../store/db.ts'
import type { Sweep } from './comparison.ts'
import { GoLiveError } from './errors.ts'
import { Lives } from './lives.ts'
import type { Presence } from './presence.ts'
import type { Recorder } from './recorder.ts'
import { registeredRoom, registeredRooms } from './registry.ts'
import { Removals } from './removals.ts'
import type { Room } from './room.ts'
import type { Seat } from './seat.ts'

/** What GoLive asks of livekit-server about calls. */
export type Livekit = Pick<
  LivekitClient,
  | 'createRoom'
  | 'deleteRoom'
  | 'listRooms'
  | 'listParticipants'
  | 'removeParticipant'
  | 'updateRoomMetadata'
>

/** What is known of the child that runs the calls. */
export interface Child {
  readonly up: boolean
  readonly generation: number
}

interface Deps {
  store: Store
  clock: Clock
  log: Logger
  presence: Presence
  livekit: Livekit
  recorder: Pick<Recorder, 'swept' | 'expectEnd'>
  child: () => Child
}

/** Why a call ends that would have gone on. */
export type EndReason = 'ended' | 'room_deleted' | 'closed' | 'max_duration'

/** How many rooms are asked about at once. */
const SWEEP_WIDTH = 8
const RETRY_MS = 250
/** Who is decided about beyond them is not let in any more, and put out for not coming back. */
const MOST_DECIDED = 1000

/** The calls that run in livekit-server: makes their rooms, ends them, and keeps presence true. */
export class Calls {
  readonly #deps: Deps
  readonly #locks = new RwLocks()
  readonly #ensuring = new Map<string, Promise<void>>()
  /** the child whose calls presence shows; people are let in only into a known house */
  #knownGeneration = -1
  #sweeping: Promise<void> | null = null
  /** rooms that were ended since the sweep began: what it hears of them is no longer true */
  #ended = new Set<string>()
  readonly #removals: Removals
  readonly #lives = new Lives()
  /** who was to be put out while livekit-server was not known to run: its calls may still be there */
  #decided: ((seat: Seat) => boolean)[] = []

  constructor(deps: Deps) {
    this.#deps = deps
    this.#removals = new Removals(deps)
  }

  /** False while livekit-server is down or its running calls are not counted yet. */
  get ready(): boolean {
    const child = this.#deps.child()
    return child.up && child.generation === this.#knownGeneration
  }

  /** True while livekit-server runs calls that are not counted yet: who is in them is not known. */
  get counting(): boolean {
    return this.#deps.child().up && !this.ready
  }

  /** Runs a join; many at once in a room, but none while the room is being ended. */
  joining<T>(livekitName: string, join: () => Promise<T>): Promise<T> {
    return this.#locks.shared(livekitName, join)
  }

  /**
   * Makes LiveKit's room unless an open connection proves that it is there; LiveKit forgets rooms
   * by itself and with each restart. @param again after LiveKit said that the room is not there
   */
  async ensure(room: Room, again = false): Promise<void> {
    const { presence } = this.#deps
    if (!again && presence.hasSocket(room.livekitName)) return
    const running = this.#ensuring.get(room.livekitName)
    if (running) return running
    const making = this.#make(room).finally(() => this.#ensuring.delete(room.livekitName))
    this.#ensuring.set(room.livekitName, making)
    return making
  }

  async #make(room: Room): Promise<void> {
    await this.#deps.livekit.createRoom({
      name: room.livekitName,
      emptyTimeout: room.emptyTimeoutSeconds,
      departureTimeout: room.departureTimeoutSeconds,
      metadata: room.metadata,
    })
  }

  /**
   * Ends the call in a room, then does `after` before anybody can join again. The reason is for the
   * record.
   * @throws media_unavailable when livekit-server runs and does not answer
   */
  end(room: Room, reason: EndReason, after: () => Promise<void> = async () => {}): Promise<void> {
    const { presence, recorder } = this.#deps
    return this.#locks.exclusive(room.livekitName, async () => {
      // Deleted and made again while we waited: that call is not the one to end.
      if ((await registeredRoom(this.#deps.store.db, room.livekitName))?.id !== room.id)
        return after()
      presence.epoch++
      this.#ended.add(room.livekitName)
      recorder.expectEnd(room, reason)
      await this.#deleteLivekitRoom(room.livekitName)
      for (const seat of presence.seatsOf(room.livekitName)) seat.socket?.close()
      presence.forgetRoom(room.livekitName)
      this.#lives.forget(room.livekitName)
      await after()
    })
  }

  async #deleteLivekitRoom(livekitName: string): Promise<void> {
    const { livekit, child } = this.#deps
    try {
      await livekit.deleteRoom(livekitName)
    } catch (error) {
      if (error instanceof LivekitError && error.code === 'not_found') return
      // A dead child has no calls; a living one that does not answer may still run this one.
      if (child().up) throw mediaUnavailable(error)
    }
  }

  /** Passes changed metadata on to a running call, so that people in it see it. */
  async showMetadata(room: Room): Promise<void> {
    const { livekit, presence } = this.#deps
    if (presence.roomNow(room) === 0) return
    await livekit.updateRoomMetadata(room.livekitName, room.metadata).catch(ignoreAbsent)
  }

  /**
   * Removes everybody whose seat matches from their calls. Who is on the way in is asked again.
   * @throws media_unavailable when livekit-server runs and did not do it: sweeps go on trying
   */
  async putOut(match: (seat: Seat) => boolean): Promise<void> {
    const { presence, child } = this.#deps
    presence.epoch++
    presence.cutOff.forget(match)
    if (!child().up && this.#decided.length < MOST_DECIDED) this.#decided.push(match)
    if (this.counting) await this.sweep()
    if (this.counting) throw putOutLater()
    const isDone = await this.#removals.removeAll(presence.matching(match))
    if (!isDone && child().up) throw putOutLater()
  }

  /** As {@link putOut}, for one whose seat is known. */
  async remove(seat: Seat): Promise<void> {
    await this.#removals.remove(seat)
  }

  /**
   * livekit-server answers. A new one has no calls; those of an adopted one are counted first, so
   * that nobody takes a seat that is taken.
   */
  async childUp(adopted: boolean): Promise<void> {
    const { generation } = this.#deps.child()
    if (!adopted) {
      this.#deps.presence.clear()
      this.#knownGeneration = generation
      this.#decided = []
    }
    while (!this.ready && this.#deps.child().generation === generation && this.#deps.child().up) {
      await this.sweep()
      if (!this.ready) await sleep(RETRY_MS)
    }
    const decided = this.#decided.splice(0)
    if (decided.length > 0) await this.#putOutBy(decided)
  }

  async #putOutBy(decided: ((seat: Seat) => boolean)[]): Promise<void> {
    await this.putOut((seat) => decided.some((match) => match(seat))).catch((error: unknown) =>
      this.#deps.log.warn({ err: error }, 'not everybody could be put out yet; trying again'),
    )
  }

  /** livekit-server is gone: so are its calls. */
  childDown(): void {
    this.#deps.presence.clear()
    this.#knownGeneration = -1
  }

  /** Compares presence with what LiveKit lists; one run at a time. Called every few seconds. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweepNow().finally(() => {
      this.#sweeping = null
    })
    return this.#sweeping
  }

  async #sweepNow(): Promise<void> {
    const { livekit, presence, recorder, clock, child, log } = this.#deps
    const { up, generation } = child()
    if (!up) return
    this.#ended = new Set()
    try {
      const askedAt = clock()
      const running = new Map((await livekit.listRooms()).map((one) => [one.name, one]))
      const names = new Set([...running.keys(), ...presence.places().map((one) => one.livekitName)])
      const rooms = await registeredRooms(this.#deps.store.db, names)
      const seen: Sweep['rooms'] = []
      await inParallel([...names], SWEEP_WIDTH, async (name) => {
        const life = running.get(name) ?? null
        const people = await this.#sweepRoom(name, rooms.get(name), life, askedAt)
        if (life) seen.push({ livekitName: name, sid: life.sid, people })
      })
      if (!child().up || child().generation !== generation) return
      this.#lives.forgetGone(askedAt)
      this.#knownGeneration = generation
      await this.#removals.catchUp()
      await recorder.swept({ askedAt, rooms: seen })
    } catch (error) {
      log.warn(
        { code: error instanceof LivekitError ? error.code : 'failed' },
        'could not compare calls with livekit-server; trying again',
      )
    }
  }

  async #sweepRoom(
    livekitName: string,
    room: Room | undefined,
    life: LivekitRoom | null,
    askedAt: number,
  ): Promise<LivekitParticipant[]> {
    const { livekit, presence, child } = this.#deps
    if (!room) return this.#endStray(livekitName).then(() => [])
    const over = life && this.#overBy(room, this.#lives.began(life, child().generation, askedAt))
    if (over) return this.end(room, over).then(() => [])
    const listed = life === null ? [] : await livekit.listParticipants(livekitName)
    // A room that was ended meanwhile may be another one of the same name: the next sweep will see.
    if (this.#ended.has(livekitName)) return []
    presence.observe({ tenantId: room.tenantId, roomId: room.id, livekitName }, listed, askedAt)
    return listed
  }

  /** A room that a crash left behind between our registry and LiveKit. */
  #endStray(livekitName: string): Promise<void> {
    const { livekit, presence, log } = this.#deps
    return this.#locks.exclusive(livekitName, async () => {
      if (await registeredRoom(this.#deps.store.db, livekitName)) return
      log.warn({ room: livekitName }, 'livekit-server has a room that is not registered; ending it')
      await livekit.deleteRoom(livekitName).catch(ignoreAbsent)
      presence.forgetRoom(livekitName)
    })
  }

  #overBy(room: Room, startedAt: number): EndReason | null {
    const now = this.#deps.clock()
    const longest = room.maxDurationSeconds
    if (room.closesAt !== null && room.closesAt <= now) return 'closed'
    return longest !== null && startedAt + longest * 1000 <= now ? 'max_duration' : null
  }
}

const ignoreAbsent = (error: unknown): void => {
  if (!(error instanceof LivekitError && error.code === 'not_found')) throw mediaUnavailable(error)
}

/** livekit-server does not do what it is asked. @param cause null when it was not asked */
export const mediaUnavailable = (cause: unknown): GoLiveError =>
  new GoLiveError('media_unavailable', 'livekit-server does not answer', {
    hint: `${cause === null ? 'Nothing was changed.' : 'It may still do it.'} Try again in a few seconds.`,
    retryAfterSeconds: 2,
    cause,
  })

/** Somebody is to be out, and still is in. */
const putOutLater = (): GoLiveError =>
  new GoLiveError('media_unavailable', 'livekit-server does not answer', {
    hint: 'What was decided holds: no token lets them back in, and they are put out as soon as it answers.',
    retryAfterSeconds: 2,
  })
