import { addressBytes } from '../lib/ip.ts'
import type { EdgeHost } from './edge-host.ts'
import type { PlainHttp } from './plain-http.ts'

/** In the order in which they are tried: the first needs only the port that is needed anyway. */
export const PROOF_KINDS = ['tls-alpn-01', 'http-01'] as const
export type ProofKind = (typeof PROOF_KINDS)[number]

export interface Proof {
  /** host name or address */
  identifier: string
  token: string
  keyAuthorization: string
}

/** Shows a certificate authority that a name leads here, on the ports that it looks at. */
export class Proofs {
  readonly #edge: EdgeHost
  readonly #http: PlainHttp

  constructor(edge: EdgeHost, http: PlainHttp) {
    this.#edge = edge
    this.#http = http
  }

  async show(kind: ProofKind, { identifier, token, keyAuthorization }: Proof): Promise<void> {
    if (kind === 'http-01') return this.#http.setChallenge(token, keyAuthorization)
    const { challengeCertificate } = await import('./x509.ts')
    const pem = await challengeCertificate(identifier, keyAuthorization)
    await this.#edge.setChallenge(serverNameOf(identifier), pem)
  }

  async hide(kind: ProofKind, { identifier, token }: Proof): Promise<void> {
    if (kind === 'http-01') this.#http.setChallenge(token, null)
    else await this.#edge.setChallenge(serverNameOf(identifier), null)
  }
}

/** An address is asked for by its name in the reverse zone (RFC 8738 §6). */
export const serverNameOf = (identifier: string): string => {
  const bytes = addressBytes(identifier)
  if (bytes === null) return identifier
  return bytes.length === 4
    ? `${[...bytes].reverse().join('.')}.in-addr.arpa`
    : `${[...bytes.toString('hex')].reverse().join('.')}.ip6.arpa`
}
