import type { EdgeCounts, EdgeOptions, Pem } from './edge.ts'

/** What the main thread asks of the edge's thread; each is answered with its id. */
export type Order =
  | { ask: 'start'; options: EdgeOptions; memory: SharedArrayBuffer; pem: Pem }
  | { ask: 'certificate'; pem: Pem }
  | { ask: 'challenge'; name: string; pem: Pem | null }
  | { ask: 'people'; address: string; by: 1 | -1 }
  | { ask: 'counts' }
  | { ask: 'stop' }

export interface Answer {
  id: number
  counts?: EdgeCounts
  /** why it could not be done; the code as of the operating system, if there is one */
  error?: { message: string; code: string | null }
}
