import type { Db } from './db.ts'

/** Adds what was counted since the last time. @param month such as 2026-11, UTC */
export const addUsage = async (
  db: Db,
  tenantId: string,
  month: string,
  milliseconds: number,
): Promise<void> => {
  await db
    .insertInto('usage_months')
    .values({ tenant_id: tenantId, month, milliseconds })
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'month']).doUpdateSet((eb) => ({
        milliseconds: eb('usage_months.milliseconds', '+', milliseconds),
      })),
    )
    .execute()
}

/** Milliseconds by tenant. */
export const listUsage = (
  db: Db,
  month: string,
): Promise<{ tenant_id: string; milliseconds: number }[]> =>
  db
    .selectFrom('usage_months')
    .select(['tenant_id', 'milliseconds'])
    .where('month', '=', month)
    .execute()
