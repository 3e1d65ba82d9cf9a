import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  JoinRequest,
  RequestResponse_Reason,
  UpdateParticipantMetadata,
  WrappedJoinRequest,
  WrappedJoinRequest_Compression,
} from '@livekit/protocol'
import { type GoLive, startGolive } from '../support/golive.ts'
import { claimsOf } from '../support/jwt-forge.ts'
import { Operator } from '../support/operator.ts'
import {
  exchange,
  openRaw,
  type RawAnswer,
  type RawWebSocket,
  requestText,
  valuesOf,
} from '../support/raw-http.ts'
import { expectRefusal } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

const OF_THE_BACKEND = { metadata: 'of the backend', attributes: { role: 'guest', team: 'red' } }
const CLAIMED = { role: 'host', admin: 'yes' }
const CLAIMED_METADATA = JSON.stringify({ roomAdmin: true, canPublish: true, identity: 'root' })

let golive: GoLive
let acme: TenantClient

beforeAll(async () => {
  golive = await startGolive()
  acme = await new Operator(golive).tenant('acme')
})

afterAll(() => golive?.[Symbol.asyncDispose]())

/** With its padding: without it livekit-server cannot read the one of `/rtc`, and ignores it. */
const base64url = (bytes: Uint8Array): string =>
  encodeURIComponent(
    Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  )

const joinRequest = (said: Partial<JoinRequest>, compression: WrappedJoinRequest_Compression) => {
  const bytes = new JoinRequest(said).toBinary()
  const isGzip = compression === WrappedJoinRequest_Compression.GZIP
  const wrapped = new WrappedJoinRequest({
    compression,
    joinRequest: isGzip ? Bun.gzipSync(bytes as Uint8Array<ArrayBuffer>) : bytes,
  })
  return `/rtc/v1?join_request=${base64url(wrapped.toBinary())}`
}

const { NONE, GZIP } = WrappedJoinRequest_Compression
const attributes = { participantAttributes: CLAIMED }
const metadata = { metadata: CLAIMED_METADATA }
/** Theirs beside the backend's; metadata as a whole. */
const GETS_ATTRIBUTES = { attributes: { ...OF_THE_BACKEND.attributes, ...CLAIMED } }
const GETS_BOTH = { ...GETS_ATTRIBUTES, ...metadata }

const CLAIMS: [what: string, path: string, got: Record<string, unknown>][] = [
  [
    'attributes in the address of /rtc',
    `/rtc?protocol=15&attributes=${base64url(Buffer.from(JSON.stringify(CLAIMED)))}`,
    GETS_ATTRIBUTES,
  ],
  ['attributes in a join request', joinRequest(attributes, NONE), GETS_ATTRIBUTES],
  ['attributes in a packed join request', joinRequest(attributes, GZIP), GETS_ATTRIBUTES],
  ['metadata in a join request', joinRequest(metadata, NONE), metadata],
  ['metadata in a packed join request', joinRequest(metadata, GZIP), metadata],
  [
    'both in a packed join request on /rtc',
    joinRequest({ ...metadata, ...attributes }, GZIP).replace('/v1', ''),
    GETS_BOTH,
  ],
]

const knock = (path: string, token: string): Promise<RawWebSocket> =>
  openRaw(golive.port, `${path}&access_token=${token}`)

/** Asks why an upgrade to that address failed, as SDKs do: with all that they sent. */
const ask = (path: string, token: string): Promise<RawAnswer> => {
  const target = `${path.replace('?', '/validate?')}&access_token=${token}`
  return exchange(golive.port, requestText('GET', target, [['Host', `127.0.0.1:${golive.port}`]]))
}

let rooms = 0
const newRoom = async (): Promise<string> => {
  const room = `room-${rooms++}`
  await acme.createRoom(room)
  return room
}

