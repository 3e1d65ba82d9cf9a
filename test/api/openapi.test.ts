import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { type Answer, TestApi } from '../support/api.ts'

let api: TestApi

beforeAll(() => {
  api = new TestApi()
})

afterAll(() => api.close())

/** Served by → committed as. After a change that is meant: bun scripts/generate-openapi.ts */
const DOCUMENTS: Record<string, () => Promise<Answer>> = {
  'openapi.json': () => api.v1('GET', '/openapi.json'),
  'openapi-admin.json': () => api.admin('GET', '/openapi.json'),
}

interface Operation {
  name: string
  operationId?: string
  summary?: string
  tags: string[]
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> }
  responses: Record<string, { description: string; content?: object }>
}

const operationsOf = (document: { paths: object }): Operation[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as object).map(([method, operation]) => ({
      ...operation,
      name: `${method} ${path}`,
    })),
  )

describe.each(Object.keys(DOCUMENTS))('docs/%s', (name) => {
  const ask = DOCUMENTS[name] as () => Promise<Answer>

  test('is what is served', async () => {
    const served = await ask()
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(served.text).toBe(await Bun.file(join(import.meta.dir, '../../docs', name)).text())
  })

  test('is valid OpenAPI 3.1 to a validator that is not ours', async () => {
    const { body } = await ask()
    const validator = new Validator()
    expect((await validator.validate(body)).errors).toBeUndefined()
    expect(validator.version).toBe('3.1')
  })

  test('describes each call: id, summary, tag, credentials, a problem for every error', async () => {
    const { body } = await ask()
    const operations = operationsOf(body)
    const tags = body.tags.map((tag: { name: string }) => tag.name)
    const ids = new Set(operations.map(({ operationId }) => operationId))
    expect(ids.size).toBe(operations.length)
    for (const { name, operationId, summary, tags: own, responses } of operations) {
      expect([name, typeof operationId, typeof summary]).toEqual([name, 'string', 'string'])
      expect(tags).toContain(own[0])
      for (const status of ['400', '401', '422', '429', '500'])
        expect([name, status in responses]).toEqual([name, true])
      for (const [status, { content, description }] of Object.entries(responses)) {
        expect([name, status, contentOf(status, name)]).toEqual([
          name,
          status,
          Object.keys(content ?? {}),
        ])
        // Elysia's own words, where ours are missing
        expect([name, description]).not.toEqual([name, expect.stringMatching(/^Response for/)])
        if (Number(status) >= 400) expect([name, description]).toEqual([name, CODES])
      }
    }
    expect(JSON.stringify(body)).not.toMatch(/\$defs|undefined/)
  })

  test('shows an example of every body that is sent', async () => {
    const { body } = await ask()
    for (const { name, requestBody } of operationsOf(body)) {
      if (!requestBody) continue
      const model = requestBody.content['application/json']?.schema.$ref?.split('/').at(-1) ?? ''
      expect([name, body.components.schemas[model]?.examples?.length]).toEqual([name, 1])
    }
  })
})

const CODES = expect.stringMatching(/`[a-z_]+`/)

const contentOf = (status: string, name: string): string[] => {
  if (Number(status) >= 400) return ['application/problem+json']
  if (name === 'get /admin/tenants/{slug}/export') return ['application/x-ndjson']
  if (/^get .*\/usage$/.test(name)) return ['application/json', 'text/csv']
  if (/^get .*\/events$/.test(name)) return ['application/json', 'text/event-stream']
  return status === '204' ? [] : ['application/json']
}

