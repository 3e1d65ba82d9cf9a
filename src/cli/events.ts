import type { Command } from 'commander'
import { sleep } from '../lib/clock.ts'
import { type AdminClient, path } from './client.ts'
import { readEvents } from './event-reader.ts'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { positiveNumber, wholeNumber } from './key.ts'
import { type Output, printable } from './output.ts'
import type { Cli } from './session.ts'

interface Event {
  seq: number
  type: string
  at: string
  data: Record<string, unknown>
  reconstructed: boolean
}

interface Page {
  data: Event[]
  next_after: number
  last_seq: number
}

interface Options {
  tenant: string
  follow?: true
  after?: number
  limit: number
}

const PAGE = 100
/** No log is so long: what is behind it is nothing, and the answer tells where the log ends. */
const BEYOND = 999_999_999_999_999
/** The server gives a sign of life each 10 seconds. */
const SILENCE_MS = 30_000
const RETRY_MS = 1000

/** `golive events` */
export const addEventsCommand = (program: Command, cli: Cli): void => {
  const events = program
    .command('events')
    .description("show what happened in a tenant's calls and rooms, in its order")
    .requiredOption('--tenant <slug>', 'whose events')
    .option('--follow', 'go on with what comes, until Ctrl-C; also through a restart of the server')
    .option('--after <seq>', 'begin behind this number', wholeNumber)
    .option(
      '--limit <number>',
      'how many to begin with: the newest, or behind --after',
      positiveNumber,
      50,
    )
    .action((options: Options, command: Command) =>
      cli.run(command, options.follow ? 'running' : 'anytime', async ({ api, out }) => {
        const events = new Events(api, out, path`/admin/tenants/${options.tenant}/events`)
        const after = options.after ?? (await events.newest(options.limit))
        if (options.follow) await events.follow(after, options.limit)
        else await events.show(after, options.limit)
      }),
    )
  example(events, 'golive events --tenant acme --follow')
}

class Events {
  readonly #api: AdminClient
  readonly #out: Output
  readonly #path: string
  #streamId: string | null = null

  constructor(api: AdminClient, out: Output, path: string) {
    this.#api = api
    this.#out = out
    this.#path = path
  }

  /** The number behind which the newest so many are. */
  async newest(amount: number): Promise<number> {
    const { last_seq } = await this.#page(BEYOND, 1)
    const after = Math.max(0, last_seq - amount)
    try {
      await this.#page(after, 1)
      return after
    } catch (error) {
      return firstKept(error) - 1
    }
  }

  async show(after: number, limit: number): Promise<void> {
    const data: Event[] = []
    let [next, last] = [after, BEYOND]
    while (data.length < limit && next < last) {
      const page = await this.#page(next, Math.min(PAGE, limit - data.length))
      data.push(...page.data)
      ;[next, last] = [page.next_after, page.last_seq]
    }
    await this.#out.result({ data, next_after: next, last_seq: last }, () =>
      data.length === 0 ? [nothing(last)] : data.map(line),
    )
  }

  /**
   * Ends only when nobody reads it any more, or when the server refuses.
   * @param limit how many to begin with when the log is another one by then
   */
  async follow(after: number, limit: number): Promise<void> {
    let [seen, isTold] = [after, false]
    await this.#page(seen, 1)
    while (!this.#out.isLeft) {
      try {
        for await (const event of this.#stream(seen)) {
          isTold = false
          await this.#out.line(event, () => line(event))
          seen = event.seq
          if (this.#out.isLeft) return
        }
      } catch (error) {
        if (error instanceof Renewed) {
          await this.#out.aside('the log is another one: an earlier database was put back')
          seen = await this.newest(limit)
          continue
        }
        if (!(error instanceof Lost)) throw error
        if (!isTold) await this.#out.aside('the server does not answer; waiting for it')
        isTold = true
      }
      await sleep(RETRY_MS)
    }
  }

  /** @throws Lost when the server went away, Renewed when numbers mean other events than before */
  async *#stream(after: number): AsyncGenerator<Event> {
    const accept = 'text/event-stream'
    try {
      const body = await this.#api.stream(`${this.#path}?after=${after}`, { accept })
      for await (const { type, data } of readEvents(body, SILENCE_MS)) {
        if (type === 'stream') this.#checkStream(data)
        else yield JSON.parse(data) as Event
      }
    } catch (error) {
      throw isRefusal(error) || error instanceof Renewed
        ? error
        : new Lost('the stream broke off', { cause: error })
    }
  }

  #checkStream(data: string): void {
    const { stream_id } = JSON.parse(data) as { stream_id: string }
    const before = this.#streamId
    this.#streamId = stream_id
    if (before !== null && before !== stream_id) throw new Renewed()
  }

  #page(after: number, limit: number): Promise<Page> {
    return this.#api.get(`${this.#path}?after=${after}&limit=${limit}`)
  }
}

/** @throws what is no word on where the log begins */
const firstKept = (error: unknown): number => {
  const { problem } = error instanceof CliError ? error : { problem: { code: '' } }
  if (problem.code === 'events_expired' && 'first_seq' in problem) return Number(problem.first_seq)
  throw error
}

class Lost extends Error {}

class Renewed extends Error {}

const isRefusal = (error: unknown): boolean =>
  error instanceof CliError &&
  error.exit !== EXIT.unreachable &&
  error.problem.code !== 'server_stopping'

const nothing = (last: number): string =>
  last === 0 ? 'Nothing has happened yet.' : `Nothing has happened behind number ${last} yet.`

const WHAT = ['room', 'identity', 'leave_reason', 'end_reason', 'code', 'source', 'limit'] as const

/** An event as one line: when, its number, what, where and who. */
const line = ({ seq, at, type, data, reconstructed }: Event): string => {
  const what = WHAT.map((name) => data[name]).filter((one) => typeof one === 'string')
  const note = reconstructed ? ['(concluded afterwards)'] : []
  const time = `${at.slice(0, 10)} ${at.slice(11)}`
  return printable([time, String(seq).padStart(6), type.padEnd(22), ...what, ...note].join('  '))
}
