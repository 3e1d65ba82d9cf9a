import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { replaceFile } from '../lib/files.ts'
import { PROOF_KINDS, type ProofKind } from './proofs.ts'

const ms = z.number().nonnegative()

/**
 * What has to outlive a restart: a program that crashes and starts again and again must not use up what
 * the certificate authority allows.
 */
const renewalState = z.object({
  /** the authority and the name that all of it is about */
  about: z.string(),
  /** the certificate on disk is another authority's: it serves only until there is one */
  isStopgap: z.boolean(),
  /** tries in a row that failed, or of which nobody knows how they ended */
  failures: z.int().nonnegative(),
  /** milliseconds; null when nothing stands in the way */
  notBefore: ms.nullable(),
  lastError: z.string().nullable(),
  trouble: z.enum(['silent', 'pause', 'proof', 'refused']).nullable(),
  /** the authority's own wish, and until when it holds */
  window: z.object({ start: ms, end: ms }).nullable(),
  askAgainAt: ms,
  /** what worked last */
  proof: z.enum(PROOF_KINDS),
  /** drawn once for each certificate, so that the moment does not wander */
  random: z.number().min(0).max(1),
})

export type RenewalState = z.output<typeof renewalState>

/** Nothing has failed. @param proof what worked last */
export const freshState = (about: string, proof: ProofKind = PROOF_KINDS[0]): RenewalState => ({
  about,
  isStopgap: false,
  failures: 0,
  notBefore: null,
  lastError: null,
  trouble: null,
  window: null,
  askAgainAt: 0,
  proof,
  random: Math.random(),
})

/**
 * A file that cannot be read is as good as none: the worst is one try too many. What was remembered
 * about another name or authority stands in the way of nothing.
 */
export const readState = (path: string, about: string): RenewalState => {
  const found = renewalState.safeParse(contentOf(path)).data
  if (!found) return freshState(about)
  return found.about === about ? found : { ...freshState(about), isStopgap: true }
}

const contentOf = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** @throws when it cannot be written */
export const writeState = (path: string, state: RenewalState): void =>
  replaceFile(path, `${JSON.stringify(state)}\n`)
