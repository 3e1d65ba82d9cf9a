import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

const DAY = 86_400_000
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Wanted {
  name: string
  /** days from now */
  from: number
  until: number
  ca?: true
  /** itself when left out */
  by?: Issued
}

/** A certificate, its key, and what another one can be signed with. */
export interface Issued {
  cert: string
  key: string
  subject: string
  signingKey: CryptoKey
}

/** Makes a certificate that is as old, as wrong or as lonely as a test wants it. */
export const issue = async ({ name, from, until, ca, by }: Wanted): Promise<Issued> => {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const subject = `CN=${name}`
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject,
    issuer: by?.subject ?? subject,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + until * DAY),
    publicKey: keys.publicKey,
    signingKey: by?.signingKey ?? keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(ca === true, undefined, true),
      ...(ca ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])]),
    ],
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: made.toString('pem'),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    subject,
    signingKey: keys.privateKey,
  }
}
