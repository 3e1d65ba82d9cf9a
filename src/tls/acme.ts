import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import acme from 'acme-client'
import { sleep } from '../lib/clock.ts'
import { stageFile } from '../lib/files.ts'
import { AcmeError, AcmeTransport, plain, retryAfterMs } from './acme-transport.ts'
import { checkPair, covers, keepPrivate } from './certificate-file.ts'
import type { Pem } from './edge.ts'
import type { ProofKind, Proofs } from './proofs.ts'
import type { RenewalWindow } from './renewal.ts'
import { certificateRequest, renewalId } from './x509.ts'

interface Options {
  directory: string
  /** PEM file of the root that the authority itself is reached with; null for public ones */
  root: string | null
  email: string | null
  /** where the account's key is kept */
  accountFile: string
}

interface Wish {
  /** host name or address */
  name: string
  proof: ProofKind
  /** the certificate whose place it takes, if there is one */
  replaces: string | null
}

/** When to renew, and after how many milliseconds to ask for that again. */
export interface RenewalWish {
  window: RenewalWindow | null
  askAgainMs: number
}

type Settling = { status: string }
type NewOrder = Parameters<acme.Client['createOrder']>[0]

interface Directory {
  renewalInfo?: string
  meta?: { profiles?: Record<string, string> }
}

/** How long an authority may take for one step. */
const PATIENCE_MS = 90_000
const FIRST_LOOK_MS = 500
const LONGEST_LOOK_MS = 5000
/** As long as it may ask us to wait for the next look. */
const LONGEST_ASKED_MS = 30_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Gets certificates by ACME (RFC 8555), with acme-client for what is signed. */
export class Acme {
  readonly #options: Options
  readonly #transport: AcmeTransport
  readonly #accountKey: Buffer

  constructor(options: Options) {
    this.#options = options
    this.#transport = new AcmeTransport(options.directory, options.root)
    this.#transport.carry(acme)
    this.#accountKey = accountKey(options.accountFile)
  }

