import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../src/lib/log.ts'
import { covers, factsOf } from '../../../src/tls/certificate-file.ts'
import { InternalSource } from '../../../src/tls/internal-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'golive-internal-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DAY = 86_400_000
const source = (dir: string, name = 'golive.lan', now = Date.now()) =>
  new InternalSource(name, join(folder, dir), () => now, silentLogger())

describe('an authority of our own', () => {
  test('stays the same over restarts, and so does its certificate until a third of its life is left', async () => {
    const first = source('stays')
    const pem = await first.first()
    expect(await source('stays').first()).toEqual(pem)
    expect(await source('stays', 'golive.lan', Date.now() + 59 * DAY).first()).toEqual(pem)
    const later = source('stays', 'golive.lan', Date.now() + 61 * DAY)
    expect((await later.first()).cert).not.toBe(pem.cert)
    expect(later.root).toBe(first.root as string)
  })

  test('makes another certificate for another name, and not for another way to write an address', async () => {
    const pem = await source('names').first()
    const other = await source('names', 'fd00:0:0::7').first()
    expect(covers(other.cert, 'fd00::7')).toBe(true)
    expect(other.cert).not.toBe(pem.cert)
    expect(await source('names', 'fd00::7').first()).toEqual(other)
  })

  test('replaces a certificate that is broken, or that another authority signed', async () => {
    const dir = join(folder, 'mends')
    const known = source('mends')
    await known.first()
    writeFileSync(join(dir, 'internal.pem'), 'broken')
    const mended = await source('mends').first()
    expect(factsOf(mended.cert).issuer).toBe('GoLive at golive.lan')
    const { cert, key } = await source('stranger').first()
    writeFileSync(join(dir, 'internal.pem'), key + cert)
    expect((await source('mends').first()).cert).not.toBe(cert)
  })

  test('is never replaced in silence: no device would trust its successor', async () => {
    await source('lost').first()
    writeFileSync(join(folder, 'lost', 'authority.pem'), 'broken')
    expect(source('lost').first()).rejects.toThrow('authority.pem holds no certificate in PEM')
  })
})
