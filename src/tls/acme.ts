import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import acme from 'acme-client'
import { sleep } from '../lib/clock.ts'
import { stageFile } from '../lib/files.ts'
import { retryAfterMs } from '../lib/retry-after.ts'
import { AcmeError, AcmeTransport, plain } from './acme-transport.ts'
import { checkPair, covers } from './certificate-file.ts'
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

type NewOrder = Parameters<acme.Client['createOrder']>[0]

interface Directory {
  renewalInfo?: string
  meta?: { profiles?: Record<string, string> }
}

/** How long an authority may take for one step. */
const PATIENCE_MS = 90_000
const FIRST_LOOK_MS = 500
const LONGEST_LOOK_MS = 5000
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
      await prove(client, order, authorization, wish.proof, proofs)
    await settled(() => client.getOrder(order))
    const { request, key } = await certificateRequest([wish.name])
    await sentOrDone(
      () => client.finalizeOrder(order, request),
      async () => (await client.getOrder(order)).status !== 'ready',
    )
    const done = await settled(() => client.getOrder(order))
    if (done.status !== 'valid') throw new AcmeError('refused', whyNotIssued(done))
    const pem = { cert: await client.getCertificate(done), key }
    checkPair(pem, 'what came', 'the request')
    if (!covers(pem.cert, wish.name))
      throw new AcmeError('refused', `the certificate that came is not for ${wish.name}`)
    return pem
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
      if (error instanceof AcmeError && error.trouble !== 'refused') throw error
      return client.createOrder(wanted)
    }
  }

  /**
   * When to renew, and milliseconds after which to ask again (RFC 9773); null where the authority does
   * not say, or says what makes no sense. @throws AcmeError
   */
  async renewalWindow(cert: string): Promise<(RenewalWindow & { askAgainMs: number }) | null> {
    const { renewalInfo } = await this.#directory()
    const id = renewalId(cert)
    if (renewalInfo === undefined || id === null) return null
    const { value, headers } = await this.#transport.json(`${renewalInfo}/${id}`)
    const window = (value as { suggestedWindow?: { start?: string; end?: string } }).suggestedWindow
    const start = Date.parse(window?.start ?? '')
    const end = Date.parse(window?.end ?? '')
    if (!(start < end)) return null
    const wait = retryAfterMs(headers['retry-after']) ?? 6 * HOUR_MS
    return { start, end, askAgainMs: Math.min(Math.max(wait, MINUTE_MS), 24 * HOUR_MS) }
  }

  async #directory(): Promise<Directory> {
    return (await this.#transport.json(this.#options.directory)).value as Directory
  }
}

/** @throws AcmeError with trouble `proof` in the authority's own words */
const prove = async (
  client: acme.Client,
  order: acme.Order,
  { status, challenges, identifier }: acme.Authorization,
  kind: ProofKind,
  proofs: Proofs,
): Promise<void> => {
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
    const [judged] = await settled(() => client.getAuthorizations(order))
    if (judged?.status !== 'valid') throw new AcmeError('proof', whyNot(judged, kind))
  } finally {
    await proofs.hide(kind, proof)
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
    if (!(await isDone())) throw error
  }
}

const whyNot = (judged: acme.Authorization | undefined, kind: ProofKind): string => {
  const failed = judged?.challenges.find(({ type }) => type === kind) as
    | { error?: { detail?: string } }
    | undefined
  const said = plain(failed?.error?.detail ?? `the proof by ${kind} is ${judged?.status}`)
  return `the certificate authority says: ${said}`
}

const whyNotIssued = ({ status, error }: acme.Order & { error?: { detail?: string } }): string =>
  `the certificate authority says: ${plain(error?.detail ?? `the order is ${status}`)}`

type Settling = { status: string }

/**
 * Looks until the authority is done with it. acme-client's own waiting would try again whatever the
 * answer is, even when it is asked to pause. @throws AcmeError when that takes too long
 */
const settled = async <T extends Settling | Settling[]>(look: () => Promise<T>): Promise<T> => {
  const end = Date.now() + PATIENCE_MS
  for (let pause = FIRST_LOOK_MS; Date.now() < end; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
    const found = await look()
    const isOpen = [found].flat().some(({ status }) => /^(?:pending|processing)$/.test(status))
    if (!isOpen) return found
    await sleep(pause)
  }
  throw new AcmeError('silent', 'the certificate authority does not come to a decision')
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
