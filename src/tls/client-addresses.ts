import { isIPv4, isIPv6 } from 'node:net'
import { unmapped } from '../lib/networks.ts'

/** One slot for each port: address family in the first byte, then up to 16 bytes of address. */
const SLOT_BYTES = 17
const PORTS = 65_536

/**
 * Whose connection arrives from which of the edge's loopback ports: written by the edge's thread before
 * the first byte goes on, read by the thread that answers. Nothing is sent between the two.
 */
export class ClientAddresses {
  readonly memory: SharedArrayBuffer
  readonly #slots: Uint8Array

  constructor(memory = new SharedArrayBuffer(SLOT_BYTES * PORTS)) {
    this.memory = memory
    this.#slots = new Uint8Array(memory)
  }

  set(port: number, address: string): void {
    const bytes = bytesOf(unmapped(address))
    const at = port * SLOT_BYTES
    this.#slots.set(bytes, at + 1)
    // The family is written last and atomically: who reads it reads the address, too.
    Atomics.store(this.#slots, at, bytes.length)
  }

  delete(port: number): void {
    Atomics.store(this.#slots, port * SLOT_BYTES, 0)
  }

  /** None is open: the thread that knew them is gone. */
  clear(): void {
    for (let port = 0; port < PORTS; port++) this.delete(port)
  }

  /** Null for a port that is none of the edge's. */
  get(port: number): string | null {
    const at = port * SLOT_BYTES
    const length = Atomics.load(this.#slots, at)
    if (length === 0) return null
    return textOf(this.#slots.subarray(at + 1, at + 1 + length))
  }
}

const bytesOf = (address: string): Uint8Array => {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number))
  return isIPv6(address) ? ipv6Bytes(address.replace(/%.*$/, '')) : new Uint8Array(4)
}

const ipv6Bytes = (address: string): Uint8Array => {
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').flatMap(groupValues))
  const front = groups(head)
  const back = groups(tail)
  const zeros = Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0)
  return Uint8Array.from(
    [...front, ...zeros, ...back].flatMap((value) => [value >> 8, value & 255]),
  )
}

/** The last two groups may be written as an IPv4 address. */
const groupValues = (text: string): number[] => {
  if (!text.includes('.')) return [Number.parseInt(text, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

const textOf = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16),
  )
  return shortened(groups)
}

/** RFC 5952: the longest run of zeros is written as two colons. */
const shortened = (groups: string[]): string => {
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run)
  const longest = runs.sort((one, other) => other.length - one.length)[0]
  if (!longest) return groups.join(':')
  const text = groups.join(':')
  const at = text.indexOf(longest)
  const before = text.slice(0, at)
  const after = text.slice(at + longest.length).replace(/^:/, '')
  return `${before}::${after}`
}
