import { addressBytes, addressText } from '../lib/ip.ts'
import { unmapped } from '../lib/networks.ts'

/** One slot for each port: length of the address, up to 16 bytes of it, and whether something was proven. */
const SLOT_BYTES = 18
const PROVEN_AT = 17
const PORTS = 65_536
/** 0.0.0.0, for a socket that was closed before it could be asked. */
const NOBODY = new Uint8Array(4)

/**
 * Whose connection arrives from which of the edge's loopback ports: written by the edge's thread before
 * the first byte goes on, read by the thread that answers, which tells back who proved something. Nothing
 * is sent between the two.
 */
export class ClientAddresses {
  readonly memory: SharedArrayBuffer
  readonly #slots: Uint8Array

  constructor(memory = new SharedArrayBuffer(SLOT_BYTES * PORTS)) {
    this.memory = memory
    this.#slots = new Uint8Array(memory)
  }

  set(port: number, address: string): void {
    const bytes = addressBytes(unmapped(address)) ?? NOBODY
    const at = port * SLOT_BYTES
    this.#slots.set(bytes, at + 1)
    Atomics.store(this.#slots, at + PROVEN_AT, 0)
    // The length is written last and atomically: who reads it reads the rest, too.
    Atomics.store(this.#slots, at, bytes.length)
  }

  delete(port: number): void {
    Atomics.store(this.#slots, port * SLOT_BYTES, 0)
  }

  /** Something of ours was shown on this connection: a join token or a secret. */
  prove(port: number): void {
    Atomics.store(this.#slots, port * SLOT_BYTES + PROVEN_AT, 1)
  }

  isProven(port: number): boolean {
    return Atomics.load(this.#slots, port * SLOT_BYTES + PROVEN_AT) === 1
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
    return addressText(this.#slots.subarray(at + 1, at + 1 + length))
  }
}
