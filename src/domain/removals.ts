import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { inParallel } from '../lib/parallel.ts'
import { type LivekitClient, LivekitError } from '../livekit/client.ts'
import type { Presence, Seat } from './presence.ts'
import type { JoinClaims } from './tokens.ts'

/** How many people livekit-server is asked to remove at once. */
const WIDTH = 8
/** Who is put out may stay connected for so long if livekit-server does not remove them. */
const OUT_WITHIN_MS = 500
/** SDKs try for 45 seconds to get lost signaling back. */
const COME_BACK_MS = 60_000

interface Deps {
  clock: Clock
  log: Logger
  presence: Presence
  livekit: Pick<LivekitClient, 'removeParticipant'>
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
    const { livekit, log } = this.#deps
    const { livekitName, identity, socket } = seat
    const closing = setTimeout(() => socket?.close(), OUT_WITHIN_MS)
    try {
      await livekit.removeParticipant(livekitName, identity).catch(ignoreAbsent)
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
    const isStranger = (seat: Seat) =>
      seat.claims === null && seat.pending === 0 && seat.changedAt < horizon
    for (const [seat, claims] of this.#late) {
      const isThere = presence.seat(seat.livekitName, seat.identity) === seat
      if (!isThere || seat.claims !== claims) this.#late.delete(seat)
    }
    await this.removeAll([...new Set([...this.#late.keys(), ...presence.matching(isStranger)])])
  }
}

const ignoreAbsent = (error: unknown): void => {
  if (!(error instanceof LivekitError && error.code === 'not_found')) throw error
}
