import type { Db } from './db.ts'

/** A value that belongs to the whole installation, or null. */
export const getSetting = async (db: Db, name: string): Promise<string | null> => {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value ?? null
}

/** Stores the value unless there is one; answers the one that holds. */
export const setSettingOnce = async (db: Db, name: string, value: string): Promise<string> => {
  const known = await getSetting(db, name)
  // Where nothing is to be written, a full disk is no hindrance.
  if (known !== null) return known
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((on) => on.doNothing())
    .execute()
  return (await getSetting(db, name)) ?? value
}

export const setSetting = async (db: Db, name: string, value: string): Promise<void> => {
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((on) => on.column('name').doUpdateSet({ value }))
    .execute()
}