describe('who may not change their own metadata', () => {
  test.each(CLAIMS)('and sends %s is refused, and takes no seat', async (_, path) => {
    const room = await newRoom()
    const { token } = await acme.mint(room, 'ann', OF_THE_BACKEND)
    const { answer } = await knock(path, token)
    expect(answer.status).toBe(400)
    expect(valuesOf(answer, 'x-golive-code')).toEqual(['request_refused'])
    expect(answer.body).toStartWith('request_refused: ')
    expect(answer.body).toContain('can_update_own_metadata')
    expect(answer.body).not.toContain(token)
    expect(await acme.room(room)).toMatchObject({ participants_now: 0 })
    expect((await acme.call('GET', `/rooms/${room}/participants/ann`)).status).toBe(404)
  })

  test.each(CLAIMS)('and sends %s is told so by /validate, before and after', async (_, path) => {
    const room = await newRoom()
    const { token } = await acme.mint(room, 'ann', OF_THE_BACKEND)
    const before = expectRefusal(await ask(path, token), 400, 'request_refused')
    const { answer } = await knock(path, token)
    expect(answer.body).toBe(before)
    expect((await ask(path, token)).body).toBe(before)
  })

  test('and sends none gets what the backend gave', async () => {
    const room = await newRoom()
    const { token } = await acme.mint(room, 'ann', OF_THE_BACKEND)
    const socket = await knock(joinRequest({}, GZIP), token)
    expect(socket.answer.status).toBe(101)
    const { body } = await acme.call('GET', `/rooms/${room}/participants/ann`)
    expect(body).toMatchObject(OF_THE_BACKEND)
    socket.destroy()
  })
})

describe('who may change their own metadata', () => {
  test.each(CLAIMS)(
    'and sends %s gets these, and may no more than the token says',
    async (_, path, got) => {
      const grant = { can_update_own_metadata: true }
      const asked = await acme.mint(await newRoom(), 'ann', grant)
      expect((await ask(path, asked.token)).body).toBe('success')
      const room = await newRoom()
      const grants = { can_update_own_metadata: true, can_publish: false, can_publish_data: false }
      const { token } = await acme.mint(room, 'ann', { ...OF_THE_BACKEND, ...grants })
      const socket = await knock(path, token)
      expect(socket.answer.status).toBe(101)
      const { body } = await acme.call('GET', `/rooms/${room}/participants/ann`)
      expect(body).toMatchObject({ identity: 'ann', ...OF_THE_BACKEND, ...got })
      expect(body.permissions).toMatchObject(grants)
      expect(await acme.room(room)).toMatchObject({ participants_now: 1 })
      socket.destroy()
    },
  )
})

const TOO_LONG = Bun.gzipSync(Buffer.alloc(1024 * 1024 + 1))
const wrapped = (bytes: Uint8Array, compression = NONE): string =>
  base64url(new WrappedJoinRequest({ compression, joinRequest: bytes }).toBinary())

/** What livekit-server makes of each, whatever the token allows. */
const ODD: [what: string, path: string, status: number][] = [
  ['that is no base64url', '/rtc/v1?join_request=%25%25', 400],
  [
    'without its padding',
    `/rtc/v1?join_request=${wrapped(Buffer.of(7)).replaceAll('%3D', '')}`,
    400,
  ],
  ['that is no message', `/rtc/v1?join_request=${base64url(Buffer.of(0xff, 0xff, 0xff))}`, 400],
  ['whose content is none', `/rtc/v1?join_request=${wrapped(Buffer.of(0xff, 0xff, 0xff))}`, 400],
  [
    'with a broken message deep inside',
    // ClientInfo, cut short
    `/rtc/v1?join_request=${wrapped(Buffer.of(0x0a, 0x02, 0x12, 0x7f))}`,
    400,
  ],
  ['that is not packed as it says', `/rtc/v1?join_request=${wrapped(Buffer.of(1, 2), GZIP)}`, 400],
  ['that unpacks to too much', `/rtc/v1?join_request=${wrapped(TOO_LONG, GZIP)}`, 400],
  ['given twice, the first of which counts', `${joinRequest({}, GZIP)}&join_request=x`, 101],
  ['given twice, the second of which does not help', '/rtc/v1?join_request=x&join_request=', 400],
  ['that is nonsense, on /rtc', '/rtc?join_request=nonsense', 400],
  ['of nothing but attributes that cannot be read', '/rtc?attributes=nonsense!', 101],
  ['of attributes that are none', `/rtc?attributes=${base64url(Buffer.from('{}'))}`, 101],
  ['of attributes that are no text', `/rtc?attributes=${base64url(Buffer.from('{"a":1}'))}`, 101],
  ['without metadata', joinRequest({ metadata: '', participantSid: 'PA_1' }, NONE), 101],
]

test.each(ODD)(
  'a join request %s is answered alike by the gate and its /validate',
  async (...row) => {
    const [, path, status] = row
    const { token } = await acme.mint(await newRoom(), 'ann')
    const asked = await ask(path, token)
    const socket = await knock(path, token)
    expect(socket.answer.status).toBe(status)
    if (status === 400)
      expect(expectRefusal(asked, 400, 'request_refused')).toBe(socket.answer.body)
    else expect([asked.status, asked.body]).toEqual([200, 'success'])
    socket.destroy()
  },
)

