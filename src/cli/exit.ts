import { ConfigError } from '../config/load.ts'
import { type FieldError, GoLiveError, StartError } from '../domain/errors.ts'

/** 69 is EX_UNAVAILABLE of sysexits.h. */
export const EXIT = { done: 0, failed: 1, usage: 2, cannotStart: 3, unreachable: 69 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The members of a problem+json body (RFC 9457) that a person at a terminal needs. */
export interface Problem {
  code: string
  detail: string
  hint?: string
  errors?: FieldError[]
}

/** A command that did not do its work: one sentence, what to do next, and the exit code. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exit: ExitCode
  readonly problem: Problem

  constructor(exit: ExitCode, problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options)
    this.exit = exit
    this.problem = problem
  }
}

/** What a script must know of a failure, whatever was thrown. */
export const explain = (error: unknown): { exit: ExitCode; problem: Problem } => {
  if (error instanceof CliError) return { exit: error.exit, problem: error.problem }
  if (error instanceof ConfigError) return cannotStart('config_invalid', error.message)
  if (error instanceof StartError) return cannotStart('cannot_start', error.message)
  if (error instanceof GoLiveError) {
    const { hint, errors } = error.details
    const problem: Problem = { code: error.code, detail: error.message }
    if (hint !== undefined) problem.hint = hint
    if (errors !== undefined) problem.errors = errors
    return { exit: EXIT.failed, problem }
  }
  const detail = error instanceof Error ? error.message : String(error)
  return { exit: EXIT.failed, problem: { code: 'internal_error', detail } }
}

const cannotStart = (code: string, detail: string) => ({
  exit: EXIT.cannotStart,
  problem: { code, detail },
})

/** A failure as lines for standard error. */
export const problemText = ({ detail, hint, errors = [] }: Problem): string =>
  [
    ...detail.split('\n').map((line) => `golive: ${line}`),
    ...errors
      .map(({ path, message }) => `${path}: ${message}`)
      .filter((text) => text !== detail)
      .map((text) => `  ${text}`),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ]
    .map((line) => `${line}\n`)
    .join('')
