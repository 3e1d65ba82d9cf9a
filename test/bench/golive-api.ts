import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { newId } from '../../src/lib/ids.ts'
import type { RunningGolive } from './processes.ts'

export interface BenchTenant {
  slug: string
  apiKey: string
  apiSecret: string
  authorization: string
}

/** Limits under which the bench measures the work and not the throttle. */
const NO_LIMITS = {
  token_mints_per_second: 1_000_000,
  api_requests_per_second: 1_000_000,
  max_rooms: 100_000,
}

export const TOKEN_BODY = {
  identity: 'user-123',
  name: 'Jane Doe',
  can_publish: true,
  can_subscribe: true,
  can_publish_data: true,
  ttl_seconds: 3600,
}

const success = async (answer: Response): Promise<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
}

const json = { 'content-type': 'application/json' }

export const createTenant = async (golive: RunningGolive, slug: string): Promise<BenchTenant> => {
  const answer = await fetch('http://localhost/admin/tenants', {
    unix: join(golive.dataDir, 'golive.sock'),
    method: 'POST',
    headers: json,
    body: JSON.stringify({ slug, limits: NO_LIMITS }),
  })
  const { api_key: apiKey, api_secret: apiSecret } = (await success(answer)) as {
    api_key: string
    api_secret: string
  }
  const authorization = `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString('base64')}`
  return { slug, apiKey, apiSecret, authorization }
}

const post = (
  golive: RunningGolive,
  tenant: BenchTenant,
  path: string,
  body: object,
): Promise<Response> =>
  fetch(`http://127.0.0.1:${golive.port}/api/v1/${path}`, {
    method: 'POST',
    headers: { ...json, authorization: tenant.authorization },
    body: JSON.stringify(body),
  })

export const createWebhook = async (
  golive: RunningGolive,
  tenant: BenchTenant,
  url: string,
): Promise<void> => {
  await success(await post(golive, tenant, 'webhooks', { url }))
}

export const createRoom = async (
  golive: RunningGolive,
  tenant: BenchTenant,
  name: string,
): Promise<void> => {
  await success(await post(golive, tenant, 'rooms', { name }))
}

/** The whole answer's text: a server that is to answer the same bytes needs it. */
export const mintText = async (
  golive: RunningGolive,
  tenant: BenchTenant,
  room: string,
  identity = TOKEN_BODY.identity,
): Promise<string> => {
  const answer = await post(golive, tenant, `rooms/${room}/tokens`, { ...TOKEN_BODY, identity })
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`)
  return answer.text()
}

/**
 * Gives every other tenant of a stopped server as many copies of the one room as asked for; by
 * hand, since 100,000 durable API calls would take minutes.
 */
export const copyRoomToAllTenants = (dataDir: string, roomName: string, copies: number): void => {
  const db = new Database(join(dataDir, 'golive.db'), { strict: true })
  const room = db.query('SELECT * FROM rooms WHERE name = ?').get(roomName) as Record<
    string,
    string
  >
  const tenants = db.query('SELECT id FROM tenants WHERE id <> ?').all(room.tenant_id ?? '') as {
    id: string
  }[]
  const columns = Object.keys(room)
  const insert = db.query(
    `INSERT INTO rooms (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  db.transaction(() => {
    for (const { id } of tenants) {
      for (let copy = 0; copy < copies; copy++) {
        const row = { ...room, id: newId(Date.now()), tenant_id: id, name: `room-${copy}` }
        insert.run(...columns.map((column) => (row as Record<string, string>)[column] ?? null))
      }
    }
    db.query('UPDATE tenant_counters SET rooms = ? WHERE tenant_id <> ?').run(
      copies,
      room.tenant_id ?? '',
    )
  })()
  db.close()
}
