import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import embedded from '../../dist/embed/livekit-server.json'
import compressed from '../../dist/embed/livekit-server.zst' with { type: 'file' }
import { pids } from '../lib/sockets.ts'

const PREFIX = 'livekit-server-'

/**
 * The path of the embedded livekit-server, unpacked into `dir` on the first call ever. Its name holds
 * the hash of its content, and it gets that name only when all of it is on the disk and is what was
 * built. Older ones are removed unless one still runs. @throws Error when the disk has no room
 */
export const livekitBinary = async (dir: string): Promise<string> => {
  const name = `${PREFIX}${embedded.sha256.slice(0, 16)}`
  const path = join(dir, name)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (statSync(path, { throwIfNoEntry: false })?.size !== embedded.size) await unpack(path)
  removeOthers(dir, name)
  return path
}

const unpack = async (path: string): Promise<void> => {
  const aside = `${path}.${process.pid}`
  try {
    const hash = await decompress(aside)
    if (hash !== embedded.sha256) throw new Error('it is not what was built; this file is damaged')
    await rename(aside, path)
  } catch (cause) {
    rmSync(aside, { force: true })
    const reason = (cause as Error).message
    throw new Error(`${path}: cannot unpack livekit-server: ${reason}`, { cause })
  }
}

/** In pieces: whole, it would leave three times its size in our memory. */
const decompress = async (path: string): Promise<string> => {
  rmSync(path, { force: true })
  const file = await open(path, 'wx', 0o700)
  const hash = createHash('sha256')
  try {
    // The DOM's types know of no zstd; Bun has it.
    const unzstd = new DecompressionStream('zstd' as CompressionFormat)
    const bytes = Bun.file(compressed).stream().pipeThrough(unzstd)
    for await (const piece of bytes) {
      hash.update(piece)
      await file.write(piece)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

const removeOthers = (dir: string, current: string): void => {
  const others = readdirSync(dir).filter((name) => name.startsWith(PREFIX) && name !== current)
  if (others.length === 0) return
  const running = new Set(pids().map(executableOf))
  for (const name of others) {
    const path = join(dir, name)
    if (!running.has(path)) rmSync(path, { force: true })
  }
}

const executableOf = (pid: number): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return null
  }
}
