import { afterEach, beforeEach, expect, test } from 'bun:test'
import { decodeJwt } from '../../src/lib/jwt.ts'
import { type Key, TestApi } from '../support/api.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
})

afterEach(() => api.close())

const grants = async (json: object, by = key) => {
  const { body } = await api.v1('POST', '/rooms/r/tokens', {
    key: by,
    json: { identity: 'a', ...json },
  })
  return decodeJwt(body.token)?.video as Record<string, unknown>
}

const put = (name: string, json: object, by = key) =>
  api.v1('PUT', `/roles/${name}`, { key: by, json })

test.each([
  [
    'host',
    { canPublish: true, canSubscribe: true, canPublishData: true, canUpdateOwnMetadata: true },
  ],
  ['speaker', { canPublish: true, canSubscribe: true, canPublishData: true }],
  ['viewer', { canPublish: false, canSubscribe: true, canPublishData: false }],
  ['broadcaster', { canPublish: true, canSubscribe: false, canPublishData: true }],
])('the role %s is built in', async (role, expected) => {
  expect(await grants({ role })).toEqual({ room: 'acme__r', roomJoin: true, ...expected })
})

test('what is given beside a role wins', async () => {
  expect(await grants({ role: 'viewer', can_publish_data: true })).toMatchObject({
    canPublish: false,
    canPublishData: true,
  })
})

test('a tenant has roles of its own, that others neither see nor can use', async () => {
  const other = await api.tenant('other')
  await api.v1('POST', '/rooms', { key: other, json: { name: 'r' } })
  const made = await put('interpreter', { can_publish_sources: ['microphone'] })
  expect([made.status, made.body]).toEqual([
    200,
    {
      name: 'interpreter',
      built_in: false,
      can_publish: true,
      can_subscribe: true,
      can_publish_data: true,
      can_publish_sources: ['microphone'],
      can_update_own_metadata: false,
      hidden: false,
    },
  ])
  expect(await grants({ role: 'interpreter' })).toMatchObject({ canPublishSources: ['microphone'] })
  const names = async (by: Key) =>
    (await api.v1('GET', '/roles', { key: by })).body.data.map(
      ({ name }: Key & { name: string }) => name,
    )
  expect(await names(key)).toEqual(['host', 'speaker', 'viewer', 'broadcaster', 'interpreter'])
  expect(await names(other)).toEqual(['host', 'speaker', 'viewer', 'broadcaster'])
  const json = { identity: 'a', role: 'interpreter' }
  const refused = await api.v1('POST', '/rooms/r/tokens', { key: other, json })
  expect([refused.status, refused.body.code]).toEqual([404, 'role_not_found'])
})

test('a change of a role holds for the next token at once', async () => {
  await put('guest', { can_publish: false })
  expect(await grants({ role: 'guest' })).toMatchObject({ canPublish: false })
  await put('guest', { can_publish: true })
  expect(await grants({ role: 'guest' })).toMatchObject({ canPublish: true })
  expect((await api.v1('DELETE', '/roles/guest', { key })).status).toBe(204)
  const json = { identity: 'a', role: 'guest' }
  expect((await api.v1('POST', '/rooms/r/tokens', { key, json })).body.code).toBe('role_not_found')
  expect((await api.v1('DELETE', '/roles/guest', { key })).body.code).toBe('role_not_found')
})

test('what is built in stays as it is', async () => {
  expect((await put('host', { can_publish: false })).body.code).toBe('role_built_in')
  expect((await api.v1('DELETE', '/roles/viewer', { key })).body.code).toBe('role_built_in')
})

test('a tenant can have 50 of them', async () => {
  for (let at = 0; at < 50; at++) {
    api.now += 100
    expect((await put(`r${at}`, {})).status).toBe(200)
  }
  expect((await put('r50', {})).body.code).toBe('role_limit_reached')
  expect((await put('r1', { hidden: true })).status).toBe(200)
})

test.each(['Big', 'a b', '-a', 'x'.repeat(41)])('%s is no name for a role', async (name) => {
  expect((await put(encodeURIComponent(name), {})).status).toBe(422)
})
