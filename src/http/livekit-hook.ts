import type { Intake } from '../domain/intake.ts'

/** A report holds one room and one participant: metadata and attributes of half a megabyte at most. */
const MOST_BYTES = 2 * 1024 * 1024

/**
 * Listens for livekit-server's webhooks, on a loopback port of its own: on the public one every
 * peer is 127.0.0.1 once a proxy stands in front.
 * @param port the one to listen on, 0 for any; @throws when it is taken
 */
export const serveLivekitHook = (intake: Intake, port: number): Bun.Server<undefined> =>
  Bun.serve({
    hostname: '127.0.0.1',
    port,
    development: false,
    maxRequestBodySize: MOST_BYTES,
    idleTimeout: 30,
    fetch: async (request) => {
      if (request.method !== 'POST' || new URL(request.url).pathname !== intake.path) {
        return new Response(null, { status: 404 })
      }
      const authorization = request.headers.get('authorization')
      return intake.receive(await request.text(), authorization).then(
        (ours) => new Response(null, { status: ours ? 200 : 401 }),
        () => new Response(null, { status: 503 }),
      )
    },
  })
