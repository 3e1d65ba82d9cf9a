import { join } from 'node:path'
import { EventLog } from '../../src/domain/events.ts'
import { openStore } from '../../src/store/db.ts'
import { findTenantBySlug } from '../../src/store/tenants.ts'
import type { Bench } from './bench.ts'
import { createTenant, createWebhook } from './golive-api.ts'
import { startGolive } from './processes.ts'

const TENANTS = 10
const EVENTS_EACH = 200
const TOTAL = TENANTS * EVENTS_EACH
const LIMIT_MS = 60_000

/** What happened while the server was down: it has to be delivered as fast as it can be. */
const fill = async (dataDir: string, slugs: string[]): Promise<void> => {
  const store = openStore(join(dataDir, 'golive.db'))
  store.raw.run('PRAGMA synchronous = OFF')
  const events = new EventLog({ store, clock: Date.now })
  for (const slug of slugs) {
    const tenant = await findTenantBySlug(store.db, slug)
    await events.write(async (_, append) => {
      for (let n = 0; n < EVENTS_EACH; n++)
        await append(tenant?.id as string, { type: 'participant.joined', data: { n } })
    })
  }
  await store.close()
}

/** An endpoint that takes everything at once; tells when the first came, and when all had. */
const receive = () => {
  const seen = { count: 0, first: 0 }
  let finish: (seconds: number) => void
  const all = new Promise<number>((done, fail) => {
    finish = done
    setTimeout(() => fail(new Error(`${seen.count} of ${TOTAL} arrived`)), LIMIT_MS).unref()
  })
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      await request.text()
      if (seen.count++ === 0) seen.first = performance.now()
      if (seen.count === TOTAL) finish((performance.now() - seen.first) / 1000)
      return new Response('ok')
    },
  })
  return { url: `http://127.0.0.1:${server.port}/`, all, stop: () => server.stop(true) }
}

/** The same number of requests from here, one after the other for each endpoint, and nothing written. */
const bare = async (): Promise<number> => {
  const receiver = receive()
  const body = JSON.stringify({ type: 'participant.joined', timestamp: '', seq: 1, data: {} })
  const lane = async () => {
    for (let n = 0; n < EVENTS_EACH; n++)
      await (await fetch(receiver.url, { method: 'POST', body })).text()
  }
  await Promise.all(Array.from({ length: TENANTS }, lane))
  const seconds = await receiver.all
  await receiver.stop()
  return TOTAL / seconds
}

export const webhooks: Bench = {
  id: 'webhooks',
  async measure({ binary, dir, using }) {
    const folder = join(dir, 'webhooks')
    const env = { GOLIVE_WEBHOOKS_ALLOW_PRIVATE: 'true' }
    const receiver = receive()
    const first = await using(startGolive(binary, folder, env))
    const slugs = Array.from({ length: TENANTS }, (_, n) => `hooked-${n}`)
    for (const slug of slugs)
      await createWebhook(first, await createTenant(first, slug), receiver.url)
    await first.stop()
    await fill(first.dataDir, slugs)
    const golive = await using(startGolive(binary, folder, env))
    const perSecond = TOTAL / (await receiver.all)
    await golive.stop()
    await receiver.stop()
    const other = await bare()
    const ratio = perSecond / other
    return [
      {
        id: 'webhooks',
        what: `deliveries to ${TENANTS} endpoints, each written down`,
        against: 'the same requests by fetch, in as many lanes, nothing written',
        target: 'report',
        unit: '×',
        ...{ median: ratio, min: ratio, max: ratio },
        reached: null,
        details: { deliveries_per_second: Math.round(perSecond), other: Math.round(other) },
      },
    ]
  },
}
