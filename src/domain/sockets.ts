import type { JoinClaims } from './tokens.ts'

/** Connections of one identity at once: the one that holds, those being opened, those on their way out. */
const MOST_OF_ONE_PERSON = 5
/** One for each seat that a tenant has, one more for who comes back, and these for a rush. */
const MORE_OF_A_TENANT = 50

/** Bounds the signaling connections of who holds a valid token: by person, and by tenant. */
export class Sockets {
  readonly #byPerson = new Map<string, number>()
  readonly #byTenant = new Map<string, number>()

  /** Before anything is done for the connection. False: too many; else {@link leave} ends it. */
  enter(claims: JoinClaims): boolean {
    const person = personOf(claims)
    if ((this.#byPerson.get(person) ?? 0) >= MOST_OF_ONE_PERSON) return false
    add(this.#byPerson, person, 1)
    return true
  }

  leave(claims: JoinClaims): void {
    add(this.#byPerson, personOf(claims), -1)
  }

  /**
   * Once a seat is taken. False: too many; else {@link release} ends it.
   * @param seats that the tenant has in calls now, which its limits bound
   */
  admit(tenantId: string, seats: number): boolean {
    if ((this.#byTenant.get(tenantId) ?? 0) >= 2 * seats + MORE_OF_A_TENANT) return false
    add(this.#byTenant, tenantId, 1)
    return true
  }

  release(tenantId: string): void {
    add(this.#byTenant, tenantId, -1)
  }
}

/** Who that is, as one text: a slash is in no room's name. */
export const personOf = ({ room, identity }: JoinClaims): string => `${room}/${identity}`

/** Nothing is kept of who has nothing open. */
const add = (counts: Map<string, number>, key: string, by: number): void => {
  const now = (counts.get(key) ?? 0) + by
  if (now === 0) counts.delete(key)
  else counts.set(key, now)
}
