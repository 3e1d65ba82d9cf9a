import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AdminClient, path } from '../../../src/cli/client.ts'
import { CliError } from '../../../src/cli/exit.ts'
import { type Fallback, LocalTransport, notRunning, socketPath } from '../../../src/cli/local.ts'
import { callLink } from '../../../src/cli/token.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'

let folder: string
let config: Config

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-cli-'))
  config = { ...loadConfig(undefined, {}), data_dir: folder }
})

afterEach(() => rmSync(folder, { recursive: true }))

const noServer: Fallback = {
  open: async () => {
    throw notRunning(config)
  },
}

const clientOf = (fallback: Fallback): AdminClient =>
  new AdminClient(new LocalTransport({ config, fallback, user: 'me' }))

const failure = async (work: Promise<unknown>): Promise<CliError> => {
  const error = await work.then(
    () => null,
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(CliError)
  return error
}

const listen = (answer: (request: Request) => Response | Promise<Response>) =>
  Bun.serve({ unix: socketPath(config), fetch: answer })

test('a name can never turn a path into another one', () => {
  expect(path`/admin/tenants/${'a/b?c#d'}/keys`).toBe('/admin/tenants/a%2Fb%3Fc%23d/keys')
  for (const name of ['', '.', '..']) expect(() => path`/admin/tenants/${name}`).toThrow(CliError)
})

test('a link carries the token in the fragment, which reaches no server', () => {
  expect(callLink({ ws_url: 'wss://live.example.com', token: 't.o.k' })).toBe(
    'https://live.example.com/call#token=t.o.k',
  )
  expect(callLink({ ws_url: 'ws://127.0.0.1:8080', token: 't' })).toBe(
    'http://127.0.0.1:8080/call#token=t',
  )
})

test('without a server a command that needs one is exit code 69 and says how to start it', async () => {
  const { exit, problem } = await failure(clientOf(noServer).get('/admin/status'))
  expect(exit).toBe(69)
  expect(problem.hint).toBe('Start it with: golive serve')
})

test('a refusal keeps the words of the API', async () => {
  const body = { code: 'tenant_exists', detail: 'taken', hint: 'Choose another.', status: 409 }
  await using _ = listen(() => Response.json(body, { status: 409 }))
  const { exit, problem } = await failure(clientOf(noServer).post('/admin/tenants'))
  expect(exit).toBe(1)
  expect(problem).toMatchObject({ code: 'tenant_exists', detail: 'taken', hint: 'Choose another.' })
})

test('a call that breaks off is not made a second time', async () => {
  let connections = 0
  using _ = Bun.listen({
    unix: socketPath(config),
    socket: {
      open: () => {
        connections++
      },
      data: (socket) => {
        socket.end()
      },
    },
  })
  const { exit, problem } = await failure(clientOf(noServer).post('/admin/tenants'))
  expect(exit).toBe(69)
  expect(problem.detail).toContain('broke off before it answered')
  expect(connections).toBe(1)
})

test('a server that is just starting is waited for', async () => {
  let server: Bun.Server<undefined> | undefined
  const starting: Fallback = {
    open: async () => {
      server ??= listen(() => Response.json({ ok: true }))
      return null
    },
  }
  expect(await clientOf(starting).get<unknown>('/admin/status')).toEqual({
    ok: true,
  })
  await server?.stop(true)
})

test('a list is read to its last page, once each', async () => {
  const pages = [
    { data: [1, 2], next_cursor: 'b' },
    { data: [3], next_cursor: null },
  ]
  const asked: string[] = []
  await using _ = listen((request) => {
    asked.push(new URL(request.url).search)
    return Response.json(pages[asked.length - 1])
  })
  const all = await clientOf(noServer).list<number>('/admin/x', { active: 'true' })
  expect(all).toEqual({ data: [1, 2, 3], next_cursor: null })
  expect(asked).toEqual(['?active=true&limit=100', '?active=true&limit=100&cursor=b'])
})
