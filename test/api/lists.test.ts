import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let key: Key

const ROOM = '/rooms/standup'
const PEOPLE = ['ann', 'bob', 'cy', 'dee', 'é 𝄞']

beforeAll(async () => {
  api = new TestApi()
  await api.livekitUp()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
  const room = await api.deps.rooms.get(await api.deps.tenants.get('acme'), 'standup')
  const place = { tenantId: room.tenantId, roomId: room.id, livekitName: room.livekitName }
  const { grants } = claimsOf('any')
  for (const [index, identity] of PEOPLE.entries()) {
    await api.v1('POST', '/keys', { key, json: { label: identity } })
    await api.v1('PUT', `/roles/of-${index}`, { key, json: {} })
    await api.v1('POST', '/webhooks', { key, json: { url: `https://example.com/${index}` } })
    const path = `${ROOM}/participants/${encodeURIComponent(`not ${identity}`)}?ban=true`
    expect((await api.v1('DELETE', path, { key })).status).toBe(204)
    api.deps.presence.answered(api.deps.presence.take(place, claimsOf(identity)), `PA_${identity}`)
    api.livekit.crowd.set(identity, {
      ...{ identity, name: '', sid: `PA_${index}`, state: 'active', metadata: '', grants },
      // Two of them came in the same millisecond.
      ...{ joinedAtMs: api.now + Math.min(index, 3), attributes: {}, tracks: [] },
    })
  }
})

afterAll(() => api.close())

const list = (path: string, query = '') => api.v1('GET', `${path}${query}`, { key })

type Item = Record<'api_key' | 'identity' | 'name' | 'id', string>

const nameOf = (one: Item): string => one.api_key ?? one.identity ?? one.name ?? one.id

describe.each([
  ['people in a call', `${ROOM}/participants`, 5],
  ['bans', `${ROOM}/bans`, 5],
  ['keys', '/keys', 6],
  ['roles', '/roles', 9],
  ['webhooks', '/webhooks', 5],
] as const)('the list of %s', (_, path, count) => {
  test('is whole when nothing is said', async () => {
    const { body } = await list(path)
    expect([body.data.length, body.next_cursor]).toEqual([count, null])
  })

  test('comes in pages as well, in the same order, with nothing twice and nothing left out', async () => {
    const all: Item[] = []
    let cursor: string | null = ''
    for (let pages = 0; cursor !== null && pages < 20; pages++) {
      const { status, body } = await list(path, `?limit=2${cursor && `&cursor=${cursor}`}`)
      expect(status).toBe(200)
      expect(body.data.length).toBeLessThanOrEqual(2)
      all.push(...body.data)
      cursor = body.next_cursor
    }
    expect(all.map(nameOf)).toEqual((await list(path)).body.data.map(nameOf))
    expect(new Set(all.map(nameOf)).size).toBe(count)
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=!', 'page=2'])(
    'refuses ?%s',
    async (query) => {
      expect((await list(path, `?${query}`)).status).toBe(422)
    },
  )
})