  /** @throws AcmeError in words */
  async issue(wish: Wish, proofs: Proofs): Promise<Pem> {
    const { directory: directoryUrl } = this.#options
    // A new one each time: it would go on with an account that the authority has forgotten.
    const client = new acme.Client({ directoryUrl, accountKey: this.#accountKey })
    try {
      return await this.#issue(client, wish, proofs)
    } catch (error) {
      if (error instanceof AcmeError) throw error
      const said = plain((error as Error).message)
      throw new AcmeError('refused', `the certificate authority says: ${said}`)
    }
  }

  async #issue(client: acme.Client, wish: Wish, proofs: Proofs): Promise<Pem> {
    const { email } = this.#options
    await client.createAccount({
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: [`mailto:${email}`] }),
    })
    const order = await this.#order(client, wish)
    for (const authorization of await client.getAuthorizations(order))
      await this.#prove(client, order, authorization, wish.proof, proofs)
    await this.#settled(() => client.getOrder(order))
    const { request, key } = await certificateRequest([wish.name])
    await sentOrDone(
      () => client.finalizeOrder(order, request),
      async () => (await client.getOrder(order)).status !== 'ready',
    )
    const done = await this.#settled(() => client.getOrder(order))
    if (done.status !== 'valid') throw new AcmeError('refused', whyNotIssued(done))
    const pem = { cert: await client.getCertificate(done), key }
    checkPair(pem, 'what came', 'the request')
    if (!covers(pem.cert, wish.name))
      throw new AcmeError('refused', `the certificate that came is not for ${wish.name}`)
    return pem
  }

  /** @throws AcmeError with trouble `proof` in the authority's own words */
  async #prove(
    client: acme.Client,
    order: acme.Order,
    { status, challenges, identifier }: acme.Authorization,
    kind: ProofKind,
    proofs: Proofs,
  ): Promise<void> {
    if (status === 'valid') return
    const challenge = challenges.find(({ type }) => type === kind)
    if (!challenge) throw new AcmeError('proof', `the certificate authority does not offer ${kind}`)
    const keyAuthorization = await client.getChallengeKeyAuthorization(challenge)
    const proof = { identifier: identifier.value, token: challenge.token, keyAuthorization }
    await proofs.show(kind, proof)
    try {
      await sentOrDone(
        () => client.completeChallenge(challenge),
        async () => (await client.getAuthorizations(order))[0]?.status !== 'pending',
      )
      const [judged] = await this.#settled(() => client.getAuthorizations(order))
      if (judged?.status !== 'valid') throw new AcmeError('proof', whyNot(judged, kind))
    } finally {
      await proofs.hide(kind, proof)
    }
  }

  /**
   * Looks until the authority is done with it, at the pace that it asks for. acme-client's own waiting
   * would try again whatever the answer is, even when it is asked to pause.
   * @throws AcmeError when that takes too long
   */
  async #settled<T extends Settling | Settling[]>(look: () => Promise<T>): Promise<T> {
    const end = Date.now() + PATIENCE_MS
    for (
      let pause = FIRST_LOOK_MS;
      Date.now() < end;
      pause = Math.min(pause * 2, LONGEST_LOOK_MS)
    ) {
      const found = await look()
      const isOpen = [found].flat().some(({ status }) => /^(?:pending|processing)$/.test(status))
      if (!isOpen) return found
      await sleep(Math.max(pause, Math.min(this.#transport.askedWaitMs, LONGEST_ASKED_MS)))
    }
    throw new AcmeError('silent', 'the certificate authority does not come to a decision')
  }

  /** `replaces` is left out when the authority does not know, or has already replaced, the old one. */
  async #order(client: acme.Client, { name, replaces }: Wish): Promise<acme.Order> {
    const { renewalInfo, meta } = await this.#directory()
    const isAddress = isIP(name) !== 0
    // Let's Encrypt's: addresses get no other one than `shortlived`.
    const profile = isAddress ? 'shortlived' : 'tlsserver'
    const wanted = {
      identifiers: [{ type: isAddress ? 'ip' : 'dns', value: name }],
      ...(profile in (meta?.profiles ?? {}) ? { profile } : {}),
    } as NewOrder
    const id = replaces === null || renewalInfo === undefined ? null : renewalId(replaces)
    if (id === null) return client.createOrder(wanted)
    try {
      return await client.createOrder({ ...wanted, replaces: id } as NewOrder)
    } catch (error) {
      if (isPause(error)) throw error
      return client.createOrder(wanted)
    }
  }

  /**
   * When to renew (RFC 9773); null where the authority does not say, or says what makes no sense.
   * @throws AcmeError
   */
  async renewalWindow(cert: string): Promise<RenewalWish | null> {
    const { renewalInfo } = await this.#directory()
    const id = renewalId(cert)
    if (renewalInfo === undefined || id === null) return null
    const { value, headers } = await this.#transport.json(`${renewalInfo}/${id}`)
    const window = (value as { suggestedWindow?: { start?: string; end?: string } }).suggestedWindow
    const start = Date.parse(window?.start ?? '')
    const end = Date.parse(window?.end ?? '')
    if (!(start < end)) return null
    const wait = retryAfterMs(headers['retry-after']) ?? 6 * HOUR_MS
    const askAgainMs = Math.min(Math.max(wait, MINUTE_MS), 24 * HOUR_MS)
    return { window: { start, end }, askAgainMs }
  }

  async #directory(): Promise<Directory> {
    return (await this.#transport.json(this.#options.directory)).value as Directory
  }
}

/** One whose answer got lost was taken all the same, and is refused when it comes again. */
const sentOrDone = async (
  send: () => Promise<unknown>,
  isDone: () => Promise<boolean>,
): Promise<void> => {
  try {
    await send()
  } catch (error) {
    if (isPause(error) || !(await isDone())) throw error
  }
}

const isPause = (error: unknown): boolean => error instanceof AcmeError && error.trouble === 'pause'

const whyNot = (judged: acme.Authorization | undefined, kind: ProofKind): string => {
  const failed = judged?.challenges.find(({ type }) => type === kind) as
    | { error?: { detail?: string } }
    | undefined
  const said = plain(failed?.error?.detail ?? `the proof by ${kind} is ${judged?.status}`)
  return `the certificate authority says: ${said}`
}

const whyNotIssued = ({ status, error }: acme.Order & { error?: { detail?: string } }): string =>
  `the certificate authority says: ${plain(error?.detail ?? `the order is ${status}`)}`

/** One that is broken is as good as none: an account is made by asking, and holds nothing of worth. */
const accountKey = (path: string): Buffer => {
  const kept = keptKey(path)
  if (kept) return kept
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  stageFile(path, privateKey, 0o600).commit()
  return Buffer.from(privateKey)
}

const keptKey = (path: string): Buffer | null => {
  if (!existsSync(path)) return null
  keepPrivate(path)
  const pem = readFileSync(path)
  try {
    createPrivateKey(pem)
    return pem
  } catch {
    return null
  }
}
