/**
 * The floor: what Bun.serve alone costs to read the same JSON body and answer the same bytes.
 * BENCH_BODY is an answer that GoLive gave; BENCH_PORT says where to listen.
 */
const body = process.env.BENCH_BODY ?? '{}'
const headers = { 'content-type': 'application/json' }

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.BENCH_PORT),
  development: false,
  async fetch(request) {
    if (request.method === 'GET') return new Response('ready')
    const input = (await request.json()) as { identity?: string }
    return new Response(input.identity ? body : '{}', { headers })
  },
})
