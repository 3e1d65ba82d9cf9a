import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Answer, type Key, TestApi } from '../support/api.ts'

const PATH = '/join-tokens/inspect'
const DAY = 86_400_000

let api: TestApi
let acme: Key
let other: Key

beforeEach(async () => {
  api = new TestApi()
  await api.livekitUp()
  acme = await api.tenant('acme')
  other = await api.tenant('other')
  for (const key of [acme, other])
    await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
})

afterEach(() => api.close())

const mint = async (key: Key, more: object = {}): Promise<string> => {
  const json = { identity: 'ann', name: 'Ann', ttl_seconds: 600, ...more }
  return (await api.v1('POST', '/rooms/standup/tokens', { key, json })).body.token
}

const script = async (json: object) => {
  const { body } = await api.admin('POST', '/tokens', { json: { label: 't', ...json } })
  return { authorization: `Bearer ${body.token}` }
}

const codeOf = ({ status, body }: Answer) => [status, body.code]

describe('a join token that an operator asks about', () => {
  test('is told with whose it is, until when, and what it may do', async () => {
    const token = await mint(acme, { can_publish_sources: ['microphone'], on_duplicate: 'reject' })
    const { status, body, headers } = await api.admin('POST', PATH, { json: { token } })
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      valid: true,
      admitted: true,
      code: null,
      reason: 'ann would be let into standup now',
      claims: {
        tenant: 'acme',
        tenant_id: expect.any(String),
        room: 'standup',
        identity: 'ann',
        name: 'Ann',
        api_key: acme.api_key,
        first_issued_at: expect.any(String),
        expires_at: expect.stringMatching(/^2026-11-25T10:10:00/),
        on_duplicate: 'reject',
        eject_at: null,
        permissions: {
          can_publish: true,
          can_subscribe: true,
          can_publish_data: true,
          can_publish_sources: ['microphone'],
          can_update_own_metadata: false,
          hidden: false,
        },
      },
    })
  })

  test('is refused with the words of the gate when it would not be let in', async () => {
    const token = await mint(acme)
    await api.v1('PATCH', '/rooms/standup', { key: acme, json: { locked: true } })
    expect((await api.admin('POST', PATH, { json: { token } })).body).toMatchObject({
      valid: true,
      admitted: false,
      code: 'room_locked',
      reason: 'this room is locked; nobody new can join now',
      claims: { tenant: 'acme', identity: 'ann' },
    })
    api.now += DAY
    const late = await api.admin('POST', PATH, { json: { token } })
    expect(late.body).toMatchObject({ valid: false, admitted: false, code: 'token_expired' })
    expect(late.body.claims).toMatchObject({ tenant: 'acme', room: 'standup' })
  })

  test('is of no use when somebody changed it, and nothing of it is believed', async () => {
    const [head, , signature] = (await mint(acme)).split('.')
    const claims = btoa(JSON.stringify({ sub: 'boss' })).replaceAll('=', '')
    for (const token of [`${head}.${claims}.${signature}`, 'rubbish', acme.api_secret]) {
      const { status, body } = await api.admin('POST', PATH, { json: { token } })
      expect(status).toBe(200)
      expect(body).toEqual({
        valid: false,
        claims: null,
        admitted: false,
        code: 'token_invalid',
        reason: 'this token was not issued by this server, or was changed',
      })
    }
  })

  test('of a check call belongs to no tenant', async () => {
    const { body: call } = await api.admin('POST', '/checks', {})
    const { body } = await api.admin('POST', PATH, { json: { token: call.token } })
    expect(body.claims).toMatchObject({ tenant: null, identity: 'check' })
  })

  test('reaches no log and no record of what was done', async () => {
    const token = await mint(acme)
    const before = (await api.admin('GET', '/audit')).text
    await api.admin('POST', PATH, { json: { token } })
    await api.admin('POST', PATH, { json: { token: `${token}x` } })
    await api.admin('POST', PATH, { json: { token, tokn: token } })
    await api.admin('POST', PATH, { json: { token: token.repeat(200) } })
    await api.admin('POST', PATH, { body: `{"token": "${token}"` })
    const logged = JSON.stringify(api.logged)
    expect(logged).toContain(`/admin${PATH}`)
    for (const part of token.split('.')) expect(logged).not.toContain(part)
    expect((await api.admin('GET', '/audit')).text).toBe(before)
    expect((await api.admin('GET', '/tenants/acme/problems')).body.data).toEqual([])
  })

  test.each([
    [{}, 'token'],
    [{ token: '' }, 'token'],
    [{ token: 'x', more: 1 }, 'more'],
  ])('is asked about in one way only: %#', async (json, path) => {
    const answer = await api.admin('POST', PATH, { json })
    expect(codeOf(answer)).toEqual([422, 'validation_failed'])
    expect(answer.body.errors[0].path).toBe(path)
  })
})

describe('who may ask about a join token', () => {
  test('is also who may only read', async () => {
    const headers = await script({ scope: 'read' })
    const json = { token: await mint(acme) }
    expect((await api.remote('POST', PATH, { json, headers })).body.admitted).toBe(true)
  })

  test('is nobody without credentials', async () => {
    const json = { token: await mint(acme) }
    expect(codeOf(await api.remote('POST', PATH, { json }))).toEqual([401, 'missing_credentials'])
  })

  test('learns nothing of the tokens of others when tied to one tenant', async () => {
    const headers = await script({ scope: 'read', tenant: 'acme' })
    const ask = async (token: string) =>
      (await api.remote('POST', PATH, { json: { token }, headers })).body
    expect(await ask(await mint(acme))).toMatchObject({
      admitted: true,
      claims: { tenant: 'acme' },
    })
    expect(await ask(await mint(other))).toEqual(await ask('rubbish'))
  })
})
