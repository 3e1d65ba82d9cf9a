import { statfsSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskSpace, isDiskFull } from '../lib/disk.ts'
import { allocateFile } from '../lib/posix.ts'

/** Room for some 20,000 joins and leaves. */
export const RESERVE_BYTES = 32 * 2 ** 20
/** Given back at once: whatever else fills the disk cannot take all of it. */
const PART_BYTES = 4 * 2 ** 20
/** Free besides, before it is made again: else the next change would meet a full disk. */
const SPARE_BYTES = 16 * 2 ** 20

/**
 * A file that does nothing but hold blocks of the disk. When the disk is full it is made shorter, so
 * that the log of events goes on; while it is shorter than it should be, nothing else is written.
 */
export class Reserve {
  readonly #path: string
  #isLow = false

  constructor(path: string) {
    this.#path = path
  }

  /** What is kept now. */
  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** True while changes are to be refused. */
  get isLow(): boolean {
    return this.#isLow
  }

  /** Gives a part back to the disk. False when nothing is left. */
  spend(): boolean {
    const { bytes } = this
    if (bytes === 0) return false
    truncateSync(this.#path, Math.max(bytes - PART_BYTES, 0))
    this.#isLow = true
    return true
  }

  /** On a full disk the database cannot even be opened: it needs files beside it. */
  makeRoom(): void {
    while (this.#free() < PART_BYTES && this.spend());
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(dirname(this.#path))
    return bavail * bsize
  }

  /** Makes it as large as it should be when there is room. Called at the start and now and then. */
  async refill(): Promise<void> {
    const missing = RESERVE_BYTES - this.bytes
    if (missing > 0) {
      const { freeBytes } = await diskSpace(dirname(this.#path))
      this.#isLow = freeBytes < missing + SPARE_BYTES || !this.#allocate()
    } else this.#isLow = false
  }

  /** False when somebody else was faster. */
  #allocate(): boolean {
    try {
      allocateFile(this.#path, RESERVE_BYTES)
      return true
    } catch (error) {
      if (!isDiskFull(error)) throw error
      return false
    }
  }
}
