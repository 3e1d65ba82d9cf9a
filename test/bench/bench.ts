import type { Running, RunningGolive } from './processes.ts'
import type { Result } from './report.ts'

/** What every measurement gets from the run it is part of. */
export interface Context {
  /** the compiled executable */
  binary: string
  /** a folder of this run, removed at its end */
  dir: string
  /** the server that measurements share; started at the first call */
  golive(): Promise<RunningGolive>
  /** livekit-server alone, likewise */
  livekit(): Promise<Running>
  /** sees to it that a server ends with the run, whatever else happens */
  using<T extends Running>(starting: Promise<T>): Promise<T>
}

export interface Bench {
  /** what a filter on the command line is compared with */
  id: string
  measure(context: Context): Promise<Result[]>
}
