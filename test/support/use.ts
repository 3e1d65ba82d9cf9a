import { UsageSums } from '../../src/domain/usage-days.ts'
import type { Db } from '../../src/store/db.ts'

/** Adds what `tell` says to what calls used. */
export const use = async (tx: Db, tell: (sums: UsageSums) => void): Promise<void> => {
  const sums = new UsageSums()
  tell(sums)
  await sums.write(tx)
}
