import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { sleep } from '../lib/clock.ts'
import { inTime, type Transport } from './client.ts'
import { CliError, EXIT } from './exit.ts'

const ANSWER_TIMEOUT_MS = 10_000
const START_TIMEOUT_MS = 5000
const RETRY_MS = 50

/** The admin API inside this process, for when no server runs. */
export interface InProcess {
  handle(request: Request): Promise<Response>
  close(): Promise<void>
}

/** What a client does when no server listens on the socket. */
export interface Fallback {
  /** null while another process holds the data dir: a server is starting or stopping */
  open(): Promise<InProcess | null>
}

interface Options {
  config: Config
  fallback: Fallback
  /** who runs the command, for the audit log */
  user: string
}

/** The admin API over the data dir's socket, or in process when no server runs. */
export class LocalTransport implements Transport {
  readonly #options: Options
  #inProcess: InProcess | null = null
  #waits = 0

  constructor(options: Options) {
    this.#options = options
  }

  get waits(): number {
    return this.#waits
  }

  /** False once a request had to be answered in this process. */
  get serverRuns(): boolean {
    return this.#inProcess === null
  }

  async send(request: () => Request, endless = false): Promise<Response> {
    const { config, fallback, user } = this.#options
    const signed = () => {
      const made = request()
      made.headers.set('x-golive-user', user)
      return made
    }
    const deadline = Date.now() + START_TIMEOUT_MS
    for (;;) {
      if (this.#inProcess) return this.#inProcess.handle(signed())
      const response = await this.#overSocket(signed(), endless)
      if (response) return response
      this.#inProcess = await fallback.open()
      if (this.#inProcess) continue
      if (Date.now() > deadline)
        throw unreachable(config, 'has no answer yet: it is starting or stopping')
      this.#waits++
      await sleep(RETRY_MS)
    }
  }

  async close(): Promise<void> {
    await this.#inProcess?.close()
  }

  /** Null when nobody listens: only then is asking again, or elsewhere, sure not to do it twice. */
  async #overSocket(request: Request, endless: boolean): Promise<Response | null> {
    const { config } = this.#options
    try {
      return await inTime(ANSWER_TIMEOUT_MS, endless, (signal) =>
        fetch(request, { unix: socketPath(config), signal }),
      )
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return null
      if (code === 'EACCES') throw noAccess(config)
      if (name === 'TimeoutError') throw unreachable(config, 'did not answer within 10 seconds')
      throw unreachable(config, 'broke off before it answered')
    }
  }
}

export const socketPath = (config: Config): string => join(config.data_dir, 'golive.sock')

const unreachable = (config: Config, what: string): CliError =>
  new CliError(EXIT.unreachable, {
    code: 'server_unreachable',
    detail: `the server on ${config.data_dir} ${what}`,
  })

/** No server runs, and this command needs one. */
export const notRunning = (config: Config): CliError =>
  new CliError(EXIT.unreachable, {
    code: 'server_not_running',
    detail: `no server runs on ${config.data_dir}`,
    hint: 'Start it with: golive serve',
  })

/** The data dir belongs to somebody else, and this user is not root. */
export const noAccess = (config: Config): CliError => {
  const owner = statSync(config.data_dir, { throwIfNoEntry: false })?.uid
  const whose = owner === undefined ? '' : ` (uid ${owner})`
  return new CliError(EXIT.unreachable, {
    code: 'no_access',
    detail: `this user may not open ${config.data_dir}`,
    hint: `Run the command as its owner${whose} or as root.`,
  })
}
