import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import { isLoopback } from '../config/check.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { replaceFile } from '../lib/files.ts'
import { type Turn, turnSection } from './turn.ts'
import { HOOK_EVENTS, HOOK_PATH } from './webhook.ts'

export interface LivekitSettings {
  signalPort: number
  tcpPort: number
  udpPort: number
  /** the address that clients send media to; never guessed by livekit-server */
  nodeIp: string
  /** this machine's own address, where it arrives */
  hostIp: string
  /** null: calls are not relayed */
  turn: Turn | null
  /** `address:port` of the server that tells clients their own address */
  stun: string
  /** loopback port on which we take its webhooks */
  hookPort: number
  apiKey: string
  apiSecret: string
  /** whether people's tracks may be switched on from afar */
  remoteUnmute: boolean
  logLevel: 'info' | 'debug'
}

/**
 * livekit-server's configuration as YAML. Rooms are made by the gate alone, there is one key, and
 * HTTP is bound to loopback: policy is ours, so its own limits stay at their native size, but for what
 * people give themselves.
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
      // With none named, livekit-server tells clients to ask Google's and Twilio's.
      stun_servers: [settings.stun],
      ...(isLoopback(settings.nodeIp) ? loopbackOnly(settings.nodeIp) : oneAddress(settings)),
    },
    room: { auto_create: false, enable_remote_unmute: settings.remoteUnmute },
    turn: turnSection(settings),
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
    limit: { max_metadata_size: MOST_SHOWN_BYTES, max_attributes_size: MOST_SHOWN_BYTES },
  })

/**
 * As large as a room's metadata may be. By what people give themselves in a call the token grows that
 * brings them back, and that goes into an address, of which there is no more than 128 KiB.
 */
const MOST_SHOWN_BYTES = 32 * 1024

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

/** With several addresses it would answer from the first one, which is not where the client asked. */
const oneAddress = ({ hostIp }: LivekitSettings) => ({
  ips: { includes: [`${hostIp}/${isIPv6(hostIp) ? 128 : 32}`] },
})
