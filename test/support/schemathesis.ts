import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Calls an API as its OpenAPI document says and against it; judges every answer by the document. */
export interface Run {
  passed: boolean
  /** operations that were called, and those of the document */
  tested: number
  operations: number
  cases: number
  output: string
}

export interface Call {
  /** the document; what is not in it is not called */
  document: { paths: Record<string, object> }
  url: string
  /** options of schemathesis that carry credentials */
  auth: string[]
  /** most cases for an operation in each phase that makes them up */
  examples: number
  /** checks that do not fit a document that shows only a part of the API */
  leftOut?: string[]
}

/** Always the same cases, as far as the server answers the same. */
const SEED = 20_261_125
const RUN_MS = 150_000

/**
 * Left out is whether whatever fits the schema is accepted: byte lengths, normalised text and times
 * in the future cannot be said in a schema.
 */
const LEFT_OUT = 'positive_data_acceptance'

/** Runs it once. The document is the one given: what is not in it is not called. */
export const schemathesis = async (call: Call): Promise<Run> => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-schemathesis-'))
  try {
    await Bun.write(join(folder, 'openapi.json'), JSON.stringify(call.document))
    const child = Bun.spawn([program(), 'run', 'openapi.json', ...argumentsOf(call)], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS,
      killSignal: 'SIGKILL',
    })
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { passed: code === 0, ...countsIn(out), output: out + err }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const program = (): string => {
  const path = process.env.SCHEMATHESIS
  if (!path) throw new Error('no SCHEMATHESIS: run scripts/test e2e, which installs it')
  return path
}

const argumentsOf = ({ url, auth, examples, leftOut = [] }: Call): string[] => [
  ...['--url', url, ...auth],
  ...['--seed', String(SEED), '--max-examples', String(examples)],
  ...['--exclude-checks', [LEFT_OUT, ...leftOut].join()],
  ...['--generation-database', 'none', '--no-shrink', '--no-color', '--request-timeout', '20'],
]

const countsIn = (output: string): Pick<Run, 'tested' | 'operations' | 'cases'> => {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0)
  return {
    operations: number(/Selected: \d+\/(\d+)/),
    tested: number(/Tested: (\d+)/),
    cases: number(/(\d+) generated/),
  }
}
