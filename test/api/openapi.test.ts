import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { TestApi } from '../support/api.ts'

let api: TestApi

beforeAll(() => {
  api = new TestApi()
})

afterAll(() => api.close())

test('the document is public and the committed copy is what is served', async () => {
  const served = await api.v1('GET', '/openapi.json')
  expect([served.status, served.headers.get('content-type')]).toEqual([200, 'application/json'])
  const committed = await Bun.file(join(import.meta.dir, '../../docs/openapi.json')).text()
  // After a change that is meant: bun scripts/generate-openapi.ts
  expect(served.text).toBe(committed)
})

test('/swagger leads to the documentation', async () => {
  const answer = await api.v1('GET', '/swagger')
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/api/v1/docs'])
})

test('every call is described: id, summary, credentials, problems for every error, examples', async () => {
  const { body } = await api.v1('GET', '/openapi.json')
  const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods as object).map(([method, operation]) => ({
      name: `${method} ${path}`,
      ...operation,
    })),
  )
  expect(operations.map(({ name }) => name).sort()).toEqual([
    'delete /api/v1/rooms/{room}',
    'get /api/v1/me',
    'get /api/v1/rooms',
    'get /api/v1/rooms/{room}',
    'patch /api/v1/rooms/{room}',
    'post /api/v1/rooms',
    'post /api/v1/rooms/{room}/tokens',
    'put /api/v1/rooms/{room}',
  ])
  expect(body.security).toEqual([{ basic: [] }])
  for (const { name, operationId, summary, responses } of operations) {
    expect([name, typeof operationId, typeof summary]).toEqual([name, 'string', 'string'])
    for (const status of ['401', '422', '429', '500'])
      expect([name, status in responses]).toEqual([name, true])
    for (const [status, { content }] of Object.entries<{ content?: object }>(responses)) {
      const types = Object.keys(content ?? {})
      expect([name, status, types]).toEqual([
        name,
        status,
        Number(status) >= 400
          ? ['application/problem+json']
          : status === '204'
            ? []
            : ['application/json'],
      ])
    }
  }
  for (const name of ['RoomCreate', 'TokenRequest', 'Room'])
    expect(body.components.schemas[name].examples).toHaveLength(1)
  expect(JSON.stringify(body)).not.toMatch(/\/admin|\$defs/)
})

test('it names whom to ask when the operator said so', async () => {
  const config = {
    ...api.deps.config,
    admin: { ...api.deps.config.admin, operator_contact: 'ops@example.com' },
  }
  const other = new TestApi({ config })
  expect((await other.v1('GET', '/openapi.json')).body.info.contact).toEqual({
    name: 'ops@example.com',
  })
  await other.close()
})
