import type { LivekitRoom } from '../livekit/client.ts'
import { COME_BACK_MS } from './seat.ts'

/** A room of livekit-server's, as it was seen last. Times in milliseconds. */
interface Life {
  /** earlier than livekit-server says where the call went on after livekit-server died */
  began: number
  createdAt: number
  seenAt: number
  generation: number
}

/** Since when calls run: for who was in one it goes on when livekit-server dies and takes it along. */
export class Lives {
  /** by LiveKit's name of the room */
  readonly #lives = new Map<string, Life>()

  /** To be told of a room each time that it is seen. @param generation of livekit-server @returns milliseconds */
  began({ name, createdAtMs: createdAt }: LivekitRoom, generation: number, seenAt: number): number {
    const known = this.#lives.get(name)
    const began = known && goesOn(known, createdAt, generation) ? known.began : createdAt
    this.#lives.set(name, { began, createdAt, seenAt, generation })
    return began
  }

  /** The call was ended: the next one in this room is another one. */
  forget(name: string): void {
    this.#lives.delete(name)
  }

  /** Nobody comes back to a call that was not seen for so long. */
  forgetGone(now: number): void {
    for (const [name, { seenAt }] of this.#lives)
      if (seenAt < now - COME_BACK_MS) this.#lives.delete(name)
  }
}

const goesOn = (known: Life, createdAt: number, generation: number): boolean =>
  known.generation === generation
    ? known.createdAt === createdAt
    : createdAt - known.seenAt < COME_BACK_MS
