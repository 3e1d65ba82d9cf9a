import { readFileSync } from 'node:fs'
import { replaceFile } from '../lib/files.ts'
import { PROOF_KINDS, type ProofKind } from './proofs.ts'
import type { RenewalWindow } from './renewal.ts'

/**
 * What has to outlive a restart: a program that crashes and starts again and again must not use up what
 * the certificate authority allows.
 */
export interface RenewalState {
  /** tries in a row that failed */
  failures: number
  /** milliseconds; null when nothing stands in the way */
  notBefore: number | null
  lastError: string | null
  /** the authority's own wish, and until when it holds */
  window: RenewalWindow | null
  askAgainAt: number
  /** what worked last */
  proof: ProofKind
  /** drawn once for each certificate, so that the moment does not wander */
  random: number
}

const fresh = (): RenewalState => ({
  failures: 0,
  notBefore: null,
  lastError: null,
  window: null,
  askAgainAt: 0,
  proof: PROOF_KINDS[0],
  random: Math.random(),
})

/** A file that cannot be read is as good as none: the worst is one try too many. */
export const readState = (path: string): RenewalState => {
  try {
    return { ...fresh(), ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<RenewalState>) }
  } catch {
    return fresh()
  }
}

export const writeState = (path: string, state: RenewalState): void =>
  replaceFile(path, `${JSON.stringify(state)}\n`)