test('however many ask at once, a livekit-server that hangs is asked by 32 of them and keeps nobody else waiting', async () => {
  const { token } = await acme.mint(await newRoom(), 'ann')
  process.kill(golive.livekitPid(), 'SIGSTOP')
  const asked = await Promise.all(
    Array.from({ length: 100 }, () => ask(joinRequest({}, GZIP), token)),
  ).finally(() => process.kill(golive.livekitPid(), 'SIGCONT'))
  const answers = asked.map(({ status, body }) => [status, body.split(':')[0]])
  expect(answers.filter(([status]) => status === 200)).toHaveLength(68)
  expect(answers.filter(([, code]) => code === 'media_unavailable')).toHaveLength(32)
  expect((await ask(joinRequest({}, GZIP), token)).body).toBe('success')
})

const OWN = { can_update_own_metadata: true }
const LARGE: [what: string, said: (size: number) => Partial<JoinRequest>][] = [
  ['metadata', (size) => ({ metadata: 'x'.repeat(size) })],
  ['attributes', (size) => ({ participantAttributes: { a: 'x'.repeat(size) } })],
]

describe('who may change their own metadata, but not without end,', () => {
  test.each(LARGE)('is refused with large %s, in words, alike by /validate', async (_, said) => {
    const room = await newRoom()
    const { token } = await acme.mint(room, 'ann', OWN)
    // livekit-server would answer 500 to the largest, and SDKs would try again for ever.
    for (const size of [8193, 100_000, 600_000]) {
      const path = joinRequest(said(size), GZIP)
      const sentence = expectRefusal(await ask(path, token), 400, 'request_refused')
      expect(sentence).toContain('8192 bytes')
      expect((await knock(path, token)).answer.body).toBe(sentence)
    }
    expect(await acme.room(room)).toMatchObject({ participants_now: 0 })
    const socket = await knock(joinRequest(said(8000), GZIP), token)
    expect(socket.answer.status).toBe(101)
    socket.destroy()
  })

  test('is told in the call what is too much, and gets back in with what is not', async () => {
    const minted = await acme.mint(await newRoom(), 'ann', OWN)
    const client = await SignalClient.join(minted)
    const tell = async (size: number): Promise<number> => {
      const metadata = '"'.repeat(size)
      const value = new UpdateParticipantMetadata({ metadata, requestId: size })
      client.send({ case: 'updateMetadata', value })
      const answered = () =>
        client.received.find(
          (one) => one.case === 'requestResponse' && one.value.requestId === size,
        )
      const answer = await until('it is answered', answered)
      return answer.case === 'requestResponse' ? answer.value.reason : -1
    }
    expect(await tell(32_769)).toBe(RequestResponse_Reason.LIMIT_EXCEEDED)
    expect(await tell(32_768)).toBe(RequestResponse_Reason.OK)
    const token = await until('a token with it', () =>
      (client.refreshToken?.length ?? 0) > 32_768 ? client.refreshToken : null,
    )
    const again = await SignalClient.join({ ...minted, token })
    expect(again.join.participant?.metadata.length).toBe(32_768)
    again.close()
  })

  test.each([
    [2, 2],
    [6, 0],
  ])(
    'gets back in with %i attributes of 8 KiB, set one by one, and has %i then',
    async (count, kept) => {
      const minted = await acme.mint(await newRoom(), 'ann', OWN)
      const client = await SignalClient.join(minted)
      for (let index = 0; index < count; index++) {
        const attributes = { [`a${index}`]: 'x'.repeat(8000) }
        const value = new UpdateParticipantMetadata({ attributes, requestId: index + 1 })
        client.send({ case: 'updateMetadata', value })
      }
      const hasLast = () =>
        client.received.some(
          (one) => one.case === 'requestResponse' && one.value.requestId === count,
        )
      await until('the last was taken', hasLast)
      const shown = () =>
        Object.keys((claimsOf(client.refreshToken ?? '').attributes as object) ?? {})
      await until('a token that says so', () => shown().length === kept)
      const again = await SignalClient.join({ ...minted, token: client.refreshToken as string })
      expect(Object.keys(again.join.participant?.attributes ?? {})).toHaveLength(kept)
      again.close()
    },
  )
})
