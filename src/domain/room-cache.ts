import type { Room } from './rooms.ts'

const MOST = 10_000

/**
 * Rooms read lately, so that minting costs no read. Every write forgets its room, and a read that
 * began before a write is not kept. Correct for one writing process.
 */
export class RoomCache {
  readonly #rooms = new Map<string, Room>()
  /** Counts writes; take it before reading and give it to {@link put}. */
  state = 0

  get(tenantId: string, name: string): Room | undefined {
    return this.#rooms.get(`${tenantId}/${name}`)
  }

  put(room: Room, state: number): void {
    if (state !== this.state) return
    const oldest = this.#rooms.size >= MOST ? this.#rooms.keys().next().value : undefined
    if (oldest !== undefined) this.#rooms.delete(oldest)
    this.#rooms.set(`${room.tenantId}/${room.name}`, room)
  }

  forget(tenantId: string, name: string): void {
    this.state++
    this.#rooms.delete(`${tenantId}/${name}`)
  }
}
