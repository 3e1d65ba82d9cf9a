import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { $ } from 'bun'
import { type Running, type RunningGolive, startCaddy, startGolive } from './processes.ts'

export interface EdgeServers {
  golive: RunningGolive
  caddy: Running
  stop(): Promise<void>
}

/** Of RFC 5737, for documentation: they are routed nowhere. */
export const SERVER_ADDRESS = '198.51.100.7'
/** Where people call from: TURN takes eight connections from each. */
export const PEOPLE = Array.from({ length: 7 }, (_, n) => `198.51.100.${11 + n}`)
export const NAME = 'live.bench.test'
export const HTTPS_PORT = 443
export const CADDY_PORT = 8443
export const TURN_PORT = 5349
/** The one port that the edge lets anybody relay to. */
export const MEDIA_PORT = 7882
/** Where packets for it are led in the place of livekit-server, to be sent back: from here on, one for each lane. */
export const FIRST_ECHO_PORT = 41_000

/** P-256, as certificate authorities give it to us. */
const makeCertificate = async (folder: string): Promise<{ cert: string; key: string }> => {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const names = `subjectAltName=DNS:${NAME}`
  await $`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=${NAME} -addext ${names} -keyout ${key} -out ${cert}`.quiet()
  return { cert, key }
}

/** GoLive with its edge on 443, and Caddy on a port beside it with the same certificate. */
export const startServers = async (
  binary: string,
  caddy: string,
  folder: string,
): Promise<EdgeServers> => {
  const { cert, key } = await makeCertificate(folder)
  const golive = await startGolive(binary, join(folder, 'golive'), {
    GOLIVE_TLS_MODE: 'files',
    GOLIVE_TLS_DOMAIN: NAME,
    GOLIVE_TLS_CERT_FILE: cert,
    GOLIVE_TLS_KEY_FILE: key,
    GOLIVE_TLS_HTTPS_PORT: String(HTTPS_PORT),
    GOLIVE_LIVEKIT_NODE_IP: SERVER_ADDRESS,
    GOLIVE_LIVEKIT_TURN_PORT: String(TURN_PORT),
    GOLIVE_LIVEKIT_UDP_PORT: String(MEDIA_PORT),
  })
  const proxy = join(folder, 'caddy')
  mkdirSync(proxy)
  writeFileSync(join(proxy, 'Caddyfile'), caddyfile(cert, key, golive.port))
  const other = await startCaddy(caddy, proxy, CADDY_PORT, READY_PORT).catch(async (error) => {
    await golive.stop()
    throw error
  })
  const stop = async () => void (await Promise.all([golive.stop(), other.stop()]))
  return { golive, caddy: other, stop }
}

const READY_PORT = 8081

const caddyfile = (cert: string, key: string, port: number): string => `
{
  admin off
  auto_https off
  persist_config off
}
https://${NAME}:${CADDY_PORT} {
  tls ${cert} ${key}
  reverse_proxy 127.0.0.1:${port}
}
http://127.0.0.1:${READY_PORT} {
  respond "ready"
}
`
