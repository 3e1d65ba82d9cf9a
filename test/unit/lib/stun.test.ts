import { expect, test } from 'bun:test'
import {
  ATTRIBUTE,
  encode,
  errorCode,
  isSigned,
  lengthOf,
  newTransaction,
  parse,
  readAddress,
  STUN,
  writeAddress,
} from '../../../src/lib/stun.ts'

/** The test vectors of RFC 5769, sections 2.1 to 2.3. */
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt'
const REQUEST = bytes(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`)
const ANSWER_IPV4 = bytes(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
  80280004 c07d4c96`)
const ANSWER_IPV6 = bytes(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
  00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
  80280004 c8fb0b4c`)

test('the messages of RFC 5769 are read, and their signatures hold for their password alone', () => {
  const request = parse(REQUEST)
  expect(request?.type).toBe(STUN.bindingRequest)
  expect(request?.attributes.get(ATTRIBUTE.username)?.toString()).toBe('evtj:h6vY')
  for (const message of [REQUEST, ANSWER_IPV4, ANSWER_IPV6]) {
    expect(isSigned(message, PASSWORD)).toBe(true)
    expect(isSigned(message, `${PASSWORD}x`)).toBe(false)
    const changed = Buffer.from(message)
    changed[24] = (changed[24] ?? 0) ^ 1
    expect(isSigned(changed, PASSWORD)).toBe(false)
  }
})

test('the addresses in them are those that the RFC says, both families, and are written the same', () => {
  const expected = [
    [ANSWER_IPV4, { address: '192.0.2.1', port: 32853 }],
    [ANSWER_IPV6, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 }],
  ] as const
  for (const [message, endpoint] of expected) {
    const { attributes, transaction } = parse(message) as NonNullable<ReturnType<typeof parse>>
    const value = attributes.get(ATTRIBUTE.mapped) ?? Buffer.alloc(0)
    expect(readAddress(value, transaction)).toEqual(endpoint)
    expect(writeAddress(endpoint, transaction)).toEqual(value)
  }
})

test('what is written is what the RFC writes, but for what it pads with', () => {
  const { transaction, attributes } = parse(ANSWER_IPV4) as NonNullable<ReturnType<typeof parse>>
  const mapped = attributes.get(ATTRIBUTE.mapped) ?? Buffer.alloc(0)
  const written = encode(
    { type: STUN.bindingSuccess, transaction, attributes: [[ATTRIBUTE.mapped, mapped]] },
    { key: PASSWORD, fingerprint: true },
  )
  expect(isSigned(written, PASSWORD)).toBe(true)
  expect([...(parse(written)?.attributes.keys() ?? [])]).toEqual([
    ATTRIBUTE.mapped,
    ATTRIBUTE.integrity,
    ATTRIBUTE.fingerprint,
  ])
  const request = encode(
    {
      type: STUN.bindingRequest,
      transaction: bytes('b7e7a701bc34d686fa87dfae'),
      // Their padding is of spaces: given as part of a value of the same length it is ours, too.
      attributes: [
        [0x8022, Buffer.from('STUN test client')],
        [ATTRIBUTE.priority, bytes('6e0001ff')],
      ],
    },
    {},
  )
  expect(request.subarray(20)).toEqual(REQUEST.subarray(20, 48))
})

test('every address comes back as it went in', () => {
  for (const address of [
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '2001:db8::7',
    'fe80::1:0:0:2',
  ]) {
    const transaction = newTransaction()
    const endpoint = { address, port: 65_535 }
    expect(readAddress(writeAddress(endpoint, transaction), transaction)).toEqual(endpoint)
  }
})

test('the number of a refusal is read, and nothing where there is none', () => {
  const transaction = newTransaction()
  const refusal = (attributes: [number, Buffer][]) =>
    errorCode(parse(encode({ type: 0x0113, transaction, attributes })) as never)
  expect(refusal([[ATTRIBUTE.error, Buffer.from([0, 0, 4, 3, 0x4e, 0x6f])]])).toBe(403)
  expect(refusal([[ATTRIBUTE.error, Buffer.from([0, 0])]])).toBeNull()
  expect(refusal([])).toBeNull()
})

test('what is cut short, too long or no STUN at all is nothing, and never throws', () => {
  for (let length = 0; length < REQUEST.length; length++)
    expect(parse(REQUEST.subarray(0, length))).toBeNull()
  expect(lengthOf(Buffer.concat([REQUEST, ANSWER_IPV4]))).toBe(REQUEST.length)
  const overlong = Buffer.from(ANSWER_IPV4)
  overlong.writeUInt16BE(0xfff0, 22)
  expect(parse(overlong)).toBeNull()
  expect(parse(Buffer.from('GET / HTTP/1.1\r\nHost: live.example.com\r\n\r\n'))).toBeNull()
  expect(readAddress(Buffer.from([0, 1, 0, 0]), newTransaction())).toBeNull()
  for (let round = 0; round < 2000; round++) {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(round % 80)))
    if (noise.length >= 8) noise.writeUInt32BE(0x2112a442, 4)
    if (noise.length > 0) noise[0] = 1
    expect(() => parse(noise)).not.toThrow()
    expect(() => isSigned(noise, 'key')).not.toThrow()
  }
})
