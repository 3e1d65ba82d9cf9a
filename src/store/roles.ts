import type { Db } from './db.ts'
import type { RoleRow } from './tables.ts'

export type { RoleRow } from './tables.ts'

const ROLE = ['tenant_id', 'name', 'grants', 'updated_at'] as const

export const listRoles = (db: Db, tenantId: string): Promise<RoleRow[]> =>
  db.selectFrom('roles').select(ROLE).where('tenant_id', '=', tenantId).orderBy('name').execute()

export const putRole = async (db: Db, row: RoleRow): Promise<void> => {
  const { grants, updated_at } = row
  await db
    .insertInto('roles')
    .values(row)
    .onConflict((oc) => oc.columns(['tenant_id', 'name']).doUpdateSet({ grants, updated_at }))
    .execute()
}

/** False when there was none. */
export const deleteRole = async (db: Db, tenantId: string, name: string): Promise<boolean> => {
  const rows = await db
    .deleteFrom('roles')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .returning('name')
    .execute()
  return rows.length > 0
}
