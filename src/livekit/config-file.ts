import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import { isLoopback } from '../config/check.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { replaceFile } from '../lib/files.ts'
import { HOOK_EVENTS, HOOK_PATH } from './webhook.ts'

export interface LivekitSettings {
  signalPort: number
  tcpPort: number
  udpPort: number
  /** the address that clients send media to; never guessed by livekit-server */
  nodeIp: string
  /** loopback port on which we take its webhooks */
  hookPort: number
  apiKey: string
  apiSecret: string
  logLevel: 'info' | 'debug'
}

/**
 * livekit-server's configuration as YAML. Rooms are made by the gate alone, there is one key, and
 * HTTP is bound to loopback: policy is ours, so its own limits stay at their native size.
 */
export const renderLivekitConfig = (settings: LivekitSettings, keyFile: string): string =>
  stringify({
    port: settings.signalPort,
    bind_addresses: ['127.0.0.1'],
    key_file: keyFile,
    logging: logging(settings.logLevel),
    rtc: {
      node_ip: settings.nodeIp,
      use_external_ip: false,
      tcp_port: settings.tcpPort,
      udp_port: settings.udpPort,
      allow_tcp_fallback: true,
      stun_servers: [stunServer(settings)],
      ...(isLoopback(settings.nodeIp) ? loopbackOnly(settings.nodeIp) : {}),
    },
    room: { auto_create: false, enable_remote_unmute: false },
    turn: { enabled: false },
    webhook: {
      api_key: settings.apiKey,
      urls: [`http://127.0.0.1:${settings.hookPort}${HOOK_PATH}`],
      // Nothing else is acted upon, and each report costs time just when people join.
      filter_params: { include_events: HOOK_EVENTS },
      // An outage of ours may last: what waited in the queue meanwhile is still worth having.
      resource_url_notifier: { max_age: '10m', max_depth: 10_000 },
    },
    // A join that fails once (full room, bad metadata) fails thrice the same way, only later.
    signal_relay: { connect_attempts: 1 },
  })

export const configPath = (dir: string): string => join(dir, 'livekit.yaml')
const keyPath = (dir: string): string => join(dir, 'keys.yaml')

/** Brings both files that livekit-server reads at its start up to date. */
export const writeLivekitConfig = (dir: string, settings: LivekitSettings): void => {
  update(keyPath(dir), renderKeyFile(settings))
  update(configPath(dir), renderLivekitConfig(settings, keyPath(dir)))
}

/** Not written when it holds this already: on a full disk the child must still be able to restart. */
const update = (path: string, text: string): void => {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) replaceFile(path, text)
}

/** Differs when a child started now would behave differently: other settings or another program. */
export const configHash = (dir: string, settings: LivekitSettings, binary: string): string =>
  sha256Hex(`${basename(binary)}\n${renderLivekitConfig(settings, keyPath(dir))}`)

export const keyHash = ({ apiKey, apiSecret }: { apiKey: string; apiSecret: string }): string =>
  sha256Hex(`${apiKey}\n${apiSecret}`)

/** The key file: exactly one, since refresh tokens are signed with a random one of all keys. */
export const renderKeyFile = ({ apiKey, apiSecret }: LivekitSettings): string =>
  stringify({ [apiKey]: apiSecret })

/** Discard, RFC 863: nothing answers there, and it can never be the media port. */
const DISCARD_PORT = 9

/**
 * With no STUN server named, livekit-server tells clients to ask Google's and Twilio's. Clients of a
 * server with a known address need none: named is a port of it that does not answer. Never the media
 * port: libwebrtc keeps all that comes from a STUN server's address for its STUN client, so that no
 * media would ever flow over UDP.
 */
const stunServer = ({ nodeIp }: LivekitSettings): string =>
  isIPv6(nodeIp) ? `[${nodeIp}]:${DISCARD_PORT}` : `${nodeIp}:${DISCARD_PORT}`

/**
 * Never all of debug: its root component then logs every signal message, refresh tokens in clear. Of
 * its API only what fails: our own sweeps would push all else out of the last lines.
 */
const logging = (level: LivekitSettings['logLevel']) => ({
  json: true,
  level: 'info',
  pion_level: 'error',
  component_levels: { api: 'warn', ...(level === 'debug' ? DEBUG_COMPONENTS : {}) },
})

const DEBUG_COMPONENTS = { room: 'debug', transport: 'debug', pub: 'debug', sub: 'debug' }

const loopbackOnly = (nodeIp: string) => ({
  enable_loopback_candidate: true,
  interfaces: { includes: ['lo'] },
  ips: { includes: [isIPv6(nodeIp) ? '::1/128' : '127.0.0.1/32'] },
})
