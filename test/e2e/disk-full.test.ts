import { Database } from 'bun:sqlite'
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type GoLive, startGolive } from '../support/golive.ts'
import { NodePerson } from '../support/rtc-node.ts'
import { SmallDisk } from '../support/small-disk.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(120_000)

/** Each of two servers takes 54 MB for livekit-server and 34 for what is kept back. */
const disk = await SmallDisk.mount(288)
const RESERVE = 32 * 2 ** 20

afterAll(() => disk?.[Symbol.asyncDispose]())

interface Place {
  disk: SmallDisk
  dataDir: string
  golive: GoLive
}

const server = async (small: SmallDisk, name: string): Promise<Place> => {
  const dataDir = join(small.path, name)
  mkdirSync(dataDir)
  return { disk: small, dataDir, golive: await startGolive({ dataDir }) }
}

/** Fills what the database already holds of the disk, too, so that the next change finds none. */
const fillUp = async ({ disk }: Place, tenant: TenantClient): Promise<void> => {
  disk.fill()
  await until(
    'a change is refused',
    async () => (await tenant.call('PUT', '/rooms/filler', { metadata: noise() })).status === 503,
    { everyMs: 5 },
  )
}

const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(6000))).toString('base64')

const reserveOf = ({ dataDir }: Place): number => statSync(join(dataDir, 'reserve')).size

const warnings = async ({ golive }: Place): Promise<string[]> =>
  (await golive.status()).warnings.map(({ code }) => code)

const metric = async ({ golive }: Place, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await golive.metrics())?.[1])

/** All that a full disk must not touch, with a call of two people that begins on it. */
const expectCallsGoOn = async ({ golive }: Place, tenant: TenantClient): Promise<void> => {
  expect((await tenant.call('GET', '/rooms')).status).toBe(200)
  expect((await golive.admin('/admin/tenants')).status).toBe(200)
  await using ann = new NodePerson()
  await using bob = new NodePerson()
  await ann.join(await tenant.mint('daily', 'ann'))
  await bob.join(await tenant.mint('daily', 'bob'))
  const see = (one: NodePerson, other: string) =>
    until(`${other} is seen and heard`, () => one.seesAndHears(other), { timeoutMs: 40_000 })
  await Promise.all([see(ann, 'bob'), see(bob, 'ann')])
  await Promise.all([ann.leave(), bob.leave()])
}

/** Changes are refused in words, and what they would have changed is as it was. */
const expectChangesRefused = async ({ golive }: Place, tenant: TenantClient): Promise<void> => {
  const room = { name: 'another', metadata: noise() }
  for (const path of ['/rooms', '/keys']) {
    const refused = await tenant.call('POST', path, path === '/rooms' ? room : { label: noise() })
    if (path === '/keys' && refused.status === 422) continue
    expect([path, refused.status, refused.body.code]).toEqual([path, 503, 'storage_full'])
    expect(refused.headers.get('retry-after')).toBe('30')
  }
  expect((await tenant.call('GET', '/rooms/another')).status).toBe(404)
  const headers = { 'content-type': 'application/json', 'x-golive-user': 'test' }
  const body = JSON.stringify({ slug: 'other', name: 'x'.repeat(100) })
  const made = await golive.admin('/admin/tenants', { method: 'POST', headers, body })
  expect([made.status, (await made.json()).code]).toEqual([503, 'storage_full'])
}

const told = ({ dataDir }: Place): string[] => {
  const db = new Database(join(dataDir, 'golive.db'), { readonly: true })
  const rows = db.query<{ what: string }, []>(
    `SELECT type || ' ' || identity AS what FROM events
     WHERE type IN ('participant.joined', 'participant.left') ORDER BY seq`,
  )
  const all = rows.all().map(({ what }) => what)
  db.close()
  return all.sort()
}

/** That each came and went stands in the log of events, this many times. */
const untilTold = (place: Place, times: number): Promise<unknown> => {
  const each = ['joined ann', 'joined bob', 'left ann', 'left bob']
  const all = each.flatMap((what) => Array(times).fill(`participant.${what}`))
  return until(
    `the log tells ${times} times of everybody`,
    () => {
      const now = told(place)
      if (Bun.deepEquals(now, all.sort())) return true
      throw new Error(`only ${now}`)
    },
    { timeoutMs: 30_000 },
  )
}

/** Nothing corrupt, and no number of an event is missing. */
const expectWhole = ({ dataDir }: Place): void => {
  const db = new Database(join(dataDir, 'golive.db'), { readonly: true })
  expect(db.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  const gaps = db
    .query(
      `SELECT c.tenant_id FROM tenant_counters c LEFT JOIN events e ON e.tenant_id = c.tenant_id
       GROUP BY c.tenant_id HAVING count(e.seq) <> c.event_seq OR coalesce(max(e.seq), 0) <> c.event_seq`,
    )
    .all()
  expect(gaps).toEqual([])
  db.close()
}

test.skipIf(disk === null)(
  'on a full disk reads, mints and joins go on, changes are refused, and with space everything goes on',
  async () => {
    const place = await server(disk as SmallDisk, 'one')
    const { golive } = place
    await using _ = golive
    const tenant = await golive.tenant('acme')
    await tenant.createRoom('daily')
    expect(reserveOf(place)).toBe(RESERVE)
    expect([await metric(place, 'golive_storage_full')]).toEqual([0])
    await fillUp(place, tenant)
    await expectChangesRefused(place, tenant)
    await expectCallsGoOn(place, tenant)
    await untilTold(place, 1)
    expect(reserveOf(place)).toBeLessThan(RESERVE)
    expect(await warnings(place)).toContain('storage_full')
    const left = reserveOf(place)
    await expectChangesRefused(place, tenant)
    expect(reserveOf(place)).toBe(left)
    place.disk.makeRoom()
    await until(
      'changes go on',
      async () =>
        (await tenant.call('PUT', '/rooms/another', { metadata: noise() })).status === 201,
      { timeoutMs: 30_000 },
    )
    expect(reserveOf(place)).toBe(RESERVE)
    await expectCallsGoOn(place, tenant)
    await untilTold(place, 2)
    expectWhole(place)
    expect(await golive.stop()).toBe(0)
    expectWhole(place)
  },
)

test.skipIf(disk === null)(
  'killed on a full disk it starts again on it from the reserve, and says what to do until there is space',
  async () => {
    const place = await server(disk as SmallDisk, 'two')
    const { golive } = place
    await using _ = golive
    const tenant = await golive.tenant('acme')
    await tenant.createRoom('daily')
    await fillUp(place, tenant)
    await golive.kill('SIGKILL')
    place.disk.fill()
    await golive.restartProcess()
    expect(reserveOf(place)).toBeLessThan(RESERVE)
    expect(await warnings(place)).toContain('storage_full')
    expect(await metric(place, 'golive_storage_full')).toBe(1)
    const left = reserveOf(place)
    await expectChangesRefused(place, tenant)
    expect(reserveOf(place)).toBe(left)
    await expectCallsGoOn(place, tenant)
    await untilTold(place, 1)
    place.disk.makeRoom()
    await until('the reserve is whole', () => reserveOf(place) === RESERVE, { timeoutMs: 30_000 })
    await until('nothing is warned of', async () =>
      (await warnings(place)).every((code) => code !== 'storage_full'),
    )
    expect((await tenant.call('PUT', '/rooms/another', { metadata: noise() })).status).toBe(201)
    expect(await metric(place, 'golive_reserve_bytes')).toBe(RESERVE)
    expectWhole(place)
  },
)
