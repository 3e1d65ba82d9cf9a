import type { GoLive } from './golive.ts'
import { type Credentials, TenantClient } from './tenant-client.ts'

/** What an operator does, by the admin API: one place that knows its paths. */
export class Operator {
  readonly #golive: GoLive

  constructor(golive: GoLive) {
    this.#golive = golive
  }

  /** A tenant whose request limits do not get into a test's way. */
  async tenant(slug: string, limits: Record<string, number> = {}): Promise<TenantClient> {
    return new TenantClient(this.#golive.url, await this.tenantKey(slug, limits))
  }

  tenantKey(slug: string, limits: Record<string, number> = {}): Promise<Credentials> {
    const generous = { api_requests_per_second: 5000, token_mints_per_second: 5000 }
    return this.#ask('POST', '/admin/tenants', { slug, limits: { ...generous, ...limits } })
  }

  async setStatus(slug: string, status: 'active' | 'deactivated'): Promise<void> {
    await this.#ask('PATCH', `/admin/tenants/${slug}`, { status })
  }

  async setLimits(slug: string, limits: Record<string, number | boolean | null>): Promise<void> {
    await this.#ask('PATCH', `/admin/tenants/${slug}`, { limits })
  }

  createKey(slug: string): Promise<Credentials> {
    return this.#ask('POST', `/admin/tenants/${slug}/keys`, {})
  }

  async deleteKey(slug: string, apiKey: string): Promise<void> {
    await this.#ask('DELETE', `/admin/tenants/${slug}/keys/${apiKey}`)
  }

  /** Who is in a room by presence, as `golive room show` tells it. */
  async people(slug: string, room: string): Promise<string[]> {
    const path = `/admin/tenants/${slug}/rooms/${encodeURIComponent(room)}`
    const { participants } = await this.#ask<{ participants: { identity: string }[] }>('GET', path)
    return participants.map(({ identity }) => identity).sort()
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' }
    const response = await this.#golive.admin(path, {
      method,
      ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text ? JSON.parse(text) : null) as T
  }
}
