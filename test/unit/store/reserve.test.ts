import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { EventLog } from '../../../src/domain/events.ts'
import { isDiskFull } from '../../../src/lib/disk.ts'
import { openStore, type Store } from '../../../src/store/db.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { RESERVE_BYTES, Reserve } from '../../../src/store/reserve.ts'
import { setSettingOnce } from '../../../src/store/settings.ts'
import { insertTenant } from '../../../src/store/tenants.ts'
import { SmallDisk } from '../../support/small-disk.ts'

const disk = await SmallDisk.mount(96)
const on = test.skipIf(disk === null)
const path = disk?.path ?? ''

let reserve: Reserve
let store: Store
let events: EventLog

beforeEach(async () => {
  reserve = new Reserve(join(path, 'reserve'))
  await reserve.refill()
  store = openStore(join(path, 'golive.db'), reserve)
  migrate(store, join(path, 'backups'), 0)
  const row = { id: 't1', slug: 'acme', name: null, status: 'active' as const, limits: '{}' }
  const times = { tokens_revoked_before: null, created_at: 1, deleted_at: null }
  await insertTenant(store.db, { ...row, ...times }).catch(() => {})
  events = new EventLog({ store, clock: () => 1 })
})

afterEach(async () => {
  disk?.makeRoom()
  await store.close()
})

afterAll(() => disk?.[Symbol.asyncDispose]())

const joined = { type: 'participant.joined' as const, data: { padding: 'x'.repeat(3000) } }

const write = (count: number): Promise<void> =>
  events.write(async (_, append) => {
    for (let n = 0; n < count; n++) await append('t1', joined)
  })

const seqs = () =>
  store.raw
    .query<{ seq: number }, []>("SELECT seq FROM events WHERE tenant_id = 't1' ORDER BY seq")
    .all()
    .map(({ seq }) => seq)

const failure = (work: Promise<unknown>) => work.then(() => null).catch((error: unknown) => error)

on('the reserve has blocks of the disk behind it, not only a length', () => {
  const { size, blocks } = statSync(join(path, 'reserve'))
  expect([size, reserve.bytes, reserve.isLow]).toEqual([RESERVE_BYTES, RESERVE_BYTES, false])
  expect(blocks * 512).toBeGreaterThanOrEqual(RESERVE_BYTES)
})

on(
  'what happened is written down on a full disk, without a gap, and what is asked for is not',
  async () => {
    await write(1)
    disk?.fill()
    // A change meets the full disk itself first, and may not have the reserve.
    let refused: unknown = null
    for (let n = 0; n < 3000 && refused === null; n++)
      refused = await failure(setSettingOnce(store.db, `s${n}`, 'x'.repeat(4000)))
    expect(isDiskFull(refused)).toBe(true)
    expect(reserve.bytes).toBe(RESERVE_BYTES)
    const before = seqs().length
    for (let n = 0; n < 40; n++) await write(50)
    expect(reserve.isLow).toBe(true)
    expect(reserve.bytes).toBeLessThan(RESERVE_BYTES)
    expect(seqs()).toEqual(Array.from({ length: before + 2000 }, (_, n) => n + 1))
    const left = reserve.bytes
    const asked = [
      () => setSettingOnce(store.db, 'asked', 'for'),
      () => store.transaction((tx) => setSettingOnce(tx, 'asked', 'for')),
      () => events.change((_, append) => append('t1', { type: 'room.created', data: {} })),
    ]
    for (const change of asked) expect(isDiskFull(await failure(change()))).toBe(true)
    expect(reserve.bytes).toBe(left)
    expect(seqs()).toHaveLength(before + 2000)
    disk?.makeRoom()
    await reserve.refill()
    expect([reserve.bytes, reserve.isLow]).toEqual([RESERVE_BYTES, false])
    for (const change of asked) expect(await failure(change())).toBeNull()
    expect(store.raw.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(seqs()).toEqual(Array.from({ length: before + 2001 }, (_, n) => n + 1))
  },
)

on(
  'an event of a change that is asked for does not use the reserve, even as the first to meet the full disk',
  async () => {
    disk?.fill()
    let refused: unknown = null
    const data = { padding: 'x'.repeat(100_000) }
    for (let n = 0; n < 1000 && refused === null; n++)
      refused = await failure(
        events.change((_, append) => append('t1', { type: 'room.updated', data })),
      )
    expect(isDiskFull(refused)).toBe(true)
    expect([reserve.bytes, reserve.isLow]).toEqual([RESERVE_BYTES, false])
  },
)

on('when the whole reserve is used up, an event fails and the numbers stay gapless', async () => {
  disk?.fill()
  let failed: unknown = null
  for (let n = 0; n < 1000 && failed === null; n++) {
    failed = await failure(write(200))
    disk?.fill()
  }
  expect(isDiskFull(failed)).toBe(true)
  expect(reserve.bytes).toBe(0)
  disk?.makeRoom()
  await reserve.refill()
  await write(1)
  expect(seqs()).toEqual(Array.from({ length: seqs().length }, (_, n) => n + 1))
  expect(store.raw.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
})
