import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stageFile } from '../lib/files.ts'
import type { Pem } from './edge.ts'

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** host names and addresses, as in its subjectAltName */
  names: string[]
  issuer: string
  /** milliseconds */
  notBefore: number
  notAfter: number
  isSelfSigned: boolean
}

/** @throws when it is no certificate */
export const factsOf = (cert: string): CertificateFacts => {
  const certificate = new X509Certificate(cert)
  return {
    names: namesIn(certificate.subjectAltName ?? ''),
    issuer: commonName(certificate.issuer),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    isSelfSigned: certificate.issuer === certificate.subject,
  }
}

/** Node writes them as "DNS:live.example.com, IP Address:192.0.2.1". */
const namesIn = (text: string): string[] =>
  text
    .split(/,\s*/)
    .map((entry) => entry.replace(/^(?:DNS|IP Address):/, ''))
    .filter((name) => name !== '')

const commonName = (issuer: string): string => /^(?:CN|O)=(.*)$/m.exec(issuer)?.[1] ?? issuer

/** Key and chain of one file; null when there is none. @throws when it holds something else */
export const readCertificate = (path: string): Pem | null => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(
    text,
  )
  if (!key) throw new Error(`${path} holds no private key`)
  return { key: key[0], cert: text.replace(key[0], '').trimStart() }
}

/** Both in one file that only we may read: there is no moment at which they do not fit. */
export const writeCertificate = (path: string, { cert, key }: Pem): void =>
  stageFile(path, `${key}${cert}`, 0o600).commit()
