import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamMark } from '../../src/domain/stream-mark.ts'
import { type Key, TestApi } from '../support/api.ts'

let api: TestApi
let key: Key
let folder: string

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  folder = mkdtempSync(join(tmpdir(), 'golive-mark-'))
})

afterEach(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

/** As the next start of the server makes it. */
const mark = () =>
  new StreamMark({
    ...{ store: api.store, events: api.deps.events, log: api.deps.log },
    path: join(folder, 'events.mark'),
  })

const room = (name: string) => api.v1('POST', '/rooms', { key, json: { name } })
const streamId = async () => (await api.v1('GET', '/events', { key })).body.stream_id

test('a database that is put back to an earlier one is another stream, and a restart is not', async () => {
  await room('one')
  const first = await streamId()
  const running = mark()
  await running.check()
  await room('two')
  await running.write()
  await mark().check()
  expect(await streamId()).toBe(first)
  // What a copy from before the second room holds.
  api.store.raw.run('DELETE FROM events WHERE seq = 2')
  api.store.raw.run('UPDATE tenant_counters SET event_seq = 1')
  await mark().check()
  const second = await streamId()
  expect(second).not.toBe(first)
  await mark().check()
  expect(await streamId()).toBe(second)
})
