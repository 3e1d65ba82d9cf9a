import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { dirname } from 'node:path'
import { stageFile } from '../lib/files.ts'
import { shortest } from '../lib/ip.ts'
import type { Logger } from '../lib/log.ts'
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

/** Whether browsers that go to this host name or address would take it. @throws when it is no certificate */
export const covers = (cert: string, name: string): boolean => {
  const certificate = new X509Certificate(cert)
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return found !== undefined
}

/** Node writes them as "DNS:live.example.com, IP Address:192.0.2.1". */
const namesIn = (text: string): string[] =>
  text
    .split(/,\s*/)
    .map((entry) => entry.replace(/^(?:DNS|IP Address):/, ''))
    .filter((name) => name !== '')
    .map((name) => (isIPv6(name) ? shortest(name) : name))

const commonName = (issuer: string): string => /^(?:CN|O)=(.*)$/m.exec(issuer)?.[1] ?? issuer

/**
 * @param certFile and keyFile: what they are called in sentences
 * @throws when it is no certificate, no key, or the key is another's
 */
export const checkPair = ({ cert, key }: Pem, certFile: string, keyFile: string): void => {
  const certificate = attempt(() => new X509Certificate(cert))
  if (!certificate) throw new Error(`${certFile} holds no certificate in PEM`)
  const privateKey = attempt(() => createPrivateKey(key))
  if (!privateKey) throw new Error(`${keyFile} holds no private key in PEM, or one with a password`)
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error(`the key of ${keyFile} does not belong to the certificate of ${certFile}`)
}

const attempt = <T>(make: () => T): T | null => {
  try {
    return make()
  } catch {
    return null
  }
}

const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----\n?/

/** Key and chain of one file; null when there is none. @throws when they cannot be used */
export const readCertificate = (path: string): Pem | null => {
  if (!existsSync(path)) return null
  const text = readFileSync(path, 'utf8')
  const [key = ''] = KEY.exec(text) ?? []
  const pem = { key, cert: text.replace(key, '').trimStart() }
  checkPair(pem, path, path)
  keepPrivate(path)
  return pem
}

/** The same, where one that cannot be used is as good as none: the next one takes its place. */
export const keptCertificate = (path: string, log: Logger): Pem | null => {
  try {
    return readCertificate(path)
  } catch (error) {
    log.warn({ reason: (error as Error).message }, 'the certificate cannot be used')
    return null
  }
}

/**
 * Both in one file that only we may read: there is no moment at which they do not fit. On disk when it
 * returns, so that a power cut does not cost what was issued.
 */
export const writeCertificate = (path: string, { cert, key }: Pem): void => {
  // One that is replaced lends its mode.
  if (existsSync(path)) keepPrivate(path)
  stageFile(path, `${key.trimEnd()}\n${cert}`, 0o600).commit()
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Copies and backups come back with whatever mode. */
export const keepPrivate = (path: string): void => chmodSync(path, 0o600)
