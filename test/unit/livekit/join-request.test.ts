import { describe, expect, test } from 'bun:test'
import { JoinRequest, WrappedJoinRequest, WrappedJoinRequest_Compression } from '@livekit/protocol'
import { saidIn } from '../../../src/livekit/join-request.ts'

const { NONE, GZIP } = WrappedJoinRequest_Compression
const NOTHING = { stay: null, metadataBytes: 0, attributeBytes: 0 }

const base64url = (text: string | Uint8Array): string =>
  encodeURIComponent(
    Buffer.from(text as Uint8Array)
      .toString('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
  )

const inRequest = (said: Partial<JoinRequest>, compression = GZIP): string => {
  const bytes = new JoinRequest(said).toBinary() as Uint8Array<ArrayBuffer>
  const joinRequest = compression === GZIP ? Bun.gzipSync(bytes) : bytes
  return `join_request=${base64url(new WrappedJoinRequest({ compression, joinRequest }).toBinary())}`
}

const inAddress = (attributes: unknown): string =>
  `attributes=${base64url(JSON.stringify(attributes))}`

describe('what a client says of itself', () => {
  test.each([
    ['metadata', inRequest({ metadata: 'xy' }), { metadataBytes: 2 }],
    ['metadata that is not packed', inRequest({ metadata: 'é' }, NONE), { metadataBytes: 2 }],
    ['an attribute', inRequest({ participantAttributes: { a: '' } }), { attributeBytes: 6 }],
    [
      'many attributes',
      inRequest({ participantAttributes: { a: 'x'.repeat(99), b: 'y' } }),
      { attributeBytes: 112 },
    ],
    ['an attribute in the address', inAddress({ a: 'b' }), { attributeBytes: 9 }],
  ])('is %s', (_, query, said) => {
    expect(saidIn(query)).toEqual({ ...NOTHING, ...said })
  })

  test.each([
    ['no query', ''],
    ['an empty request', inRequest({})],
    ['empty metadata', inRequest({ metadata: '', reconnect: true })],
    ['no attributes', inAddress({})],
    ['attributes that are no text', inAddress({ a: 'b', c: 1 })],
    ['a list', inAddress(['a'])],
    ['attributes without padding', inAddress({ a: 'bc' }).replaceAll('%3D', '')],
    ['nonsense', 'attributes=nonsense'],
    ['attributes beside a join request', `${inRequest({})}&${inAddress({ a: 'b' })}`],
  ])('is nothing with %s', (_, query) => {
    expect(saidIn(query)).toEqual(NOTHING)
  })

  test.each([
    ['', null],
    ['sid=PA_1', null],
    ['reconnect=1&sid=PA_1', 'PA_1'],
    ['reconnect=true&sid=PA_1', 'PA_1'],
    ['reconnect=0&sid=PA_1', null],
    [inRequest({ participantSid: 'PA_1' }), null],
    [inRequest({ reconnect: true, participantSid: 'PA_1' }), 'PA_1'],
    [inRequest({ reconnect: true, participantSid: 'PA_1' }, NONE), 'PA_1'],
  ])('names the stay that it goes on with: %s', (query, stay) => {
    expect(saidIn(query).stay).toBe(stay)
  })

  test.each(['join_request=%25', 'join_request=AAAA', `join_request=${base64url('\xff\xff')}`])(
    'is nothing where it cannot be read: %s',
    (query) => {
      expect(saidIn(query)).toEqual(NOTHING)
    },
  )
})
