import type { Clock } from '../lib/clock.ts'
import { within } from '../lib/deadline.ts'
import type { Logger } from '../lib/log.ts'
import { inParallel } from '../lib/parallel.ts'
import { type LivekitClient, LivekitError } from '../livekit/client.ts'
import type { Presence } from './presence.ts'
import { COME_BACK_MS, type Seat } from './seat.ts'
import type { JoinClaims } from './tokens.ts'

/** How many people livekit-server is asked to remove at once. */
const WIDTH = 8
/** Who is put out may stay connected for so long if livekit-server does not remove them. */
const OUT_WITHIN_MS = 500
/** How often it is looked whether they are gone while livekit-server has not said so: as long as it takes. */
const MOST_LOOKS = 10

interface Deps {
  clock: Clock
  log: Logger
  presence: Presence
  livekit: Pick<LivekitClient, 'removeParticipant' | 'listParticipants'>
}

/** Removes people from their calls, and goes on trying where livekit-server does not do it. */
export class Removals {
  readonly #deps: Deps
  /** who could not be removed, with what they held then */
  readonly #late = new Map<Seat, JoinClaims | null>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * LiveKit tells the client, then the connection is closed. Who cannot be removed loses the
   * connection, and {@link catchUp} tries again. @returns whether it is done
   */
  async remove(seat: Seat): Promise<boolean> {
    const { log } = this.#deps
    const { livekitName, socket } = seat
    const closing = setTimeout(() => socket?.close(), OUT_WITHIN_MS)
    try {
      await this.#ask(seat)
      this.#late.delete(seat)
      return true
    } catch {
      log.warn({ room: livekitName }, 'livekit-server did not remove a participant; trying again')
      this.#late.set(seat, seat.claims)
      return false
    } finally {
      clearTimeout(closing)
      socket?.close()
    }
  }

  /**
   * livekit-server keeps who breaks off while joining in its books, and waits for seconds in vain for
   * them to go. Who is in the call is in its list.
   */
  async #ask({ livekitName, identity }: Seat): Promise<void> {
    const { livekit } = this.#deps
    const removing = livekit.removeParticipant(livekitName, identity).catch(ignoreAbsent)
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      try {
        return await within(OUT_WITHIN_MS, removing)
      } catch {
        const people = await livekit.listParticipants(livekitName)
        if (!people.some((one) => one.identity === identity)) return
      }
    }
    return removing
  }

  /** @returns whether all of them are out */
  async removeAll(seats: Seat[]): Promise<boolean> {
    let done = true
    await inParallel(seats, WIDTH, async (seat) => {
      // One that does not answer would not answer for the others either, each after its five seconds.
      if (!done) this.#removeLater(seat)
      else if (!(await this.remove(seat))) done = false
    })
    return done
  }

  #removeLater(seat: Seat): void {
    this.#late.set(seat, seat.claims)
    seat.socket?.close()
  }

  /**
   * Those who could not be removed before, and those who were found in a call and have not come
   * back: nobody knows what they hold, and SDKs that did not get through to the gate have given up.
   */
  async catchUp(): Promise<void> {
    const { presence, clock } = this.#deps
    const horizon = clock() - COME_BACK_MS
    const isStranger = (seat: Seat) => seat.claims === null && seat.changedAt < horizon
    for (const [seat, claims] of this.#late) {
      const isThere = presence.seat(seat.livekitName, seat.identity) === seat
      if (!isThere || (seat.pending === 0 && seat.claims !== claims)) this.#late.delete(seat)
    }
    // Who is on the way in is either let in, and is somebody else then, or will be found here again.
    const due = new Set([...this.#late.keys(), ...presence.matching(isStranger)])
    await this.removeAll([...due].filter(({ pending }) => pending === 0))
  }
}

const ignoreAbsent = (error: unknown): void => {
  if (!(error instanceof LivekitError && error.code === 'not_found')) throw error
}
