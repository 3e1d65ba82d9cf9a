import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../src/lib/crypto.ts'
import { LIVEKIT_VERSION } from '../src/livekit/version.ts'

/** Level 9: 2.5 s on two cores and 15.9 MB; level 19 needs 26 s for 14.0 MB. */
const LEVEL = 9

const write = (path: string, data: string | Uint8Array): void => {
  writeFileSync(`${path}.new`, data)
  renameSync(`${path}.new`, path)
}

/** What Go writes into what it builds; asking the binary itself would need a machine of its kind. */
const isVersion = (raw: Uint8Array): boolean =>
  Buffer.from(raw.buffer).includes(`mod\tgithub.com/livekit/livekit-server\tv${LIVEKIT_VERSION}\t`)

const main = async ([path, folder]: string[]): Promise<void> => {
  if (!path || !folder)
    throw new Error('usage: bun scripts/build-embed.ts <livekit-server> <folder>')
  const zstFile = join(folder, 'livekit-server.zst')
  const jsonFile = join(folder, 'livekit-server.json')
  const raw = await Bun.file(path).bytes()
  const facts = { version: LIVEKIT_VERSION, sha256: sha256Hex(raw), size: raw.length }
  const json = `${JSON.stringify(facts)}\n`
  if (existsSync(zstFile) && existsSync(jsonFile) && readFileSync(jsonFile, 'utf8') === json) return
  if (!isVersion(raw)) throw new Error(`${path} is not livekit-server ${LIVEKIT_VERSION}`)
  const packed = await Bun.zstdCompress(raw, { level: LEVEL })
  mkdirSync(folder, { recursive: true })
  write(zstFile, packed)
  // Last: it is the proof that both belong together.
  write(jsonFile, json)
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  console.log(
    `livekit-server ${facts.version}: ${megabytes(raw.length)} MB packed to ${megabytes(packed.length)} MB`,
  )
}

await main(process.argv.slice(2))
