import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCertificate, writeCertificate } from '../../../src/tls/certificate-file.ts'
import { issuedBy, newAuthority, selfSigned } from '../../../src/tls/x509.ts'

const folder = mkdtempSync(join(tmpdir(), 'golive-certificate-file-'))
const file = join(folder, 'certificate.pem')
afterAll(() => rmSync(folder, { recursive: true }))

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('the file of a certificate', () => {
  test('gives back key and chain, and leaves nothing beside it', async () => {
    const pem = await issuedBy(await newAuthority('a', 2), ['live.example.com'], 2)
    writeCertificate(file, pem)
    expect(readCertificate(file)).toEqual(pem)
    expect(readdirSync(folder)).toEqual(['certificate.pem'])
  })

  test('is for us alone, even where one that anybody could read was there before', async () => {
    writeFileSync(file, 'as a backup brought it back')
    chmodSync(file, 0o644)
    writeCertificate(file, await selfSigned(['a.example'], 2))
    expect(modeOf(file)).toBe('600')
    chmodSync(file, 0o644)
    readCertificate(file)
    expect(modeOf(file)).toBe('600')
  })

  test('that is not there is none; one that cannot be used says why, and never what is in it', async () => {
    expect(readCertificate(join(folder, 'none.pem'))).toBeNull()
    const [one, other] = [await selfSigned(['a.example'], 2), await selfSigned(['b.example'], 2)]
    const secret = one.key.split('\n')[1] as string
    for (const [text, said] of [
      ['', 'holds no certificate in PEM'],
      [one.cert, 'holds no private key in PEM'],
      [one.key, 'holds no certificate in PEM'],
      [`${one.key}${one.cert}`.slice(0, 300), 'holds no certificate in PEM'],
      [one.key + other.cert, 'does not belong to the certificate'],
    ] as const) {
      writeFileSync(file, text)
      const { message } = failureOf(() => readCertificate(file))
      expect(message).toContain(said)
      expect(message).not.toContain(secret)
    }
  })
})

const failureOf = (work: () => unknown): Error => {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was refused')
}
