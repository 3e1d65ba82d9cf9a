import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { SignalClient } from '../support/signal-client.ts'
import { type Credentials, TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

let golive: GoLive
let operator: Operator
/** The credentials that a tenant was handed, and its backend with them. */
let first: Credentials
let backend: TenantClient

beforeAll(async () => {
  golive = await startGolive()
  operator = new Operator(golive)
  first = await operator.tenantKey('acme')
  backend = new TenantClient(golive.url, first)
  await backend.createRoom('desk')
}, 60_000)

afterAll(async () => {
  await golive?.[Symbol.asyncDispose]()
})

interface KeyAnswer {
  api_key: string
  api_secret: string
  last_used_at: string | null
  last_used_from: string | null
  previous_secret: {
    expires_at: string
    last_used_at: string | null
    last_used_from: string | null
  } | null
}

const rotate = async (by: TenantClient, apiKey: string, json: object): Promise<KeyAnswer> => {
  const { status, body } = await by.call<KeyAnswer>('POST', `/keys/${apiKey}/rotate`, json)
  expect(status).toBe(200)
  return body
}

const listed = async (by: TenantClient, apiKey: string): Promise<KeyAnswer> => {
  const { body } = await by.call<{ data: KeyAnswer[] }>('GET', '/keys')
  return body.data.find((key) => key.api_key === apiKey) as KeyAnswer
}

const status = async (backend: TenantClient): Promise<number> =>
  (await backend.call('GET', '/me')).status

const validate = async (token: string): Promise<string> => {
  const response = await fetch(`${golive.url}/rtc/validate?access_token=${token}`)
  return `${response.status} ${await response.text()}`
}

/** Refused, out of the call, and gone from presence, each within a second of `since`. */
const expectOut = async (client: SignalClient, identity: string, since: number): Promise<void> => {
  await client.closed()
  await until(`${identity} is out`, async () => !(await people()).includes(identity), {
    everyMs: 10,
  })
  expect(performance.now() - since).toBeLessThan(1000)
}

const people = () => operator.people('acme', 'desk')

interface ProblemAnswer {
  kind: string
  code: string
  room: string | null
  identity: string | null
}

const problems = async (): Promise<ProblemAnswer[]> => {
  const response = await golive.admin('/admin/tenants/acme/problems')
  return ((await response.json()) as { data: ProblemAnswer[] }).data
}

test('a secret is replaced without a moment in which the backend is refused', async () => {
  const made = await backend.call<KeyAnswer>('POST', '/keys', { label: 'backend' })
  expect(made.status).toBe(201)
  const key = made.body.api_key
  const old = new TenantClient(golive.url, made.body)
  const ann = await SignalClient.join(await old.mint('desk', 'ann'))

  const fresh = new TenantClient(golive.url, await rotate(old, key, { overlap_seconds: 3 }))
  expect([await status(old), await status(fresh)]).toEqual([200, 200])
  const both = await listed(fresh, key)
  expect([both.last_used_from, both.previous_secret?.last_used_from]).toEqual([
    '127.0.0.1',
    '127.0.0.1',
  ])

  await until('the old secret is refused', async () => (await status(old)) === 401)
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(both.previous_secret?.expires_at ?? ''))
  expect(await status(fresh)).toBe(200)
  expect((await listed(fresh, key)).previous_secret).toBeNull()
  // The key is the same: what it minted before is as good as what it mints now.
  expect(await people()).toEqual(['ann'])
  expect(await validate((await fresh.mint('desk', 'bob')).token)).toStartWith('200')
  ann.leave()
})

test('a key that is deleted takes its tokens and their holders along, and nobody else', async () => {
  const { body: leaked } = await backend.call<KeyAnswer>('POST', '/keys', { label: 'leaked' })
  const thief = new TenantClient(golive.url, leaked)
  const tokens = [await thief.mint('desk', 'mallory'), await thief.mint('desk', 'not-yet-in')]
  const ann = await SignalClient.join(await backend.mint('desk', 'ann'))
  const mallory = await SignalClient.join(tokens[0] as (typeof tokens)[number])
  await until('both are in', async () => (await people()).join() === 'ann,mallory')

  const deleted = performance.now()
  expect((await backend.call('DELETE', `/keys/${leaked.api_key}`)).status).toBe(204)
  await expectOut(mallory, 'mallory', deleted)

  expect(await status(thief)).toBe(401)
  for (const { token } of tokens) expect(await validate(token)).toStartWith('401 token_revoked: ')
  await expect(SignalClient.join(tokens[1] as (typeof tokens)[number])).rejects.toThrow()
  expect(await people()).toEqual(['ann'])
  expect(await status(backend)).toBe(200)
  ann.leave()

  expect(await problems()).toContainEqual(
    expect.objectContaining({
      kind: 'join_refused',
      code: 'token_revoked',
      room: 'desk',
      identity: 'not-yet-in',
    }),
  )
})

test('the operator is told of a proxy that takes the Upgrade header away, by the tenant it hurts', async () => {
  const { token } = await backend.mint('desk', 'behind-proxy')
  expect((await fetch(`${golive.url}/rtc?access_token=${token}`)).status).toBe(426)
  expect((await problems())[0]).toMatchObject({
    kind: 'join_refused',
    code: 'upgrade_required',
    identity: 'behind-proxy',
  })
})

test('a rotation at once does the same for the secret that is replaced', async () => {
  const { body: leaked } = await backend.call<KeyAnswer>('POST', '/keys', {})
  const thief = new TenantClient(golive.url, leaked)
  const minted = await thief.mint('desk', 'mallory')
  const mallory = await SignalClient.join(minted)

  const rotated = performance.now()
  const key = await rotate(backend, leaked.api_key, { overlap_seconds: 0 })
  await expectOut(mallory, 'mallory', rotated)
  expect(await status(thief)).toBe(401)
  expect(await validate(minted.token)).toStartWith('401 token_revoked: ')
  const rightful = new TenantClient(golive.url, key)
  expect(await validate((await rightful.mint('desk', 'ann')).token)).toStartWith('200')
})

test('the operator sees the live call, who did what to which key, and no secret anywhere', async () => {
  const ann = await SignalClient.join(await backend.mint('desk', 'ann'))
  const { data } = (await (await golive.admin('/admin/calls')).json()) as {
    data: { tenant: string; room: string; participants: { identity: string; sid: string }[] }[]
  }
  expect(data).toMatchObject([
    {
      tenant: 'acme',
      room: 'desk',
      participants: [{ identity: 'ann', sid: ann.join.participant?.sid }],
    },
  ])
  ann.leave()
  const audit = await (await golive.admin('/admin/audit?limit=100&tenant=acme')).text()
  const actions = (JSON.parse(audit) as { data: { action: string; actor: string }[] }).data.filter(
    ({ actor }) => actor === `tenant:acme/${first.api_key}`,
  )
  for (const action of ['key.created', 'key.rotated', 'key.deleted', 'secret.shown'])
    expect(actions.map((entry) => entry.action)).toContain(action)
  for (const text of [audit, golive.log.text()]) expect(text).not.toContain('lks_')
})
