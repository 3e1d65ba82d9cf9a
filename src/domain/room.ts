import type { RoomRow } from '../store/rooms.ts'
import { GoLiveError } from './errors.ts'

export interface Room {
  id: string
  tenantId: string
  name: string
  /** LiveKit's name for it: `<slug>__<name>` */
  livekitName: string
  maxParticipants: number | null
  emptyTimeoutSeconds: number
  departureTimeoutSeconds: number
  metadata: string
  locked: boolean
  opensAt: number | null
  closesAt: number | null
  maxDurationSeconds: number | null
  version: number
  createdAt: number
  updatedAt: number
}

export interface RoomInput {
  maxParticipants?: number | null | undefined
  emptyTimeoutSeconds?: number | undefined
  departureTimeoutSeconds?: number | undefined
  metadata?: string | undefined
  locked?: boolean | undefined
  opensAt?: number | null | undefined
  closesAt?: number | null | undefined
  maxDurationSeconds?: number | null | undefined
}

/** LiveKit's own defaults are 300 and 20 seconds. */
export const ROOM_DEFAULTS = {
  maxParticipants: null,
  emptyTimeoutSeconds: 300,
  departureTimeoutSeconds: 20,
  metadata: '',
  locked: false,
  opensAt: null,
  closesAt: null,
  maxDurationSeconds: null,
} satisfies Required<RoomInput>

export const roomOf = (row: RoomRow, livekitName: string): Room => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  livekitName,
  maxParticipants: row.max_participants,
  emptyTimeoutSeconds: row.empty_timeout_seconds,
  departureTimeoutSeconds: row.departure_timeout_seconds,
  metadata: row.metadata,
  locked: row.locked === 1,
  opensAt: row.opens_at,
  closesAt: row.closes_at,
  maxDurationSeconds: row.max_duration_seconds,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

export const rowOf = (room: Room): RoomRow => ({
  id: room.id,
  tenant_id: room.tenantId,
  name: room.name,
  max_participants: room.maxParticipants,
  empty_timeout_seconds: room.emptyTimeoutSeconds,
  departure_timeout_seconds: room.departureTimeoutSeconds,
  metadata: room.metadata,
  locked: room.locked ? 1 : 0,
  opens_at: room.opensAt,
  closes_at: room.closesAt,
  max_duration_seconds: room.maxDurationSeconds,
  version: room.version,
  created_at: room.createdAt,
  updated_at: room.updatedAt,
})

type Defined = { [Name in keyof RoomInput]?: Exclude<RoomInput[Name], undefined> }

export const defined = (input: RoomInput): Defined =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))

export const checkTimes = ({ opensAt, closesAt }: Room): void => {
  if (opensAt === null || closesAt === null || opensAt < closesAt) return
  throw new GoLiveError('validation_failed', 'closes_at is not after opens_at', {
    errors: [{ path: 'closes_at', message: 'must be after opens_at' }],
  })
}
