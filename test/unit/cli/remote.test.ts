import { afterEach, expect, test } from 'bun:test'
import { run } from '../../../src/cli/program.ts'
import { MemoryTerminal } from './memory-terminal.ts'

const TOKEN = `lka_${'k'.repeat(50)}`
const servers: Bun.Server<undefined>[] = []

afterEach(() => {
  for (const server of servers.splice(0)) void server.stop(true)
})

const listen = (answer: (request: Request) => Response | Promise<Response>): string => {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
  servers.push(server)
  return `http://127.0.0.1:${server.port}`
}

const golive = async (env: Record<string, string>, ...argv: string[]) => {
  const terminal = new MemoryTerminal(env)
  const code = await run(argv, terminal)
  return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

const withToken = (...argv: string[]) => golive({ GOLIVE_ADMIN_TOKEN: TOKEN }, ...argv)

test('with --url a command asks that server, with the token in a header and nowhere else', async () => {
  const seen: { request: Request; body: unknown }[] = []
  const url = listen(async (request) => {
    seen.push({ request, body: await request.json() })
    return Response.json({ slug: 'acme', api_key: 'lkv_1', api_secret: 'lks_2' }, { status: 201 })
  })
  const { code, stdout } = await withToken('tenant', 'create', 'acme', '--url', url)
  expect(code).toBe(0)
  expect(stdout).toContain('Created tenant acme.')
  expect(seen).toMatchObject([{ body: { slug: 'acme' } }])
  const request = seen[0]?.request as Request
  expect(request.method).toBe('POST')
  expect(request.url).toBe(`${url}/admin/tenants`)
  expect(request.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
  expect(request.headers.get('x-golive-user')).toBeNull()
})

test('what the server refuses is exit code 1 in its own words', async () => {
  const body = { code: 'forbidden', detail: 'this token may only read', status: 403 }
  const url = listen(() => Response.json(body, { status: 403 }))
  const { code, stderr } = await withToken('--url', url, 'tenant', 'create', 'acme')
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'golive: this token may only read\n' })
})

test('where nobody answers is exit code 69, without the token', async () => {
  const url = listen(() => new Response())
  await servers.pop()?.stop(true)
  const { code, stderr } = await withToken('--url', url, 'status')
  expect(code).toBe(69)
  expect(stderr).toStartWith(`golive: ${url} cannot be reached: `)
  expect(stderr).not.toContain(TOKEN)
})

test('the token follows no redirect, and a server that is no golive is told as such', async () => {
  const asked: string[] = []
  const elsewhere = listen((request) => {
    asked.push(request.url)
    return Response.json({})
  })
  const moved = listen(() => Response.redirect(`${elsewhere}/admin/status`, 307))
  expect(await withToken('--url', moved, 'status')).toMatchObject({ code: 1, stdout: '' })
  expect(asked).toEqual([])
  const page = listen(() => new Response('<h1>It works!</h1>'))
  const { code, stderr } = await withToken('--url', page, 'status')
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'golive: the answer is not that of a golive server\n',
  })
})

test('a token is never taken from elsewhere, and never sent in clear over a network', async () => {
  const none = await golive({}, '--url', 'https://live.example.com', 'status')
  expect(none.code).toBe(2)
  expect(none.stderr).toContain('GOLIVE_ADMIN_TOKEN is not set')
  const key = await golive(
    { GOLIVE_ADMIN_TOKEN: 'lks_abc' },
    '--url',
    'https://a.example',
    'status',
  )
  expect(key.code).toBe(2)
  expect(key.stderr).not.toContain('lks_abc')
  for (const url of ['http://live.example.com', 'live.example.com', 'https://a.example/x', '']) {
    const { code, stderr } = await withToken('--url', url, 'status')
    expect({ url, code }).toEqual({ url, code: 2 })
    expect(stderr).toContain('--url: expected')
  }
  const both = await withToken('--url', 'https://a.example', '--config', 'x.yaml', 'status')
  expect(both.code).toBe(2)
})

test('what belongs to the machine of the server is wrong usage with --url', async () => {
  for (const argv of [
    ['serve'],
    ['setup'],
    ['restart'],
    ['stop'],
    ['admin', 'create', 'a@example.com'],
    ['admin', 'reset', 'a@example.com'],
  ]) {
    const { code, stderr } = await withToken('--url', 'https://live.example.com', ...argv)
    expect({ argv, code }).toEqual({ argv, code: 2 })
    expect(stderr).toContain('on the machine of the server only')
  }
})

test('who follows events through the return of an earlier database begins with the new log', async () => {
  const asked: string[] = []
  const event = (seq: number) => ({
    seq,
    type: 'room.created',
    at: '2026-11-25T10:00:00.000Z',
    data: {},
  })
  const streams = [
    ['a', 'a', 'b', 'b'].map((id) => `event: stream\ndata: {"stream_id":"${id}"}\n\n`),
    [`data: ${JSON.stringify(event(900))}\n\n`, '', '', `data: ${JSON.stringify(event(2))}\n\n`],
  ] as [string[], string[]]
  const url = listen((request) => {
    const after = new URL(request.url).searchParams.get('after') ?? ''
    if (request.headers.get('accept') !== 'text/event-stream')
      return Response.json({
        data: [],
        next_after: Number(after),
        last_seq: asked.length < 3 ? 900 : 2,
      })
    const at = asked.push(after) - 1
    const begin = streams[0][at]
    if (begin === undefined)
      return Response.json({ code: 'forbidden', detail: 'enough' }, { status: 403 })
    return new Response(`${begin}${streams[1][at]}`)
  })
  const command = ['events', '--tenant', 'acme', '--follow', '--json', '--limit', '1']
  const { stdout, stderr } = await withToken('--url', url, ...command)
  expect(asked).toEqual(['899', '900', '900', '1', '2'])
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).seq),
  ).toEqual([900, 2])
  expect(stderr).toContain('an earlier database was put back')
})
