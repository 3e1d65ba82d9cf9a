import { expectBoth } from './media.ts'
import type { Received } from './page-api.ts'
import type { Minted } from './tenant-client.ts'
import { within } from './wait.ts'

/** What the test asks its child process, see rtc-node-child.ts. */
export type NodeRequest = { id: number } & Ask

type Ask = { ask: 'join'; url: string; token: string } | { ask: 'leave' } | { ask: 'report' }

interface Reply {
  id: number
  result?: unknown
  error?: string
}

export interface NodeReport {
  received: Received[]
  events: string[]
  others: string[]
  roomSid: string
}

const ANSWER_MS = 30_000

/** A participant on LiveKit's native core, in a process of its own. */
export class NodePerson implements AsyncDisposable {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #child: Bun.Subprocess
  #next = 0

  constructor() {
    this.#child = Bun.spawn(
      [process.execPath, new URL('./rtc-node-child.ts', import.meta.url).pathname],
      {
        ipc: (message: Reply) => this.#settle(message),
        stdio: ['ignore', 'ignore', 'inherit'],
        onExit: (_, code, signal) => this.#failAll(`rtc-node's process ended: ${signal ?? code}`),
      },
    )
  }

  /** Joins, then publishes a moving picture and a tone. @throws with the SDK's message when refused */
  async join({ ws_url, token }: Minted): Promise<void> {
    await this.#request({ ask: 'join', url: ws_url, token })
  }

  async leave(): Promise<void> {
    await this.#request({ ask: 'leave' })
  }

  async report(): Promise<NodeReport> {
    return (await this.#request({ ask: 'report' })) as NodeReport
  }

  /** True once `frames` pictures and audible sound of that person were decoded here. @throws before, with what was */
  async seesAndHears(identity: string, frames = 20): Promise<true> {
    return expectBoth((await this.report()).received, identity, frames)
  }

  /** Gone without a goodbye, as by a power loss. */
  async vanish(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish()
  }

  #request(request: Ask): Promise<unknown> {
    const id = this.#next++
    const reply = Promise.withResolvers<unknown>()
    this.#waiting.set(id, reply)
    this.#child.send({ id, ...request })
    return within(`rtc-node to ${request.ask}`, ANSWER_MS, reply.promise)
  }

  #settle({ id, result, error }: Reply): void {
    const reply = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) reply?.resolve(result)
    else reply?.reject(new Error(error))
  }

  #failAll(why: string): void {
    for (const reply of this.#waiting.values()) reply.reject(new Error(why))
    this.#waiting.clear()
  }
}
