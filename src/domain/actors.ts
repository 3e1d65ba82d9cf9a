/** Who does something, as the audit log names them. */
export interface Actor {
  /** `admin:<email>`, `token:<id>`, `local:<user>`, `tenant:<slug>/<api_key>` or `system` */
  readonly name: string
  readonly address: string | null
}

export const adminActor = (email: string, address: string | null): Actor => ({
  name: `admin:${email}`,
  address,
})

export const tokenActor = (id: string, address: string | null): Actor => ({
  name: `token:${id}`,
  address,
})

/** Whoever could open the unix socket. The name is what they say of themselves. */
export const localActor = (user: string): Actor => ({ name: `local:${user}`, address: null })

export const tenantActor = (slug: string, apiKey: string, address: string | null): Actor => ({
  name: `tenant:${slug}/${apiKey}`,
  address,
})

/** What the server does by itself. */
export const SYSTEM: Actor = { name: 'system', address: null }
