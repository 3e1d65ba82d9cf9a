import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GoLive, type GoLiveOptions, startGolive } from './golive.ts'
import { LAB_NAME, type Lab } from './lab.ts'

/** The ports that the internet knows; a namespace has all of them for itself. */
const PORTS = {
  signal_port: 7880,
  tcp_port: 7881,
  udp_port: 7882,
  turn_port: 5349,
  stun_port: 3478,
}

/**
 * Starts the executable in the lab's server; answers once TLS is served, with whatever certificate.
 * What asks its API comes from the lab's client, which believes `lab.client.trust`.
 */
export const startInLab = (
  lab: Lab,
  tls: Record<string, unknown>,
  options: GoLiveOptions = {},
): Promise<GoLive> => {
  const config = options.config ?? {}
  const url = `https://${tls.mode === 'ip' ? lab.server.address : LAB_NAME}`
  return startGolive({
    ...options,
    inside: {
      prefix: lab.server.prefix,
      url,
      fetch: lab.client.fetch,
      isReady: async () => (await lab.client.fetch(`${url}/healthz`, {}, { anything: true })).ok,
    },
    config: {
      ...config,
      server: { port: 8080, ...(config.server as object) },
      livekit: { ...PORTS, ...(config.livekit as object) },
      tls,
    },
  })
}

/** The authority that a server in mode `internal` made for itself, as browsers are to believe it. */
export const ownAuthority = ({ dataDir }: GoLive): string => {
  const pem = readFileSync(join(dataDir, 'tls/authority.pem'), 'utf8')
  const [certificate] = /-----BEGIN CERTIFICATE-[\s\S]+-END CERTIFICATE-----\n/.exec(pem) ?? []
  if (certificate === undefined) throw new Error('there is no authority')
  return certificate
}
