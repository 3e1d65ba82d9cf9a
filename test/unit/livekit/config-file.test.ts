import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import {
  configHash,
  type LivekitSettings,
  renderKeyFile,
  renderLivekitConfig,
  writeLivekitConfig,
} from '../../../src/livekit/config-file.ts'

const settings: LivekitSettings = {
  signalPort: 7880,
  tcpPort: 7881,
  udpPort: 7882,
  nodeIp: '203.0.113.10',
  hostIp: '203.0.113.10',
  turn: null,
  stun: '203.0.113.10:3478',
  hookPort: 4711,
  apiKey: 'golive',
  apiSecret: 'secret-of-the-child-0123456789-abcdef',
  remoteUnmute: false,
  logLevel: 'info',
}
const render = (change: Partial<LivekitSettings> = {}) =>
  parse(renderLivekitConfig({ ...settings, ...change }, '/d/keys.yaml'))

test('the configuration binds HTTP to loopback, makes no rooms by itself and holds no secret', () => {
  const config = render()
  expect(config.bind_addresses).toEqual(['127.0.0.1'])
  expect(config.room.auto_create).toBe(false)
  expect(config.key_file).toBe('/d/keys.yaml')
  expect(JSON.stringify(config)).not.toContain(settings.apiSecret)
})

test('people give themselves no more than fits the address that brings them back, and a room all that it may', () => {
  const { limit } = render()
  expect(limit).toEqual({ max_metadata_size: 32_768, max_attributes_size: 32_768 })
})

test('the address for media is always written and never asked of a STUN server', () => {
  expect(render().rtc.node_ip).toBe('203.0.113.10')
  expect(render().rtc.use_external_ip).toBe(false)
})

test('clients are sent to no STUN server of a third party', () => {
  expect(render().rtc.stun_servers).toEqual(['203.0.113.10:3478'])
})

test('a loopback address brings loopback candidates, any other address none', () => {
  const { rtc } = render({ nodeIp: '127.0.0.1' })
  expect(rtc.enable_loopback_candidate).toBe(true)
  expect(rtc.interfaces.includes).toEqual(['lo'])
  expect(rtc.ips.includes).toEqual(['127.0.0.1/32'])
  expect(render({ nodeIp: '::1' }).rtc.ips.includes).toEqual(['::1/128'])
  expect(render().rtc).not.toHaveProperty('enable_loopback_candidate')
  expect(render().rtc).not.toHaveProperty('interfaces')
})

test('webhooks go to our own port, signed with our key', () => {
  expect(render().webhook.api_key).toBe('golive')
  expect(render().webhook.urls).toEqual(['http://127.0.0.1:4711/livekit/webhook'])
})

test('level debug never reaches the component that logs refresh tokens', () => {
  const { logging } = render({ logLevel: 'debug' })
  expect(logging.level).toBe('info')
  expect(Object.keys(logging.component_levels)).toEqual(['api', 'room', 'transport', 'pub', 'sub'])
  expect(render().logging.component_levels).toEqual({ api: 'warn' })
})

test('the key file holds exactly one key', () => {
  expect(parse(renderKeyFile(settings))).toEqual({ golive: settings.apiSecret })
})

test('another setting or another program changes the hash, another folder of the program does not', () => {
  const hash = configHash('/d', settings, '/d/livekit-server-1')
  expect(configHash('/d', settings, '/e/livekit-server-1')).toBe(hash)
  expect(configHash('/d', settings, '/d/livekit-server-2')).not.toBe(hash)
  expect(configHash('/d', { ...settings, tcpPort: 1 }, '/d/livekit-server-1')).not.toBe(hash)
  expect(configHash('/d', { ...settings, hookPort: 1 }, '/d/livekit-server-1')).not.toBe(hash)
})

test('the files are readable by their owner only, and left alone when nothing changed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'golive-config-'))
  const files = ['livekit.yaml', 'keys.yaml'].map((name) => join(dir, name))
  writeLivekitConfig(dir, settings)
  for (const file of files) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    utimesSync(file, 1, 1)
  }
  writeLivekitConfig(dir, settings)
  expect(files.map((file) => statSync(file).mtimeMs)).toEqual([1_000, 1_000])
  writeLivekitConfig(dir, { ...settings, logLevel: 'debug' })
  expect(files.map((file) => statSync(file).mtimeMs === 1_000)).toEqual([false, true])
  rmSync(dir, { recursive: true })
})
