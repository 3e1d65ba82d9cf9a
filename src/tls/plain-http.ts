/** Where a certificate authority looks for its proof (HTTP-01, RFC 8555 §8.3). */
const CHALLENGES = '/.well-known/acme-challenge/'
/** Where a device finds the authority that it is to trust: over HTTPS it would trust none yet. */
const ROOT = '/ca.pem'

/** By this type devices offer to install it. */
const ROOT_HEADERS = { 'content-type': 'application/x-x509-ca-cert', 'cache-control': 'no-store' }

/** The plain port 80: proofs for the certificate authority, and the way to HTTPS for everybody else. */
export class PlainHttp {
  readonly #publicUrl: string
  readonly #root: () => string | null
  readonly #answers = new Map<string, string>()
  #server: Bun.Server<undefined> | null = null

  /**
   * @param publicUrl origin that everything else is sent to
   * @param root PEM of an authority of our own; null for none
   */
  constructor(publicUrl: string, root: () => string | null) {
    this.#publicUrl = publicUrl
    this.#root = root
  }

  /** @throws EADDRINUSE, EACCES */
  listen(hostname: string, port: number): void {
    this.#server = Bun.serve({
      hostname,
      port,
      development: false,
      idleTimeout: 10,
      maxRequestBodySize: 1024,
      fetch: (request) => this.answer(request),
    })
  }

  /** @param answer null takes it away */
  setChallenge(token: string, answer: string | null): void {
    if (answer === null) this.#answers.delete(token)
    else this.#answers.set(token, answer)
  }

  answer({ method, url }: Request): Response {
    // As it was sent: a broken Host would make the whole of it no URL.
    const path = url.slice(url.indexOf('/', 'http://'.length))
    if (path.startsWith(CHALLENGES)) return this.#proof(path.slice(CHALLENGES.length))
    const root = path === ROOT ? this.#root() : null
    if (root !== null) return new Response(root, { headers: ROOT_HEADERS })
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(`This server speaks HTTPS: use ${this.#publicUrl}\n`, { status: 400 })
    // Never the Host that was sent: a link to here could then lead anywhere.
    return new Response(null, {
      status: 308,
      headers: { location: `${this.#publicUrl}${path}`, 'cache-control': 'no-store' },
    })
  }

  async stop(): Promise<void> {
    await this.#server?.stop(true)
  }

  #proof(token: string): Response {
    const answer = this.#answers.get(token)
    return answer === undefined
      ? new Response('there is no such challenge\n', { status: 404 })
      : new Response(answer, { headers: { 'content-type': 'application/octet-stream' } })
  }
}
