import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Checkup } from '../../../src/web/check/checkup.ts'

const before = {
  fetch: globalThis.fetch,
  RTCPeerConnection: globalThis.RTCPeerConnection,
  location: globalThis.location,
}

beforeEach(() => {
  const session = async () => Response.json({ token: 'a.b.c' }, { status: 201 })
  Object.assign(globalThis, { fetch: session, location: { origin: 'https://live.example.com' } })
})
afterEach(() => void Object.assign(globalThis, before))

const checked = async (RTCPeerConnection: unknown) => {
  Object.assign(globalThis, { RTCPeerConnection })
  const checkup = new Checkup()
  await checkup.run()
  const { over, trouble } = checkup.snapshot()
  return { over, trouble }
}

test('a browser that cannot carry calls, or an extension that forbids them, is told, and nothing hangs', async () => {
  const told = { over: true, trouble: 'unsupported' as const }
  expect(await checked(undefined)).toEqual(told)
  // What cannot be extended.
  expect(await checked(() => null)).toEqual(told)
})
