import { expect, test } from 'bun:test'
import { LivekitClient, LivekitError } from '../../../src/livekit/client.ts'

const key = { apiKey: 'golive', apiSecret: 'secret-of-the-child-0123456789-abcdef' }

const errorOf = async (answer: () => Response): Promise<LivekitError> => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  const client = new LivekitClient({ url: () => server.url.origin, ...key })
  const error = await client.deleteRoom('a').catch((caught: unknown) => caught)
  await server.stop(true)
  expect(error).toBeInstanceOf(LivekitError)
  return error as LivekitError
}

test.each([
  [404, 'not_found'],
  [503, 'unavailable'],
  [500, 'failed'],
  [401, 'failed'],
] as const)('an answer %i is "%s", and none of its words are passed on', async (status, code) => {
  const error = await errorOf(() => Response.json({ code: 'x', msg: 'eyJtoken' }, { status }))
  expect(error.code).toBe(code)
  expect(error.message).toBe(`livekit-server: DeleteRoom: ${code}`)
  expect(error.cause).toBeUndefined()
})

test('no answer is "unavailable"', async () => {
  const client = new LivekitClient({ url: () => 'http://127.0.0.1:1', ...key })
  const error = await client.listRooms().catch((caught: unknown) => caught)
  expect((error as LivekitError).code).toBe('unavailable')
})

test('each call asks where livekit-server is now', async () => {
  const rooms = () => Response.json({ rooms: [{ name: 'a', sid: 'RM_1', creation_time_ms: '7' }] })
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: rooms })
  let url = 'http://127.0.0.1:1'
  const client = new LivekitClient({ url: () => url, ...key })
  await expect(client.listRooms()).rejects.toThrow('unavailable')
  url = server.url.origin
  expect(await client.listRooms()).toEqual([
    { name: 'a', sid: 'RM_1', createdAtMs: 7, numParticipants: 0 },
  ])
  await server.stop(true)
})
