import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { startInLab } from '../support/lab-golive.ts'
import type { Machine, MachineSocket } from '../support/lab-machine.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

const ALLOCATE = 0x0003
/** Error answer to an Allocate request: TURN asks for credentials first (RFC 8656 §7.3). */
const ALLOCATE_ERROR = 0x0113
const IPV6 = { server: '2001:db8::7', client: '2001:db8::50' }

const why = await labMissing()

describe.skipIf(why !== null)('on port 443, from another machine', () => {
  let lab: Lab
  let golive: GoLive
  let tenant: TenantClient

  beforeAll(async () => {
    lab = await Lab.create()
    for (const side of ['server', 'client'] as const) {
      const address = ['addr', 'add', `${IPV6[side]}/64`, 'dev', 'eth0', 'nodad']
      await lab[side].run('ip', ...address)
    }
    lab.client.trust = { anything: true }
    golive = await startInLab(lab, { mode: 'internal', domain: LAB_NAME })
    tenant = await golive.tenant('acme')
    await tenant.createRoom('open')
  }, 60_000)

  afterAll(async () => {
    await golive?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  }, 60_000)

  const join = async (identity: string): Promise<MachineSocket> => {
    const { token, ws_url } = await tenant.mint('open', identity)
    const socket = await lab.client.open(`${ws_url}/rtc?access_token=${token}&protocol=15`)
    await until('LiveKit answers', () => socket.received.length > 0)
    return socket
  }

  /** The type of the STUN message that answers an Allocate request; null when the door stays shut. */
  const allocate = async (from: Machine): Promise<number | null> => {
    const { bytes } = await through(from, allocateRequest(), lab.server.address)
    return bytes.length < 2 ? null : bytes.readUInt16BE(0)
  }

  const through = (from: Machine, bytes: Uint8Array, host: string) =>
    from.exchange(443, bytes, { host, tls: { servername: LAB_NAME, anything: true } })

  test('TURN is there for who is in a call, still when they lost their signaling, and for nobody else', async () => {
    expect(await allocate(lab.client)).toBeNull()
    const ann = await join('ann')
    expect(await allocate(lab.client)).toBe(ALLOCATE_ERROR)
    expect(await allocate(lab.server)).toBeNull()
    await ann.close()
    await until('the signaling is gone', () => ann.closed !== null)
    expect(await allocate(lab.client)).toBe(ALLOCATE_ERROR)
  }, 30_000)

  test('people are known by their address, IPv4 or IPv6', async () => {
    for (const [host, address] of [
      [lab.server.address, lab.client.address],
      [IPV6.server, IPV6.client],
    ] as const) {
      const path = `/api/v1/rooms/by-${host}`
      const request = `GET ${path} HTTP/1.1\r\nHost: ${LAB_NAME}\r\nConnection: close\r\n\r\n`
      const { bytes } = await through(lab.client, Buffer.from(request), host)
      expect(bytes.toString()).toStartWith('HTTP/1.1 401')
      const line = golive.log.entries().find((entry) => entry.path === path)
      expect(line?.address).toBe(address)
    }
  }, 30_000)
})

/** For a UDP relay; without credentials, as a client's first. */
const allocateRequest = (): Buffer => {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16BE(ALLOCATE, 0)
  bytes.writeUInt16BE(8, 2)
  bytes.writeUInt32BE(0x2112a442, 4)
  bytes.writeUInt16BE(0x0019, 20)
  bytes.writeUInt16BE(4, 22)
  bytes[24] = 17
  return bytes
}
