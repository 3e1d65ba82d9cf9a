import manifest from '../../package.json' with { type: 'json' }
import { type Component, licensed } from './component.ts'

/** Name in `process.versions` → what it is called and its licence, by its own sources. */
const PARTS = {
  ares: ['c-ares', 'MIT'],
  boringssl: ['boringssl', 'Apache-2.0'],
  icu: ['icu', 'Unicode-3.0'],
  libarchive: ['libarchive', 'BSD-2-Clause'],
  libdeflate: ['libdeflate', 'MIT'],
  llhttp: ['llhttp', 'MIT'],
  lolhtml: ['lol-html', 'BSD-3-Clause'],
  lshpack: ['ls-hpack', 'MIT'],
  mimalloc: ['mimalloc', 'MIT'],
  picohttpparser: ['picohttpparser', 'MIT'],
  sqlite: ['sqlite', 'blessing'],
  tinycc: ['tinycc', 'LGPL-2.1-or-later'],
  usockets: ['usockets', 'Apache-2.0'],
  uwebsockets: ['uwebsockets', 'Apache-2.0'],
  webkit: ['webkit (JavaScriptCore)', 'LGPL-2.1-or-later AND BSD-2-Clause'],
  zlib: ['zlib', 'Zlib'],
  zstd: ['zstd', 'BSD-3-Clause'],
} as const

/** Bun, and after it what it says it was built from. */
export const bunComponents = (): [Component, ...Component[]] => {
  const version = manifest.devDependencies.bun
  if (Bun.version !== version) throw new Error(`this is Bun ${Bun.version}, not ${version}`)
  const purl = `pkg:npm/bun@${version}`
  const parts = Object.entries(PARTS).map(([key, [name, license]]): Component => {
    const found = process.versions[key]
    if (!found) throw new Error(`Bun names no version of ${key}`)
    return { type: 'library', 'bom-ref': `bun/${key}`, name, version: found, ...licensed(license) }
  })
  return [
    { type: 'platform', 'bom-ref': purl, name: 'bun', version, purl, ...licensed('MIT') },
    ...parts,
  ]
}
