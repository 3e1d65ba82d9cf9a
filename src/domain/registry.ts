import type { Db } from '../store/db.ts'
import { findRoom, findRooms } from '../store/rooms.ts'
import { findTenantBySlug } from '../store/tenants.ts'
import { checkRoom } from './checks.ts'
import { type Room, roomOf } from './room.ts'
import { livekitRoomName, splitLivekitRoomName } from './room-names.ts'

/** The registered room, or the one of a check call, that LiveKit knows by this name, or null. */
export const registeredRoom = async (db: Db, livekitName: string): Promise<Room | null> => {
  const check = checkRoom(livekitName)
  if (check) return check
  const names = splitLivekitRoomName(livekitName)
  const tenant = names && (await findTenantBySlug(db, names.slug))
  const row = tenant && (await findRoom(db, tenant.id, names.room))
  return row ? roomOf(row, livekitRoomName(tenant.slug, row.name)) : null
}

/** Those that are registered among LiveKit's names, in few reads: a sweep must not hold up joins. */
export const registeredRooms = async (
  db: Db,
  livekitNames: Iterable<string>,
): Promise<Map<string, Room>> => {
  const bySlug = new Map<string, string[]>()
  const checks: [string, Room][] = []
  for (const livekitName of livekitNames) {
    const check = checkRoom(livekitName)
    if (check) checks.push([livekitName, check])
    const names = splitLivekitRoomName(livekitName)
    if (names) bySlug.set(names.slug, [...(bySlug.get(names.slug) ?? []), names.room])
  }
  const found = await findRooms(db, bySlug)
  const registered = found.map((row): [string, Room] => {
    const livekitName = livekitRoomName(row.slug, row.name)
    return [livekitName, roomOf(row, livekitName)]
  })
  return new Map([...checks, ...registered])
}
