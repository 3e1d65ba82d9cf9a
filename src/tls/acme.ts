import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { isIP } from 'node:net'
import acme from 'acme-client'
import { stageFile } from '../lib/files.ts'
import type { Pem } from './edge.ts'
import type { ProofKind, Proofs } from './proofs.ts'
import type { RenewalWindow } from './renewal.ts'
import { certificateRequest, renewalId } from './x509.ts'

/** The certificate authority did not do it; `retryAfterMs` is how long it wants to be left alone. */
export class AcmeError extends Error {
  override name = 'AcmeError'
  readonly retryAfterMs: number | null

  constructor(message: string, retryAfterMs: number | null, cause?: unknown) {
    super(message, { cause })
    this.retryAfterMs = retryAfterMs
  }
}

interface Options {
  directory: string
  /** PEM of the root that the authority itself is reached with; null for public ones */
  root: string | null
  email: string | null
  /** where the account's key is kept */
  accountFile: string
}

type NewOrder = Parameters<acme.Client['createOrder']>[0]

interface Directory {
  renewalInfo?: string
  meta?: { profiles?: Record<string, string> }
}

const TIMEOUT_MS = 20_000
/** Asking again for the state of an order or a proof. */
const POLL = { backoffAttempts: 20, backoffMin: 500, backoffMax: 5000 }

/** Gets certificates by ACME (RFC 8555), with acme-client for what is on the wire. */
export class Acme {
  readonly #options: Options
  readonly #client: acme.Client

  constructor(options: Options) {
    this.#options = options
    setUpClient(options.root)
    this.#client = new acme.Client({
      directoryUrl: options.directory,
      accountKey: accountKey(options.accountFile),
      ...POLL,
    })
  }

  /**
   * @param replaces the certificate that this one is for the place of, if there is one
   * @throws AcmeError in words
   */
  async issue(
    names: string[],
    kind: ProofKind,
    proofs: Proofs,
    replaces: string | null,
  ): Promise<Pem> {
    try {
      return await this.#issue(names, kind, proofs, replaces)
    } catch (error) {
      throw inWords(error, this.#options.directory)
    }
  }

  async #issue(
    names: string[],
    kind: ProofKind,
    proofs: Proofs,
    replaces: string | null,
  ): Promise<Pem> {
    const { email } = this.#options
    await this.#client.createAccount({
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: [`mailto:${email}`] }),
    })
    const order = await this.#order(names, replaces)
    for (const authorization of await this.#client.getAuthorizations(order))
      await this.#prove(authorization, kind, proofs)
    const { request, key } = await certificateRequest(names)
    const finalized = await this.#client.finalizeOrder(order, request)
    return { cert: await this.#client.getCertificate(finalized), key }
  }

  /** `replaces` is left out when the authority does not know, or has already replaced, the old one. */
  async #order(names: string[], replaces: string | null): Promise<acme.Order> {
    const identifiers = names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
    const profile = await this.#profile(names)
    const wanted = { identifiers, ...(profile ? { profile } : {}) } as NewOrder
    const id = replaces === null ? null : renewalId(replaces)
    if (id === null || !(await this.#directory()).renewalInfo)
      return this.#client.createOrder(wanted)
    try {
      return await this.#client.createOrder({ ...wanted, replaces: id } as NewOrder)
    } catch (error) {
      if (error instanceof AcmeError && error.retryAfterMs !== null) throw error
      return this.#client.createOrder(wanted)
    }
  }

  /** Let's Encrypt's: addresses get no other one than `shortlived`. */
  async #profile(names: string[]): Promise<string | null> {
    const profiles = (await this.#directory()).meta?.profiles ?? {}
    const wanted = names.some((name) => isIP(name) !== 0) ? 'shortlived' : 'tlsserver'
    return wanted in profiles ? wanted : null
  }

  async #prove(authorization: acme.Authorization, kind: ProofKind, proofs: Proofs): Promise<void> {
    if (authorization.status === 'valid') return
    const challenge = authorization.challenges.find(({ type }) => type === kind)
    if (!challenge) throw new AcmeError(`the certificate authority does not offer ${kind}`, null)
    const keyAuthorization = await this.#client.getChallengeKeyAuthorization(challenge)
    const identifier = authorization.identifier.value
    const proof = { identifier, token: challenge.token, keyAuthorization }
    await proofs.show(kind, proof)
    try {
      await this.#client.completeChallenge(challenge)
      await this.#client.waitForValidStatus(challenge)
    } finally {
      await proofs.hide(kind, proof)
    }
  }

  /** When to renew, and milliseconds after which to ask again; null where the authority does not say. */
  async renewalWindow(cert: string): Promise<(RenewalWindow & { askAgainMs: number }) | null> {
    const { renewalInfo } = await this.#directory()
    const id = renewalId(cert)
    if (!renewalInfo || id === null) return null
    const { data, headers, status } = await acme.axios.get(`${renewalInfo}/${id}`)
    const window = (data as { suggestedWindow?: { start: string; end: string } }).suggestedWindow
    if (status !== 200 || !window) return null
    return {
      start: Date.parse(window.start),
      end: Date.parse(window.end),
      askAgainMs: retryAfterMs(String(headers['retry-after'] ?? '')) ?? SIX_HOURS_MS,
    }
  }

  async #directory(): Promise<Directory> {
    const { data } = await acme.axios.get(this.#options.directory)
    return data as Directory
  }
}

const SIX_HOURS_MS = 6 * 3_600_000
let isSetUp = false

/**
 * acme-client has one HTTP client for all: it would sleep as long as a 429 asks for, inside of a call,
 * and wait for an answer without an end.
 */
const setUpClient = (root: string | null): void => {
  const { defaults, interceptors } = acme.axios
  const { acmeSettings } = defaults as unknown as { acmeSettings: { retryMaxAttempts: number } }
  acmeSettings.retryMaxAttempts = 0
  defaults.timeout = TIMEOUT_MS
  defaults.proxy = false
  if (root !== null) defaults.httpsAgent = new Agent({ ca: readFileSync(root) })
  if (isSetUp) return
  isSetUp = true
  interceptors.response.use((response) => {
    const wait = retryAfterMs(String(response.headers['retry-after'] ?? ''))
    if (response.status === 429 || (response.status === 503 && wait !== null))
      throw new AcmeError('the certificate authority says: too many requests', wait ?? 3_600_000)
    return response
  }, silent)
}

/** Where nothing answered, acme-client 5.4.0 reads an answer all the same, and fails with a TypeError. */
const silent = (error: unknown): never => {
  if (error instanceof TypeError) throw Object.assign(error, { code: 'ECONNREFUSED' })
  throw error
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
const retryAfterMs = (header: string): number | null => {
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now())
}

const accountKey = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  stageFile(path, privateKey, 0o600).commit()
  return Buffer.from(privateKey)
}

const UNREACHABLE =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ECONNABORTED|EHOSTUNREACH|ENETUNREACH|timeout|socket hang up/i

const inWords = (error: unknown, directory: string): AcmeError => {
  if (error instanceof AcmeError) return error
  const { message = '', code = '' } = error as NodeJS.ErrnoException
  const { host } = new URL(directory)
  return UNREACHABLE.test(`${code} ${message}`)
    ? new AcmeError(`the certificate authority at ${host} does not answer`, null, error)
    : new AcmeError(`the certificate authority says: ${message.slice(0, 500)}`, null, error)
}
