import { expect, setDefaultTimeout, test } from 'bun:test'
import { startGolive } from '../support/golive.ts'
import { SignalClient } from '../support/signal-client.ts'

setDefaultTimeout(90_000)

/** The internet's modes are asked in internet.test.ts, addresses.test.ts and certificates.test.ts. */
const modes: [string, Record<string, Record<string, unknown>>][] = [
  ['localhost', {}],
  [
    'proxy',
    {
      tls: { mode: 'proxy' },
      livekit: { node_ip: '127.0.0.1' },
      server: { public_url: 'https://live.example.com', trusted_proxies: ['127.0.0.9'] },
    },
  ],
]

test.each(modes)(
  'in mode %s clients are sent to our own STUN server and to nobody else',
  async (_, config) => {
    await using golive = await startGolive({ config })
    const tenant = await golive.tenant('acme')
    await tenant.createRoom('ice')
    const { token } = await tenant.mint('ice', 'ann')
    const client = await SignalClient.join({ ws_url: `ws://127.0.0.1:${golive.port}`, token })
    const urls = client.join.iceServers.flatMap((server) => server.urls)
    client.close()
    expect(urls).toEqual([expect.stringMatching(/^stun:127\.0\.0\.1:\d+$/)])
  },
)
