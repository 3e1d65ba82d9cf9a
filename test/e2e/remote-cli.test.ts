import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { tmpdir } from 'node:os'
import { executable, type GoLive, startGolive } from '../support/golive.ts'
import { TenantClient } from '../support/tenant-client.ts'

setDefaultTimeout(60_000)

let server: GoLive

beforeAll(async () => {
  server = await startGolive()
})

afterAll(() => server[Symbol.asyncDispose]())

interface NewToken {
  id: string
  token: string
}

const newToken = async (given: object): Promise<NewToken> => {
  const response = await server.admin('/admin/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'a script', ...given }),
  })
  expect(response.status).toBe(201)
  return response.json()
}

/** Runs a command as on another machine: no configuration, no data dir, only address and token. */
const remotely = async (token: string, ...args: string[]) => {
  const child = Bun.spawn([executable(), '--url', server.url, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, GOLIVE_ADMIN_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

test('from elsewhere an operator does with a token what the machine itself can do', async () => {
  const { id, token } = await newToken({ scope: 'write' })
  const made = await remotely(token, 'tenant', 'create', 'acme', '--json')
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' })
  const acme = new TenantClient(server.url, JSON.parse(made.stdout))
  expect((await acme.call('GET', '/me')).status).toBe(200)
  expect((await remotely(token, 'status')).stdout).toContain(`is up at ${server.url}`)
  const link = await remotely(
    token,
    ...['token', 'acme', 'daily', '--identity', 'alice', '--create-room', '--link'],
  )
  expect(link.stdout).toStartWith(`${server.url}/call#token=`)
  expect((await remotely(token, 'room', 'list', 'acme')).stdout).toContain('daily')
  expect((await remotely(token, 'admin', 'list')).code).toBe(0)
  expect((await remotely(token, 'tenant', 'deactivate', 'acme', '--yes')).code).toBe(0)
  expect((await acme.call('GET', '/me')).status).toBe(401)
  const audit = await remotely(token, 'audit', '--tenant', 'acme', '--json')
  const [latest] = JSON.parse(audit.stdout).data
  expect(latest).toMatchObject({ actor: `token:${id}`, action: 'tenant.deactivated' })
})

test('a token does from elsewhere what it is for and no more', async () => {
  await server.tenantKey('own')
  await server.tenantKey('other')
  const reader = await newToken({ scope: 'read' })
  expect((await remotely(reader.token, 'tenant', 'list')).stdout).toContain('own')
  const write = await remotely(reader.token, 'tenant', 'create', 'new')
  expect(write).toMatchObject({ code: 1, stdout: '' })
  expect(write.stderr).toContain('may only read')
  const tied = await newToken({ scope: 'write', tenant: 'own' })
  expect((await remotely(tied.token, 'key', 'create', 'own')).code).toBe(0)
  expect((await remotely(tied.token, 'key', 'create', 'other')).code).toBe(1)
  expect((await remotely(tied.token, 'tenant', 'list')).code).toBe(1)
})

test('a wrong token is refused with exit code 1, and the token is in no output and no log', async () => {
  const wrong = `lka_${'w'.repeat(50)}`
  const { code, stdout, stderr } = await remotely(wrong, 'tenant', 'list')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).not.toContain(wrong)
  expect(server.log.text()).not.toContain('lka_')
})
