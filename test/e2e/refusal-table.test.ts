import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { meddlingProxy } from '../support/meddling-proxy.ts'
import { Operator } from '../support/operator.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import {
  askAll,
  askUpgrade,
  askValidate,
  expectReadable,
  expectRefusal,
  GATE_PATHS,
} from '../support/refusal.ts'
import { cases, type World } from '../support/refusal-table.ts'

setDefaultTimeout(60_000)

let world: World
let chromium: Chromium

beforeAll(async () => {
  const [golive, tiny] = await Promise.all([
    startGolive(),
    startGolive({ config: { livekit: { max_participants: 1 } } }),
  ])
  const operator = new Operator(golive)
  const tenant = await operator.tenant('acme')
  const tinyTenant = await new Operator(tiny).tenant('acme')
  world = { golive, operator, tenant, tiny, tinyTenant, undo: [] }
  chromium = await launchChromium()
}, 90_000)

afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await world?.golive[Symbol.asyncDispose]()
  await world?.tiny[Symbol.asyncDispose]()
}, 60_000)

/** The sentence stands in the error word for word, or nothing of the answer does. */
const expected = (isTold: boolean, status: number, sentence: string) =>
  isTold
    ? {
        name: 'ConnectionError',
        reason: 'NotAllowed',
        status,
        message: expect.stringContaining(sentence),
      }
    : {
        name: 'ConnectionError',
        reason: 'WebSocket',
        status: null,
        message: expect.stringContaining('websocket error'),
      }

/** Some refusals hold only as long as the people do who are the reason: ask and browse in one go. */
describe.each(cases)('$name', ({ code, status, isTold, meddling, isTiny, token: prepare }) => {
  let token: string | null
  let server: GoLive
  let port: number
  let sentence: string

  beforeAll(async () => {
    server = isTiny ? world.tiny : world.golive
    port = server.port
    if (meddling) {
      const proxy = await meddlingProxy(server.port, meddling)
      world.undo.push(() => proxy[Symbol.asyncDispose]())
      port = proxy.port
    }
    token = await prepare(world)
  })

  afterAll(async () => {
    for (const step of world.undo.splice(0).reverse()) await step()
  })

  test(`is refused with ${status} ${code} on both paths`, async () => {
    const refusals = meddling ? await askBoth() : await askAll(port, token)
    const bodies = refusals.map((answer) => expectRefusal(answer, status, code))
    expect(new Set(bodies).size).toBe(1)
    sentence = bodies[0] as string
    if (token) expect(sentence).not.toContain(token)
    if (status === 404) expect(sentence).toContain('requested room does not exist')
  })

  /** What happens on the way is not to be seen by /validate: the token is good. */
  const askBoth = async (): Promise<RawAnswer[]> => {
    for (const path of GATE_PATHS) {
      const answer = await askValidate(port, path, token)
      expect([answer.status, answer.body]).toEqual([200, 'success'])
      expectReadable(answer)
    }
    return Promise.all(GATE_PATHS.map((path) => askUpgrade(port, path, token)))
  }

  test.each(['v1', 'old'] as const)(
    `is reported to an app on another origin (%s), which does not hammer: ${isTold ? 'in words' : 'as a failure'}`,
    async (path) => {
      await using person = await chromium.person()
      let requests = 0
      const count = (one: { url(): string }) => {
        if (new URL(one.url()).port === String(port)) requests++
      }
      person.page.on('request', count)
      person.page.on('websocket', count)
      const failure = await person.tryJoin(`ws://127.0.0.1:${port}`, token ?? '', { path })
      expect(failure).toEqual(expected(isTold, status, sentence))
      if (!isTold) expect(failure?.message).not.toContain(sentence)
      expect(requests).toBeGreaterThan(0)
      expect(requests).toBeLessThanOrEqual(4)
    },
  )
})
