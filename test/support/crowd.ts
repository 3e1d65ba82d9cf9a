import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Minted } from './tenant-client.ts'
import { within } from './wait.ts'

export type Order = { do: 'join'; url: string; token: string; speaks: boolean } | { do: 'leave' }

/** What somebody wrote down about themselves, by the clock of this machine in milliseconds. */
export interface DiaryLine {
  at: number
  what: 'joining' | 'in' | 'reconnecting' | 'reconnected' | 'leaving' | 'out' | 'failed'
  /** LiveKit's id of the stay that begins */
  sid?: string
  reason?: string
}

interface Reply {
  done?: string
  failed?: string
}

const ANSWER_MS = 40_000

/** Somebody who comes once, in a process of their own, and keeps a diary. */
export class Attendee implements AsyncDisposable {
  readonly identity: string
  readonly room: string
  /** when they were killed; milliseconds */
  vanishedAt: number | null = null
  readonly #file: string
  readonly #child: Bun.Subprocess
  #waiting: PromiseWithResolvers<void> | null = null

  constructor(
    folder: string,
    name: string,
    { identity, room }: { identity: string; room: string },
  ) {
    this.identity = identity
    this.room = room
    this.#file = join(folder, `${name}.jsonl`)
    const script = new URL('./crowd-child.ts', import.meta.url).pathname
    this.#child = Bun.spawn([process.execPath, script, this.#file], {
      ipc: (reply: Reply) => this.#settle(reply),
      stdio: ['ignore', 'ignore', 'ignore'],
      onExit: () => this.#settle({ failed: 'the process ended' }),
    })
  }

  /** In their order. */
  get diary(): DiaryLine[] {
    if (!existsSync(this.#file)) return []
    const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as DiaryLine)
  }

  get sid(): string | undefined {
    return this.diary.findLast((line) => line.what === 'in')?.sid
  }

  /** @throws with the SDK's message when refused */
  join({ ws_url, token }: Minted, speaks = false): Promise<void> {
    return this.#ask({ do: 'join', url: ws_url, token, speaks })
  }

  leave(): Promise<void> {
    return this.#ask({ do: 'leave' })
  }

  /** Gone without a goodbye, as by a power loss. */
  async vanish(): Promise<void> {
    this.vanishedAt ??= Date.now()
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  /** True while they are in the call and not about to lose it. */
  get isIn(): boolean {
    const last = this.diary.at(-1)?.what
    return this.vanishedAt === null && (last === 'in' || last === 'reconnected')
  }

  get isOut(): boolean {
    const last = this.diary.at(-1)?.what
    return this.vanishedAt !== null || last === 'out' || last === 'failed'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  async #ask(order: Order): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    this.#waiting = waiting
    this.#child.send(order)
    await within(`${this.identity} to ${order.do}`, ANSWER_MS, waiting.promise)
  }

  #settle({ failed }: Reply): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (failed === undefined) waiting?.resolve()
    else waiting?.reject(new Error(failed))
  }
}
