import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { type Run, schemathesis } from '../support/schemathesis.ts'
import { SignalClient } from '../support/signal-client.ts'
import { TenantClient } from '../support/tenant-client.ts'

let golive: GoLive
let operator: Operator

beforeAll(async () => {
  golive = await startGolive()
  operator = new Operator(golive)
}, 60_000)

afterAll(() => golive?.[Symbol.asyncDispose]())

const UNLIMITED = { api_requests_per_second: 1_000_000, token_mints_per_second: 1_000_000 }

interface Operation {
  operationId: string
  security?: object[]
  responses: Record<string, object>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  security: object[]
  components: { securitySchemes: Record<string, object> }
}

const token = async (): Promise<string> => {
  const response = await golive.admin('/admin/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'schemathesis', scope: 'write' }),
  })
  return ((await response.json()) as { token: string }).token
}

const expectClean = ({ passed, output, operations, tested, cases }: Run): void => {
  // What it says of a failure is what there is to mend.
  if (!passed) throw new Error(output)
  expect(tested).toBe(operations)
  expect(cases).toBeGreaterThan(operations * 20)
}

test('whatever is asked of the tenant API, no answer is beyond its document', async () => {
  const { api_key, api_secret } = await operator.tenantKey('acme', UNLIMITED)
  const document = await (await fetch(`${golive.url}/api/v1/openapi.json`)).json()
  const auth = ['--auth', `${api_key}:${api_secret}`]
  expectClean(await schemathesis({ document, url: golive.url, auth, examples: 40 }))
}, 170_000)

/**
 * As a script sees it. Beside its token it would send cookies that are wrong, and then take the
 * answer for one to wrong credentials; and `keep` leaves out what would end its own token.
 */
const forScripts = async (
  bearer: string,
  keep: (operationId: string) => boolean,
): Promise<Document> => {
  const headers = { authorization: `Bearer ${bearer}` }
  const document: Document = await (
    await fetch(`${golive.url}/admin/openapi.json`, { headers })
  ).json()
  const { cookie: _, ...securitySchemes } = document.components.securitySchemes
  const paths: Document['paths'] = {}
  for (const [path, operations] of Object.entries(document.paths)) {
    const kept = Object.entries(operations).filter(([, { operationId }]) => keep(operationId))
    if (kept.length === 0) continue
    paths[path] = Object.fromEntries(
      kept.map(([method, { security, ...operation }]) => [
        method,
        security?.length === 0 ? { ...operation, security } : operation,
      ]),
    )
  }
  return {
    ...document,
    paths,
    security: [{ bearer: [] }],
    components: { ...document.components, securitySchemes },
  }
}

/** Something of everything, so that lists are not empty: an account, its session, a call, problems. */
const live = async (): Promise<void> => {
  const invited = await golive.admin('/admin/admins', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' }),
  })
  const { sign_in_url } = (await invited.json()) as { sign_in_url: string }
  await fetch(`${golive.url}/admin/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link: sign_in_url.split('#link=')[1] }),
  })
  const tenant = await operator.tenant('live')
  await tenant.createRoom('team-standup')
  await SignalClient.join(await tenant.mint('team-standup', 'user-123'))
  const { status } = await tenant.call('GET', '/rooms/nowhere')
  expect(status).toBe(404)
}

test("whatever a script asks of the operator's API, no answer is beyond its document", async () => {
  await live()
  const bearer = await token()
  const auth = ['--header', `Authorization: Bearer ${bearer}`]
  const document = await forScripts(bearer, (id) => id !== 'deleteToken')
  // What is only on the unix socket is 404 here, with credentials and without.
  const leftOut = ['missing_required_header']
  expectClean(await schemathesis({ document, url: golive.url, auth, examples: 20, leftOut }))
  const own = await fetch(`${golive.url}/admin/session`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  expect(own.status).toBe(200)
}, 170_000)

test('nor when scripts make tokens and delete them', async () => {
  const bearer = await token()
  const auth = ['--header', `Authorization: Bearer ${bearer}`]
  const document = await forScripts(bearer, (id) => id === 'createToken' || id === 'deleteToken')
  const leftOut = ['unsupported_method', 'allow_header_conformance']
  expectClean(await schemathesis({ document, url: golive.url, auth, examples: 20, leftOut }))
}, 170_000)

test('an answer beyond the document would be found', async () => {
  const key = await operator.tenantKey('control', UNLIMITED)
  expect((await new TenantClient(golive.url, key).call('GET', '/me')).status).toBe(200)
  const document: Document = await (await fetch(`${golive.url}/api/v1/openapi.json`)).json()
  const { get } = document.paths['/api/v1/me'] as { get: Operation }
  const { 200: _, ...others } = get.responses
  const { passed, output } = await schemathesis({
    document: { ...document, paths: { '/api/v1/me': { get: { ...get, responses: others } } } },
    url: golive.url,
    auth: ['--auth', `${key.api_key}:${key.api_secret}`],
    examples: 1,
  })
  expect(passed).toBe(false)
  expect(output).toContain('Undocumented')
}, 60_000)
