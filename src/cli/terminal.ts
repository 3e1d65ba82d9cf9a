import { createInterface } from 'node:readline'
import { readHidden, readPiped } from './secret-input.ts'

/** The world of one command: where its words go and who can answer a question. */
export interface Terminal {
  env: Record<string, string | undefined>
  /** columns; infinite when no terminal shows the output */
  width: number
  /** a terminal, and nothing else, shows what is written */
  shown: boolean
  /** who read what is written has gone, as `head` does */
  readonly isLeft: boolean
  /** a person can be asked for more than one line */
  interactive: boolean
  write(text: string): Promise<void>
  warn(text: string): Promise<void>
  /** null when nobody is there to answer; its answer is null when the person walks away */
  ask: ((question: string) => Promise<string | null>) | null
  /** What must stand in no argument, for all on a machine can read those; null when nothing comes. */
  secret(question: string): Promise<string | null>
}

/** The terminal of this process. */
export const processTerminal = (): Terminal => {
  // Each write hears of its own failure; without a listener the process would die of it first.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  let isLeft = false
  const canAnswer = process.stdin.isTTY && process.stderr.isTTY
  return {
    env: process.env,
    // A terminal that does not say its size has none to fit into.
    width: (process.stdout.isTTY && process.stdout.columns) || Number.POSITIVE_INFINITY,
    shown: process.stdout.isTTY === true,
    get isLeft() {
      return isLeft
    },
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    write: async (text) => {
      isLeft = !(await writeAll(process.stdout, text))
    },
    warn: async (text) => void (await writeAll(process.stderr, text)),
    ask: canAnswer ? ask : null,
    secret,
  }
}

/** Resolves when the system has all of it: the process may exit then. False when nobody reads it. */
const writeAll = (stream: NodeJS.WriteStream, text: string): Promise<boolean> =>
  new Promise((done, fail) => {
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      // `golive tenant list | head -1` is no failure; a full disk under `> file` is.
      if (error && error.code !== 'EPIPE') fail(error)
      else done(!error)
    })
  })

/** On standard error, so that standard output holds the result alone. */
const ask = async (question: string): Promise<string | null> => {
  await writeAll(process.stderr, question)
  // Not `terminal: true`: the system's own line editing is enough, and Ctrl-C stays Ctrl-C.
  const lines = createInterface({ input: process.stdin, terminal: false })
  const answer = await new Promise<string | null>((done) => {
    lines.once('line', done)
    lines.once('close', () => done(null))
  })
  lines.close()
  if (answer === null) await writeAll(process.stderr, '\n')
  return answer
}

/** Piped in, or else pasted without being shown. */
const secret = async (question: string): Promise<string | null> => {
  if (!process.stdin.isTTY) return (await readPiped(process.stdin)) || null
  const answer = await readHidden(process.stdin, async () => {
    await writeAll(process.stderr, question)
  })
  await writeAll(process.stderr, '\n')
  return answer || null
}
