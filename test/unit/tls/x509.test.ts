import { describe, expect, test } from 'bun:test'
import 'reflect-metadata'
import { createHash, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { covers, factsOf } from '../../../src/tls/certificate-file.ts'
import {
  certificateRequest,
  challengeCertificate,
  issuedBy,
  newAuthority,
  renewalId,
} from '../../../src/tls/x509.ts'

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A certificate of which only serial number and issuer's key matter. */
const numbered = async (serialNumber: string, issuerKey: string | null): Promise<string> => {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: 'CN=a',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: issuerKey === null ? [] : [new x509.AuthorityKeyIdentifierExtension(issuerKey)],
  })
  return made.toString('pem')
}

describe('what a certificate authority is asked when to renew by', () => {
  test('is what RFC 9773 has for its example, with the zero that keeps the number positive', async () => {
    const key = '69885b6b87464041e1b37b847ba0ae2cde01c8d4'
    expect(renewalId(await numbered('0087654321', key))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
    expect(renewalId(await numbered('7654321f', key))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.dlQyHw')
  })

  test('is nothing for a certificate that does not name the key it was signed with', async () => {
    expect(renewalId(await numbered('01', null))).toBeNull()
  })
})

describe('the certificate that proves a name by TLS-ALPN-01', () => {
  test.each(['live.example.com', '192.0.2.7', '2001:db8::1'])(
    'is for %s alone, signs, and holds the digest of the proof where nobody may overlook it',
    async (identifier) => {
      const { cert } = await challengeCertificate(identifier, 'token.thumbprint')
      const made = new x509.X509Certificate(cert)
      expect(factsOf(cert).names).toEqual([identifier])
      expect(made.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
        x509.KeyUsageFlags.digitalSignature,
      )
      const proof = made.getExtension(ACME_IDENTIFIER)
      expect(proof?.critical).toBe(true)
      const digest = createHash('sha256').update('token.thumbprint').digest('hex')
      expect(Buffer.from(proof?.value ?? new ArrayBuffer(0)).toString('hex')).toBe(`0420${digest}`)
      expect(new X509Certificate(cert).publicKey.asymmetricKeyDetails).toEqual({
        namedCurve: 'prime256v1',
      })
    },
  )
})

test('a request is for the name alone, with a key on P-256 that is new each time', async () => {
  const [one, other] = [await certificateRequest(['192.0.2.7']), await certificateRequest(['a.b'])]
  const made = new x509.Pkcs10CertificateRequest(one.request)
  const names = made.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension)
  expect(made.subject).toBe('')
  expect(names?.names.toJSON()).toEqual([{ type: 'ip', value: '192.0.2.7' }])
  expect(one.key).toStartWith('-----BEGIN PRIVATE KEY-----\n')
  expect(one.key).not.toBe(other.key)
})

test('an authority of our own may sign servers and no other authority', async () => {
  const authority = await newAuthority('GoLive at golive.lan', 3650)
  const { cert } = await issuedBy(authority, ['golive.lan', '192.168.7.2', 'fd00::7'], 90)
  const [leaf, root] = [new X509Certificate(cert), new X509Certificate(authority.cert)]
  expect([root.ca, leaf.ca, leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([
    true,
    false,
    true,
    true,
  ])
  const limits = new x509.X509Certificate(authority.cert).getExtension(
    x509.BasicConstraintsExtension,
  )
  expect(limits?.pathLength).toBe(0)
  expect(factsOf(cert).names).toEqual(['golive.lan', '192.168.7.2', 'fd00::7'])
  for (const name of ['golive.lan', '192.168.7.2', 'fd00:0:0::7'])
    expect([name, covers(cert, name)]).toEqual([name, true])
  for (const name of ['other.lan', '192.168.7.3', 'fd00::8'])
    expect([name, covers(cert, name)]).toEqual([name, false])
})
