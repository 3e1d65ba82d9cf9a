import { type LivekitClient, LivekitError, RpcError } from '../livekit/client.ts'
import { GoLiveError } from './errors.ts'
import type { Room } from './room.ts'

export interface RpcCall {
  method: string
  payload: string
  timeoutMs: number
}

/** RpcError codes of LiveKit's SDKs that mean that nothing was answered in time. */
const TIMEOUTS = new Set([1501, 1502])

/**
 * Calls that wait for a participant's app at once, of one tenant and of all: each holds one of the 256
 * requests that Bun has under way, and joins need some, too.
 */
const MOST_OF_TENANT = 32
const MOST = 128

/** Methods that participants' apps offer, called from a backend. */
export class Rpcs {
  readonly #livekit: Pick<LivekitClient, 'performRpc'>
  readonly #running = new Map<string, number>()
  #total = 0

  constructor(livekit: Pick<LivekitClient, 'performRpc'>) {
    this.#livekit = livekit
  }

  /** What the app answers. @throws rpc_failed, rpc_timeout, rate_limited, LivekitError */
  async call({ tenantId, livekitName }: Room, identity: string, call: RpcCall): Promise<string> {
    if (this.#total >= MOST || this.#of(tenantId) >= MOST_OF_TENANT) throw tooMany()
    this.#count(tenantId, 1)
    try {
      return await this.#livekit.performRpc(livekitName, identity, call)
    } catch (error) {
      throw refusalFor(error)
    } finally {
      this.#count(tenantId, -1)
    }
  }

  #of(tenantId: string): number {
    return this.#running.get(tenantId) ?? 0
  }

  #count(tenantId: string, by: number): void {
    this.#total += by
    const now = this.#of(tenantId) + by
    if (now === 0) this.#running.delete(tenantId)
    else this.#running.set(tenantId, now)
  }
}

const tooMany = (): GoLiveError =>
  new GoLiveError('rate_limited', 'too many RPCs of this tenant, or of all, wait for an answer', {
    hint: 'Wait for some of them, or give them less time.',
    retryAfterSeconds: 1,
  })

const refusalFor = (error: unknown): unknown => {
  if (error instanceof LivekitError && error.code === 'failed') return unreachable()
  if (!(error instanceof RpcError)) return error
  const { code, message } = error
  const extra = { rpc_code: code }
  return TIMEOUTS.has(code)
    ? new GoLiveError('rpc_timeout', 'the participant did not answer in time', { extra })
    : new GoLiveError('rpc_failed', `the participant answered with error ${code}: ${message}`, {
        extra,
        hint: 'Its app has to register the method, and the method must not throw.',
      })
}

/** livekit-server fails where the participant has no data channel yet, or none any more. */
const unreachable = (): GoLiveError =>
  new GoLiveError('rpc_failed', 'the participant has no way open for data', {
    hint: 'Its app is still connecting, or lost its connection. Try again in a few seconds.',
  })
