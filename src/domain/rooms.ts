import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Store } from '../store/db.ts'
import * as rows from '../store/rooms.ts'
import { countRooms } from '../store/tenants.ts'
import type { Calls } from './calls.ts'
import { GoLiveError } from './errors.ts'
import { roomData } from './event-data.ts'
import type { EventLog } from './events.ts'
import { decodeCursor, type Page, pageOf } from './page.ts'
import type { Presence } from './presence.ts'
import { Recent } from './recent.ts'
import {
  checkTimes,
  defined,
  ROOM_DEFAULTS,
  type Room,
  type RoomInput,
  roomOf,
  rowOf,
} from './room.ts'
import { livekitRoomName } from './room-names.ts'
import type { Tenant } from './tenants.ts'

interface Conditions {
  ifMatch?: string | undefined
  ifNoneMatch?: string | undefined
}

interface Deps {
  store: Store
  events: Pick<EventLog, 'change'>
  clock: Clock
  presence: Presence
  calls: Calls
}

/** The registry of rooms. LiveKit's rooms are made from it when somebody joins. */
export class Rooms {
  readonly #deps: Deps
  readonly #cache = new Recent<Room>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** @throws room_exists (with the room as `extra.room`), room_limit_reached */
  async create(tenant: Tenant, name: string, input: RoomInput): Promise<Room> {
    const room = this.#fresh(tenant, name, input)
    const taken = await this.#deps.events.change(async (tx, append) => {
      const rooms = await countRooms(tx, tenant.id, 1)
      const existing = await rows.findRoom(tx, tenant.id, name)
      if (existing) throw roomExists(roomOf(existing, room.livekitName))
      if (rooms > tenant.limits.max_rooms) throw tooManyRooms(tenant)
      await rows.insertRoom(tx, rowOf(room))
      await append(tenant.id, { type: 'room.created', data: roomData(room) })
      return room
    })
    this.#cache.forget(keyOf(tenant, name))
    return taken
  }

  /** Creates the room or replaces all its settings. @throws precondition_failed */
  async put(
    tenant: Tenant,
    name: string,
    input: RoomInput,
    conditions: Conditions,
  ): Promise<{ room: Room; created: boolean }> {
    const existing = await this.#read(tenant, name)
    if (existing) {
      return {
        room: await this.#change(tenant, name, { ...ROOM_DEFAULTS, ...defined(input) }, conditions),
        created: false,
      }
    }
    if (conditions.ifMatch !== undefined) throw preconditionFailed('the room does not exist')
    try {
      return { room: await this.create(tenant, name, input), created: true }
    } catch (error) {
      // Somebody else created it since we looked: look again.
      if (error instanceof GoLiveError && error.code === 'room_exists')
        return this.put(tenant, name, input, conditions)
      throw error
    }
  }

  async list(
    tenant: Tenant,
    query: { active: boolean; cursor?: string | undefined; limit: number },
  ): Promise<Page<Room>> {
    const found = await rows.listRooms(this.#deps.store.db, tenant.id, {
      after: decodeCursor(query.cursor),
      limit: query.limit + 1,
      ids: query.active ? this.#deps.presence.activeRoomIds(tenant.id) : null,
    })
    return pageOf(
      found.map((row) => roomOf(row, livekitRoomName(tenant.slug, row.name))),
      query.limit,
    )
  }

  /** @throws room_not_found */
  async get(tenant: Tenant, name: string): Promise<Room> {
    const room = await this.#read(tenant, name)
    if (!room) throw roomNotFound(name)
    return room
  }

  /** As {@link get}, at once when the room was read lately: for minting. */
  recall(tenant: Tenant, name: string): Room | Promise<Room> {
    const key = keyOf(tenant, name)
    return this.#cache.get(key) ?? this.#cache.keep(key, () => this.get(tenant, name))
  }

  /** The room, if it was read lately. */
  remembered(tenant: Tenant, name: string): Room | undefined {
    return this.#cache.get(keyOf(tenant, name))
  }

  /** Changes what is named and keeps the rest; a running call sees new metadata at once. */
  update(tenant: Tenant, name: string, input: RoomInput, conditions: Conditions): Promise<Room> {
    return this.#change(tenant, name, defined(input), conditions)
  }

  async #change(
    tenant: Tenant,
    name: string,
    changes: Partial<Room>,
    { ifMatch, ifNoneMatch }: Conditions,
  ): Promise<Room> {
    const { events, clock, presence, calls } = this.#deps
    const { room, before } = await events.change(async (tx, append) => {
      const row = await rows.findRoom(tx, tenant.id, name)
      if (!row) throw roomNotFound(name)
      const before = roomOf(row, livekitRoomName(tenant.slug, name))
      if (ifNoneMatch === '*') throw preconditionFailed('the room exists already')
      if (ifMatch !== undefined && !matches(ifMatch, this.etag(before)))
        throw preconditionFailed('the room was changed meanwhile')
      const room = { ...before, ...changes, version: before.version + 1, updatedAt: clock() }
      checkTimes(room)
      await rows.updateRoom(tx, rowOf(room))
      await append(tenant.id, { type: 'room.updated', data: roomData(room) })
      return { room, before }
    })
    this.#cache.forget(keyOf(tenant, name))
    // Who is on the way in was admitted by what held before.
    presence.epoch++
    if (room.metadata !== before.metadata) await calls.showMetadata(room)
    return room
  }

  /** Puts everybody out of the call; the room stays. @throws room_not_found, media_unavailable */
  async end(tenant: Tenant, name: string): Promise<Room> {
    const room = await this.get(tenant, name)
    await this.#deps.calls.end(room, 'ended')
    return room
  }

  /** Ends the call and forgets the room. Its tokens admit nobody to a later room of this name. */
  async delete(tenant: Tenant, name: string): Promise<void> {
    const { events, calls } = this.#deps
    const room = await this.get(tenant, name)
    await calls.end(room, 'room_deleted', async () => {
      await events.change(async (tx, append) => {
        await countRooms(tx, tenant.id, -1)
        if (!(await rows.deleteRoom(tx, room.id))) throw roomNotFound(name)
        await append(tenant.id, { type: 'room.deleted', data: roomData(room) })
      })
      this.#cache.forget(keyOf(tenant, name))
    })
  }

  participantsNow(room: Room): number {
    return this.#deps.presence.roomNow(room)
  }

  people(room: Room): { identity: string; sid: string | null; since: number }[] {
    return this.#deps.presence
      .seatsOf(room.livekitName)
      .map(({ identity, sid, since }) => ({ identity, sid, since }))
  }

  /** Changes with each write to the room and with each life of its name. */
  etag(room: Room): string {
    return `"${room.id}.${room.version}"`
  }

  async #read(tenant: Tenant, name: string): Promise<Room | null> {
    const row = await rows.findRoom(this.#deps.store.db, tenant.id, name)
    return row ? roomOf(row, livekitRoomName(tenant.slug, name)) : null
  }

  #fresh(tenant: Tenant, name: string, input: RoomInput): Room {
    const now = this.#deps.clock()
    const room: Room = {
      ...ROOM_DEFAULTS,
      ...defined(input),
      id: newId(now),
      tenantId: tenant.id,
      name,
      livekitName: livekitRoomName(tenant.slug, name),
      version: 1,
      createdAt: now,
      updatedAt: now,
    }
    checkTimes(room)
    return room
  }
}

const keyOf = ({ id }: Tenant, name: string): string => `${id}/${name}`

const matches = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((one) => one.trim() === etag)

const roomExists = (room: Room): GoLiveError =>
  new GoLiveError('room_exists', `a room named ${room.name} exists already`, { extra: { room } })

const roomNotFound = (name: string): GoLiveError =>
  new GoLiveError('room_not_found', `there is no room named ${name}`, {
    hint: 'Create it first with POST /api/v1/rooms. Use the plain name, without the tenant prefix.',
  })

const tooManyRooms = (tenant: Tenant): GoLiveError =>
  new GoLiveError(
    'room_limit_reached',
    `this tenant has its ${tenant.limits.max_rooms} rooms already`,
    {
      hint: 'Delete rooms that are no longer used, or ask the operator for a higher max_rooms.',
    },
  )

const preconditionFailed = (message: string): GoLiveError =>
  new GoLiveError('precondition_failed', message, {
    hint: 'Read the room again and send the change with its new ETag.',
  })
