import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { addressBytes, addressText } from './ip.ts'

/** STUN and TURN messages as bytes (RFC 8489, RFC 8656; ICE's attributes from RFC 8445). */

export const COOKIE = 0x2112a442
export const HEADER_BYTES = 20
const TRANSACTION_BYTES = 12
const INTEGRITY_BYTES = 24
const FINGERPRINT_BYTES = 8
const FINGERPRINT_MASK = 0x5354554e

/** Method and class of a message. */
export const STUN = {
  bindingRequest: 0x0001,
  bindingSuccess: 0x0101,
  allocateRequest: 0x0003,
  allocateSuccess: 0x0103,
  permissionRequest: 0x0008,
  permissionSuccess: 0x0108,
  sendIndication: 0x0016,
  dataIndication: 0x0017,
} as const

export const ATTRIBUTE = {
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  peer: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayed: 0x0016,
  transport: 0x0019,
  mapped: 0x0020,
  priority: 0x0024,
  fingerprint: 0x8028,
  controlled: 0x8029,
} as const

type Attribute = [type: number, value: Buffer]

interface Unsigned {
  type: number
  transaction: Buffer
  attributes: Attribute[]
}

/** A message that was read. Of an attribute that occurs twice the first one counts. */
export interface Message {
  type: number
  transaction: Buffer
  attributes: Map<number, Buffer>
}

export const newTransaction = (): Buffer => randomBytes(TRANSACTION_BYTES)

interface Seals {
  /** signs with MESSAGE-INTEGRITY: a password, or a long-term key */
  key?: Buffer | string | undefined
  /** ends with FINGERPRINT, by which a message is told from other packets on its port */
  fingerprint?: true
}

export const encode = ({ type, transaction, attributes }: Unsigned, seals: Seals = {}): Buffer => {
  const head = (length: number) => headerOf(type, length, transaction)
  let body = Buffer.concat(attributes.map(padded))
  if (seals.key !== undefined) {
    const signed = [head(body.length + INTEGRITY_BYTES), body]
    const mac = createHmac('sha1', seals.key).update(Buffer.concat(signed)).digest()
    body = Buffer.concat([body, padded([ATTRIBUTE.integrity, mac])])
  }
  if (seals.fingerprint) {
    const checked = Buffer.concat([head(body.length + FINGERPRINT_BYTES), body])
    body = Buffer.concat([body, padded([ATTRIBUTE.fingerprint, fingerprintOf(checked)])])
  }
  return Buffer.concat([head(body.length), body])
}

const headerOf = (type: number, length: number, transaction: Buffer): Buffer => {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(length, 2)
  bytes.writeUInt32BE(COOKIE, 4)
  transaction.copy(bytes, 8)
  return bytes
}

const fingerprintOf = (bytes: Buffer): Buffer => {
  const value = Buffer.alloc(4)
  value.writeUInt32BE((crc32(bytes) ^ FINGERPRINT_MASK) >>> 0)
  return value
}

/** Attributes begin at multiples of four bytes. */
export const paddedLength = (length: number): number => Math.ceil(length / 4) * 4

const padded = ([type, value]: Attribute): Buffer => {
  const bytes = Buffer.alloc(4 + paddedLength(value.length))
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, 4)
  return bytes
}

/**
 * How long the message is that these bytes begin with, as far as its header is there; null for what
 * is no STUN message. In a stream messages follow each other without anything between them.
 */
export const lengthOf = (bytes: Buffer): number | null => {
  if (bytes.length < HEADER_BYTES || (bytes[0] ?? 0) > 3) return null
  const length = bytes.readUInt16BE(2)
  return bytes.readUInt32BE(4) === COOKIE && length % 4 === 0 ? HEADER_BYTES + length : null
}

/** The message that these bytes begin with; null when they are none, or not all of one. */
export const parse = (bytes: Buffer): Message | null => {
  const end = lengthOf(bytes)
  if (end === null || end > bytes.length) return null
  const attributes = new Map<number, Buffer>()
  for (const { type, value } of attributesIn(bytes.subarray(0, end))) {
    if (value === null) return null
    if (!attributes.has(type)) attributes.set(type, value)
  }
  const transaction = bytes.subarray(8, HEADER_BYTES)
  return { type: bytes.readUInt16BE(0), transaction, attributes }
}

/** @returns each with where it begins; a value of null is one that is cut off */
export function* attributesIn(
  message: Buffer,
): Generator<{ at: number; type: number; value: Buffer | null }> {
  for (let at = HEADER_BYTES; at + 4 <= message.length; ) {
    const end = at + 4 + message.readUInt16BE(at + 2)
    const value = end <= message.length ? message.subarray(at + 4, end) : null
    yield { at, type: message.readUInt16BE(at), value }
    at += 4 + paddedLength(message.readUInt16BE(at + 2))
  }
}

/** True when a message was signed with this key. What follows the signature is not covered by it. */
export const isSigned = (message: Buffer, key: Buffer | string): boolean => {
  for (const { at, type, value } of attributesIn(message)) {
    if (type !== ATTRIBUTE.integrity) continue
    const signed = Buffer.from(message.subarray(0, at))
    signed.writeUInt16BE(at + INTEGRITY_BYTES - HEADER_BYTES, 2)
    const mac = createHmac('sha1', key).update(signed).digest()
    return value !== null && value.length === mac.length && timingSafeEqual(mac, value)
  }
  return false
}

/** The number in an error answer, such as 401; null in others. */
export const errorCode = ({ attributes }: Message): number | null => {
  const value = attributes.get(ATTRIBUTE.error)
  return value && value.length >= 4 ? (value[2] ?? 0) * 100 + (value[3] ?? 0) : null
}

export interface Endpoint {
  address: string
  port: number
}

const FAMILY = { ipv4: 1, ipv6: 2 } as const

/** The value of an XOR-…-ADDRESS attribute; null when it is none. */
export const readAddress = (value: Buffer, transaction: Buffer): Endpoint | null => {
  const family = value[1]
  const wanted = family === FAMILY.ipv4 ? 8 : family === FAMILY.ipv6 ? 20 : 0
  if (value.length !== wanted) return null
  return { address: addressText(masked(value.subarray(4), transaction)), port: readPort(value) }
}

/** Of such a value the port alone, which is masked with the cookie only. */
export const readPort = (value: Buffer): number => value.readUInt16BE(2) ^ (COOKIE >>> 16)

export const writeAddress = ({ address, port }: Endpoint, transaction: Buffer): Buffer => {
  const bytes = addressBytes(address)
  if (bytes === null) throw new TypeError(`${address} is no address`)
  const head = Buffer.from([0, bytes.length === 4 ? FAMILY.ipv4 : FAMILY.ipv6, 0, 0])
  head.writeUInt16BE(port ^ (COOKIE >>> 16), 2)
  return Buffer.concat([head, masked(bytes, transaction)])
}

/** Hides an address from routers that rewrite what looks like one; twice is as it was. */
const masked = (bytes: Buffer, transaction: Buffer): Buffer => {
  const mask = headerOf(0, 0, transaction).subarray(4)
  return Buffer.from(bytes.map((byte, at) => byte ^ (mask[at] ?? 0)))
}