describe('the document of the tenant API', () => {
  test('is public, needs Basic credentials and says nothing of the operator', async () => {
    const { body, text } = await api.v1('GET', '/openapi.json')
    expect(body.security).toEqual([{ basic: [] }])
    expect(body.components.securitySchemes.basic).toMatchObject({ type: 'http', scheme: 'basic' })
    expect(text).not.toContain('/admin')
    expect(
      operationsOf(body)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'delete /api/v1/identities/{identity}',
      'delete /api/v1/keys/{api_key}',
      'delete /api/v1/roles/{role}',
      'delete /api/v1/rooms/{room}',
      'delete /api/v1/rooms/{room}/bans/{identity}',
      'delete /api/v1/rooms/{room}/participants/{identity}',
      'delete /api/v1/webhooks/{id}',
      'get /api/v1/events',
      'get /api/v1/keys',
      'get /api/v1/me',
      'get /api/v1/roles',
      'get /api/v1/rooms',
      'get /api/v1/rooms/{room}',
      'get /api/v1/rooms/{room}/bans',
      'get /api/v1/rooms/{room}/participants',
      'get /api/v1/rooms/{room}/participants/{identity}',
      'get /api/v1/rooms/{room}/sessions',
      'get /api/v1/sessions',
      'get /api/v1/sessions/{id}',
      'get /api/v1/sessions/{id}/participants',
      'get /api/v1/usage',
      'get /api/v1/webhooks',
      'get /api/v1/webhooks/{id}',
      'get /api/v1/webhooks/{id}/deliveries',
      'patch /api/v1/rooms/{room}',
      'patch /api/v1/rooms/{room}/participants/{identity}',
      'patch /api/v1/webhooks/{id}',
      'post /api/v1/keys',
      'post /api/v1/keys/{api_key}/rotate',
      'post /api/v1/revocations',
      'post /api/v1/rooms',
      'post /api/v1/rooms/{room}/data',
      'post /api/v1/rooms/{room}/end',
      'post /api/v1/rooms/{room}/participants/{identity}/mute',
      'post /api/v1/rooms/{room}/participants/{identity}/rpc',
      'post /api/v1/rooms/{room}/revocations',
      'post /api/v1/rooms/{room}/tokens',
      'post /api/v1/tokens/inspect',
      'post /api/v1/webhooks',
      'post /api/v1/webhooks/{id}/deliveries/{delivery}/redeliver',
      'post /api/v1/webhooks/{id}/replay',
      'post /api/v1/webhooks/{id}/rotate-secret',
      'post /api/v1/webhooks/{id}/test',
      'put /api/v1/roles/{role}',
      'put /api/v1/rooms/{room}',
    ])
  })

  test('names whom to ask when the operator said so', async () => {
    const config = {
      ...api.deps.config,
      admin: { ...api.deps.config.admin, operator_contact: 'ops@example.com' },
    }
    const other = new TestApi({ config })
    for (const document of [
      await other.v1('GET', '/openapi.json'),
      await other.admin('GET', '/openapi.json'),
    ])
      expect(document.body.info.contact).toEqual({ name: 'ops@example.com' })
    await other.close()
  })

  test('is led to by /swagger, as a page', async () => {
    const answer = await api.v1('GET', '/swagger')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/api/v1/docs'])
  })
})

describe("the document of the operator's API", () => {
  test('is for operators only', async () => {
    expect((await api.remote('GET', '/openapi.json')).status).toBe(401)
    const { body } = await api.admin('POST', '/tokens', { json: { label: 't', scope: 'read' } })
    const headers = { authorization: `Bearer ${body.token}` }
    expect((await api.remote('GET', '/openapi.json', { headers })).status).toBe(200)
  })

  test('knows both kinds of credentials, and describes every route there is', async () => {
    const { body } = await api.admin('GET', '/openapi.json')
    expect(body.security).toEqual([{ cookie: [] }, { bearer: [] }])
    expect(body.components.securitySchemes).toMatchObject({
      cookie: { type: 'apiKey', in: 'cookie', name: '__Host-golive' },
      bearer: { type: 'http', scheme: 'bearer' },
    })
    expect(body.paths['/admin/session'].post.security).toEqual([])
    expect(
      operationsOf(body)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(ADMIN_CALLS)
  })
})

const ADMIN_CALLS = [
  'delete /admin/session',
  'delete /admin/sessions/{id}',
  'delete /admin/tenants/{slug}',
  'delete /admin/tenants/{slug}/keys/{api_key}',
  'delete /admin/tokens/{id}',
  'get /admin/admins',
  'get /admin/audit',
  'get /admin/calls',
  'get /admin/session',
  'get /admin/sessions',
  'get /admin/status',
  'get /admin/tenants',
  'get /admin/tenants/{slug}',
  'get /admin/tenants/{slug}/events',
  'get /admin/tenants/{slug}/events/newest',
  'get /admin/tenants/{slug}/export',
  'get /admin/tenants/{slug}/keys',
  'get /admin/tenants/{slug}/problems',
  'get /admin/tenants/{slug}/rooms',
  'get /admin/tenants/{slug}/rooms/{room}',
  'get /admin/tenants/{slug}/sessions',
  'get /admin/tenants/{slug}/sessions/{id}',
  'get /admin/tenants/{slug}/sessions/{id}/participants',
  'get /admin/tenants/{slug}/sessions/{id}/refusals',
  'get /admin/tenants/{slug}/usage',
  'get /admin/tenants/{slug}/webhooks',
  'get /admin/tenants/{slug}/webhooks/{id}/deliveries',
  'get /admin/tokens',
  'get /admin/usage',
  'patch /admin/tenants/{slug}',
  'post /admin/admins',
  'post /admin/admins/{email}/reset',
  'post /admin/checks',
  'post /admin/doctor',
  'post /admin/join-tokens/inspect',
  'post /admin/livekit/restart',
  'post /admin/restart',
  'post /admin/session',
  'post /admin/stop',
  'post /admin/tenants',
  'post /admin/tenants/{slug}/keys',
  'post /admin/tenants/{slug}/keys/{api_key}/rotate',
  'post /admin/tenants/{slug}/rooms',
  'post /admin/tenants/{slug}/rooms/{room}/tokens',
  'post /admin/tenants/{slug}/webhooks/{id}/deliveries/{delivery}/redeliver',
  'post /admin/tokens',
  'put /admin/password',
]
