import { expect } from 'bun:test'
import { type GoLive, startGolive } from './golive.ts'
import { type DiskSecrets, secretsOf } from './jwt-forge.ts'
import { Operator } from './operator.ts'
import { exchange, type RawAnswer, requestText, valuesOf } from './raw-http.ts'
import { askValidate } from './refusal.ts'
import { TenantClient } from './tenant-client.ts'

type Headers = [string, string][]

const JSON_TYPE: Headers = [['Content-Type', 'application/json']]

/** A server to attack, with one tenant `acme`, its room `open` and a good token for it. */
export class Target implements AsyncDisposable {
  readonly golive: GoLive
  readonly operator: Operator
  readonly disk: DiskSecrets
  readonly tenant: TenantClient
  /** the tenant's Authorization header */
  readonly basic: string
  readonly good: string
  readonly #livekitPid: number
  #errorsSeen = 0

  private constructor(golive: GoLive, tenant: TenantClient, basic: string, good: string) {
    this.golive = golive
    this.operator = new Operator(golive)
    this.disk = secretsOf(golive.dataDir)
    this.tenant = tenant
    this.basic = basic
    this.good = good
    this.#livekitPid = golive.livekitPid()
  }

  static async start(): Promise<Target> {
    const golive = await startGolive()
    const key = await new Operator(golive).tenantKey('acme')
    const tenant = new TenantClient(golive.url, key)
    await tenant.createRoom('open')
    const { token } = await tenant.mint('open', 'ann')
    return new Target(golive, tenant, `Basic ${btoa(`${key.api_key}:${key.api_secret}`)}`, token)
  }

  get port(): number {
    return this.golive.port
  }

  get host(): Headers {
    return [['Host', `127.0.0.1:${this.port}`]]
  }

  send(
    method: string,
    path: string,
    headers: Headers = [],
    body: string | Uint8Array = '',
  ): Promise<RawAnswer> {
    const bytes = Buffer.from(body)
    const length: Headers = bytes.length > 0 ? [['Content-Length', String(bytes.length)]] : []
    const head = requestText(method, path, [...this.host, ...headers, ...length])
    return exchange(this.port, bytes.length > 0 ? [head, bytes] : head)
  }

  /** A call of the tenant API with the right credentials. */
  api(
    method: string,
    path: string,
    body: string | Uint8Array,
    headers: Headers = JSON_TYPE,
  ): Promise<RawAnswer> {
    return this.send(method, `/api/v1${path}`, [['Authorization', this.basic], ...headers], body)
  }

  /** For after every attack: nothing died, nothing went wrong inside, and the next person gets in. */
  async expectUnharmed(): Promise<void> {
    expect(this.golive.running).toBe(true)
    expect(this.golive.livekitPid()).toBe(this.#livekitPid)
    const { token } = await this.tenant.mint('open', 'next')
    expect((await askValidate(this.port, '/rtc', token)).status).toBe(200)
    const errors = this.golive.log.entries().filter((entry) => entry.level === 'error')
    const fresh = errors.slice(this.#errorsSeen).map(({ msg, path, code }) => ({ msg, path, code }))
    this.#errorsSeen = errors.length
    expect(fresh).toEqual([])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.golive[Symbol.asyncDispose]()
  }
}

/** An error of the API (RFC 9457) with our id and without our insides. Answers its code. */
export const expectProblem = (answer: RawAnswer, status: number | number[]): string => {
  expect([status].flat()).toContain(answer.status as number)
  expect(valuesOf(answer, 'content-type').join()).toStartWith('application/problem+json')
  expect(valuesOf(answer, 'x-request-id')).toHaveLength(1)
  const problem = JSON.parse(answer.body) as Record<string, unknown>
  expect(problem).toMatchObject({
    status: answer.status,
    title: expect.any(String),
    detail: expect.any(String),
  })
  expect(answer.body.length).toBeLessThan(16_384)
  expect(answer.body).not.toMatch(/\bat .*:\d+:\d+|node_modules|bunfs|SQLITE/)
  return problem.code as string
}
