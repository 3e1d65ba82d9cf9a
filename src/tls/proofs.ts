import { isIPv4, isIPv6 } from 'node:net'
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
  if (isIPv4(identifier)) return `${identifier.split('.').reverse().join('.')}.in-addr.arpa`
  if (!isIPv6(identifier)) return identifier
  const [head = '', tail = ''] = identifier.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const zeros = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail)]
  const nibbles = all.map((group) => group.padStart(4, '0')).join('')
  return `${[...nibbles].reverse().join('.')}.ip6.arpa`
}
