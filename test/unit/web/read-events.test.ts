import { afterEach, expect, test } from 'bun:test'
import { readEarlier, readNewest, readOn } from '../../../src/web/dashboard/history/read-events.ts'

const fetched = globalThis.fetch
let asked: string[] = []

afterEach(() => {
  globalThis.fetch = fetched
  asked = []
})

const events = (...seqs: number[]) => seqs.map((seq) => ({ seq }))
const newest = (seqs: number[], next_before: number | null) => ({
  body: { stream_id: 's', data: events(...seqs), next_before, last_seq: 20_000 },
})
const page = (seqs: number[], next_after: number, last_seq = 20_002, stream_id = 's') => ({
  body: { stream_id, data: events(...seqs), next_after, last_seq },
})

/** Answers one request after the other. */
const answer = (...answers: { status?: number; body: object }[]): void => {
  globalThis.fetch = (async (url: string) => {
    asked.push(String(url).replace('/admin/tenants/acme/events', ''))
    const { status = 200, body } = answers.shift() ?? { status: 500, body: {} }
    return new Response(JSON.stringify(body), { status })
  }) as unknown as typeof fetch
}

const known = { streamId: 's', before: 9, last: 20_000, events: events(9, 20_000) as never }
const seqsOf = (read: { events: { seq: number }[] }) => read.events.map(({ seq }) => seq)

test('the newest events stand in their order, and pages without any are passed over', async () => {
  answer(newest([], 10_000), newest([9, 4], 4))
  const read = await readNewest('acme', 'session.ended')
  expect(asked).toEqual(['/newest?types=session.ended', '/newest?before=10000&types=session.ended'])
  expect([seqsOf(read), read.before, read.last]).toEqual([[4, 9], 4, 20_000])
})

test('earlier ones are asked for ahead of what is known, and end where nothing is kept', async () => {
  answer(newest([8], null))
  const read = await readEarlier('acme', null, known)
  expect(asked).toEqual(['/newest?before=9'])
  expect([seqsOf(read), read.before]).toEqual([[8], null])
})

test('what came since is read to its end', async () => {
  answer(page([20_001], 20_001), page([20_002], 20_002))
  const read = await readOn('acme', null, known)
  expect(asked).toEqual(['?after=20000&limit=100', '?after=20001&limit=100'])
  expect([seqsOf(read), read.last, read.before]).toEqual([[9, 20_000, 20_001, 20_002], 20_002, 9])
})

test('where the log is another one, or was left alone for long, all is read anew', async () => {
  const since = [
    page([1], 1, 20_002, 'restored'),
    page([1], 20_000, 12),
    page([20_001], 20_001, 90_000),
    { status: 410, body: { code: 'events_expired', detail: 'no longer kept' } },
  ]
  for (const first of since) {
    answer(first, newest([7], null))
    expect(seqsOf(await readOn('acme', null, known))).toEqual([7])
  }
  answer({ status: 503, body: { code: 'unavailable', detail: 'no' } })
  await expect(readOn('acme', null, known)).rejects.toThrow('No.')
})
