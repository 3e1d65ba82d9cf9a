import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Calls } from './calls.ts'
import { GoLiveError } from './errors.ts'
import type { Presence } from './presence.ts'
import { ROOM_DEFAULTS, type Room } from './room.ts'
import { checkIdOf, checkRoomName, NO_TENANT } from './room-names.ts'
import type { Tokens } from './tokens.ts'

const LIFE_MS = 120_000
/** Checks of visitors may take this part of the seats, and never more than so many. */
const PART_OF_SEATS = 0.1
const MOST_VISITORS = 20
/** Operators find some left when visitors have taken theirs. */
const KEPT_FOR = { visitor: 0, operator: 5 }

/** Who begins a check call: somebody on the public page, or an operator. */
export type CheckedBy = keyof typeof KEPT_FOR

export interface CheckCall {
  token: string
  wsUrl: string
  expiresAt: number
}

interface Deps {
  clock: Clock
  tokens: Pick<Tokens, 'mintForCheck'>
  calls: Pick<Calls, 'ready'>
  presence: Presence
  wsUrl: string
  maxParticipants: () => number
}

/**
 * Calls that belong to no tenant and in which one person tries the way to this server, alone and for
 * two minutes. Nothing of them is written down: the name of the room says until when it is open.
 */
export class Checks {
  readonly #deps: Deps
  /** when those begun end; in the order in which they do */
  #ends: number[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** @throws media_unavailable, server_full, rate_limited while too many run */
  begin(by: CheckedBy): CheckCall {
    const { clock, tokens, calls, presence, wsUrl, maxParticipants } = this.#deps
    const now = clock()
    // One that ends later than any can was begun before the clock was set back.
    this.#ends = this.#ends.filter((end) => end > now && end <= now + LIFE_MS)
    if (!calls.ready) throw mediaUnavailable()
    if (presence.total >= maxParticipants()) throw serverFull()
    if (this.#ends.length >= this.#mostAtOnce() + KEPT_FOR[by])
      throw tooMany((this.#ends[0] ?? now) - now)
    // Whole seconds, since a token has no others: it and its room end at the same moment.
    const expiresAt = Math.floor((now + LIFE_MS) / 1000) * 1000
    const room = roomOfCheck(newId(expiresAt))
    this.#ends.push(expiresAt)
    return { token: tokens.mintForCheck(room, expiresAt), wsUrl, expiresAt }
  }

  /** On the smallest server one. */
  #mostAtOnce(): number {
    const part = Math.floor(this.#deps.maxParticipants() * PART_OF_SEATS)
    return Math.max(1, Math.min(MOST_VISITORS, part))
  }
}

/** The room of a check call; null when LiveKit's name is another's. */
export const checkRoom = (livekitName: string): Room | null => {
  const id = checkIdOf(livekitName)
  return id === null ? null : roomOfCheck(id)
}

/** An id of ours begins with a time: here the one at which the room closes. */
const roomOfCheck = (id: string): Room => {
  const closesAt = Number.parseInt(id.slice(0, 9), 36)
  const createdAt = closesAt - LIFE_MS
  return {
    ...ROOM_DEFAULTS,
    id,
    tenantId: NO_TENANT,
    name: id,
    livekitName: checkRoomName(id),
    maxParticipants: 1,
    emptyTimeoutSeconds: 30,
    departureTimeoutSeconds: 10,
    closesAt,
    version: 1,
    createdAt,
    updatedAt: createdAt,
  }
}

const mediaUnavailable = (): GoLiveError =>
  new GoLiveError('media_unavailable', 'the media server is restarting', {
    hint: 'Try again in a few seconds.',
    retryAfterSeconds: 2,
  })

const serverFull = (): GoLiveError =>
  new GoLiveError('server_full', 'every seat of this server is taken by people in calls', {
    hint: 'Try again when some of them have left.',
    retryAfterSeconds: 30,
  })

const tooMany = (ms: number): GoLiveError =>
  new GoLiveError('rate_limited', 'too many people check their connection to this server now', {
    hint: 'Wait as Retry-After says.',
    retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)),
  })
