import type { Clock } from '../lib/clock.ts'
import { type GrantChanges, type Grants, withChanges } from '../livekit/grants.ts'
import type { Store } from '../store/db.ts'
import * as rows from '../store/roles.ts'
import { lockTenant } from '../store/tenants.ts'
import { GoLiveError } from './errors.ts'
import { Recent } from './recent.ts'

export type { GrantChanges } from '../livekit/grants.ts'

/** Grants under a name, for tokens. */
export interface Role {
  name: string
  builtIn: boolean
  grants: Grants
}

/** What a token without a role allows. */
export const DEFAULT_GRANTS: Grants = {
  canPublish: true,
  canSubscribe: true,
  canPublishData: true,
  canUpdateOwnMetadata: false,
  hidden: false,
}

const BUILT_IN: ReadonlyMap<string, Grants> = new Map([
  ['host', { ...DEFAULT_GRANTS, canUpdateOwnMetadata: true }],
  ['speaker', DEFAULT_GRANTS],
  ['viewer', { ...DEFAULT_GRANTS, canPublish: false, canPublishData: false }],
  ['broadcaster', { ...DEFAULT_GRANTS, canSubscribe: false }],
])

const MOST_ROLES = 50

interface Deps {
  store: Store
  clock: Clock
}

type Owner = { id: string }

/** Presets of grants: those that are built in, and those of each tenant. */
export class Roles {
  readonly #deps: Deps
  /** by tenant, for minting without a read */
  readonly #known = new Recent<ReadonlyMap<string, Grants>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async list(tenant: Owner): Promise<Role[]> {
    return [
      ...[...BUILT_IN].map(([name, grants]) => ({ name, builtIn: true, grants })),
      ...[...(await this.#read(tenant))].map(([name, grants]) => ({
        name,
        builtIn: false,
        grants,
      })),
    ]
  }

  /** The grants of a role, at once when it is built in or was asked for lately. @throws role_not_found */
  recall(tenant: Owner, name: string): Grants | Promise<Grants> {
    const grants = BUILT_IN.get(name) ?? this.#known.get(tenant.id)?.get(name)
    return grants ?? this.#read(tenant).then((own) => own.get(name) ?? unknown(name))
  }

  /** Makes or replaces a role; tokens that were minted with it stay as they are. */
  async put(tenant: Owner, name: string, grants: GrantChanges): Promise<Role> {
    if (BUILT_IN.has(name)) throw builtIn(name)
    const { store, clock } = this.#deps
    const all = withChanges(DEFAULT_GRANTS, grants)
    await store.transaction(async (tx) => {
      await lockTenant(tx, tenant.id)
      const others = (await rows.listRoles(tx, tenant.id)).filter((row) => row.name !== name)
      if (others.length >= MOST_ROLES) throw tooMany()
      await rows.putRole(tx, {
        tenant_id: tenant.id,
        name,
        grants: JSON.stringify(all),
        updated_at: clock(),
      })
    })
    this.#known.forget(tenant.id)
    return { name, builtIn: false, grants: all }
  }

  /** @throws role_not_found, role_built_in */
  async delete(tenant: Owner, name: string): Promise<void> {
    if (BUILT_IN.has(name)) throw builtIn(name)
    const isGone = await rows.deleteRole(this.#deps.store.db, tenant.id, name)
    this.#known.forget(tenant.id)
    if (!isGone) unknown(name)
  }

  #read(tenant: Owner): Promise<ReadonlyMap<string, Grants>> {
    return this.#known.keep(tenant.id, async () => {
      const found = await rows.listRoles(this.#deps.store.db, tenant.id)
      return new Map(found.map((row) => [row.name, JSON.parse(row.grants) as Grants]))
    })
  }
}

const unknown = (name: string): never => {
  throw new GoLiveError('role_not_found', `there is no role named ${name}`, {
    hint: `Built in are ${[...BUILT_IN.keys()].join(', ')}; yours are at GET /api/v1/roles.`,
  })
}

const builtIn = (name: string): GoLiveError =>
  new GoLiveError('role_built_in', `the role ${name} is built in and stays as it is`, {
    hint: 'Choose another name for a role of your own.',
  })

const tooMany = (): GoLiveError =>
  new GoLiveError('role_limit_reached', `a tenant can have ${MOST_ROLES} roles`, {
    hint: 'Delete roles that are no longer used.',
  })
