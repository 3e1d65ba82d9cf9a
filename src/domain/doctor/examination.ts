import { resolve } from 'node:path'
import { z } from 'zod'
import { runOwnCommand } from '../../lib/own-program.ts'
import { GoLiveError } from '../errors.ts'
import type { Report } from './finding.ts'

const reportSchema = z.strictObject({
  data: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      state: z.enum(['ok', 'warn', 'fail', 'skipped']),
      detail: z.string(),
      fix: z.string().nullable(),
    }),
  ),
  verdict: z.string(),
})

/** It bounds itself to less. */
const BOUNDS = { timeoutMs: 60_000, maxBytes: 2 ** 20 }

/** What `golive doctor --json` prints. @param file the configuration; null where there is none */
export const askDoctor = (
  file: string | null,
  env: Record<string, string | undefined>,
): Promise<string> => {
  const words = file === null ? [] : ['--config', resolve(file)]
  return runOwnCommand(['doctor', '--json', ...words], env, BOUNDS)
}

/**
 * Examines the machine and the server in a process of its own: much of it blocks, and a call through
 * our own front door is only real from outside. Who asks while one runs gets that one's report.
 */
export class Examination {
  readonly #doctor: () => Promise<string>
  #running: Promise<Report> | null = null

  /** @param doctor runs `golive doctor --json` and answers what it prints */
  constructor(doctor: () => Promise<string>) {
    this.#doctor = doctor
  }

  run(): Promise<Report> {
    this.#running ??= this.#examine().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #examine(): Promise<Report> {
    try {
      return reportSchema.parse(JSON.parse(await this.#doctor()))
    } catch (cause) {
      throw new GoLiveError('internal_error', 'the examination came to no end', {
        hint: 'Type on the server: golive doctor',
        cause,
      })
    }
  }
}
