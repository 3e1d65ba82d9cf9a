import './reflect.ts'
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import type { Pem } from './edge.ts'

/** Makes keys and certificates. Imported only when one is needed: loading the library takes a moment. */

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
/** Clocks of clients may be behind. */
const LEEWAY_MS = 3_600_000
/** id-pe-acmeIdentifier (RFC 8737 §6.1). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'
const OCTET_STRING = 4

const newKeys = (): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

const keyPem = async ({ privateKey }: CryptoKeyPair): Promise<string> => {
  const bytes = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey))
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

const validity = (days: number) => ({
  notBefore: new Date(Date.now() - LEEWAY_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
})

const alternativeNames = (names: string[]): x509.SubjectAlternativeNameExtension =>
  new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
  )

const serverExtensions = (names: string[]): x509.Extension[] => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  alternativeNames(names),
]

/** For the time until there is a better one: browsers warn of it. */
export const selfSigned = async (names: string[], days: number): Promise<Pem> => {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=GoLive, temporary',
    ...validity(days),
    signingAlgorithm: ECDSA,
    keys,
    extensions: serverExtensions(names),
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await keyPem(keys) }
}

/** A certificate authority of our own, for a local network. */
export const newAuthority = async (name: string, days: number): Promise<Pem> => {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(days),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await keyPem(keys) }
}

/** A server certificate by that authority, with the authority's own behind it. */
export const issuedBy = async (authority: Pem, names: string[], days: number): Promise<Pem> => {
  const keys = await newKeys()
  const root = new x509.X509Certificate(authority.cert)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=GoLive',
    issuer: root.subject,
    ...validity(days),
    signingAlgorithm: ECDSA,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      ...serverExtensions(names),
      await x509.AuthorityKeyIdentifierExtension.create(await root.publicKey.export()),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n${authority.cert}`, key: await keyPem(keys) }
}

const importKey = (pem: string): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'pkcs8',
    Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    ECDSA,
    false,
    ['sign'],
  )

/**
 * What a certificate authority has to see by TLS-ALPN-01 (RFC 8737 §3). Not acme-client's own: its key
 * usage lacks digitalSignature, and BoringSSL refuses it.
 */
export const challengeCertificate = async (
  identifier: string,
  keyAuthorization: string,
): Promise<Pem> => {
  const keys = await newKeys()
  const digest = createHash('sha256').update(keyAuthorization).digest()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=challenge',
    ...validity(7),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      alternativeNames([identifier]),
      new x509.Extension(
        ACME_IDENTIFIER,
        true,
        Uint8Array.from([OCTET_STRING, digest.length, ...digest]),
      ),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await keyPem(keys) }
}

/** A request for a certificate with a fresh key; an address belongs into no common name. */
export const certificateRequest = async (
  names: string[],
): Promise<{ request: string; key: string }> => {
  const keys = await newKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ECDSA,
    extensions: [alternativeNames(names)],
  })
  return { request: request.toString('pem'), key: await keyPem(keys) }
}

/** How a certificate is named when it is asked whether to renew it; null without a key identifier (RFC 9773 §4.1). */
export const renewalId = (cert: string): string | null => {
  const certificate = new x509.X509Certificate(cert)
  const authority = certificate.getExtension(x509.AuthorityKeyIdentifierExtension)
  if (!authority?.keyId) return null
  const encoded = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
  // As in DER: a leading zero keeps the number positive.
  const serial = certificate.serialNumber.replace(/^(?=[89a-f])/i, '00')
  return `${encoded(authority.keyId)}.${encoded(serial.length % 2 ? `0${serial}` : serial)}`
}
