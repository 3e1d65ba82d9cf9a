import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { sha256Hex } from '../src/lib/crypto.ts'
import { LIVEKIT_VERSION } from '../src/livekit/version.ts'

/** Level 9: 2.5 s on two cores and 15.9 MB; level 19 needs 26 s for 14.0 MB. */
const LEVEL = 9
const DIR = `${import.meta.dir}/../dist/embed`
const JSON_FILE = `${DIR}/livekit-server.json`
const ZST_FILE = `${DIR}/livekit-server.zst`

const write = (path: string, data: string | Uint8Array): void => {
  writeFileSync(`${path}.new`, data)
  renameSync(`${path}.new`, path)
}

const main = async (path: string | undefined): Promise<void> => {
  if (!path) throw new Error('usage: bun scripts/build-embed.ts <path of a livekit-server binary>')
  const raw = await Bun.file(path).bytes()
  const facts = { version: LIVEKIT_VERSION, sha256: sha256Hex(raw), size: raw.length }
  const json = `${JSON.stringify(facts)}\n`
  if (existsSync(ZST_FILE) && existsSync(JSON_FILE) && readFileSync(JSON_FILE, 'utf8') === json)
    return
  const { stdout } = Bun.spawnSync([path, '--version'])
  if (!stdout.toString().trim().endsWith(` ${LIVEKIT_VERSION}`)) {
    throw new Error(`${path}: expected livekit-server ${LIVEKIT_VERSION}, got: ${stdout}`)
  }
  const packed = await Bun.zstdCompress(raw, { level: LEVEL })
  mkdirSync(DIR, { recursive: true })
  write(ZST_FILE, packed)
  // Last: it is the proof that both belong together.
  write(JSON_FILE, json)
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  console.log(
    `livekit-server ${facts.version}: ${megabytes(raw.length)} MB packed to ${megabytes(packed.length)} MB`,
  )
}

await main(process.argv[2])
