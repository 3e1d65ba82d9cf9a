import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../lib/files.ts'

const schema = z.object({
  host: z.union([z.ipv4(), z.ipv6()]),
  public: z.union([z.ipv4(), z.ipv6()]),
  /** the media port at which `hairpin` was tried */
  port: z.int(),
  hairpin: z.boolean().nullable(),
})

/** What was found out about this machine's addresses when somebody could be asked. */
export type AddressMemory = z.output<typeof schema>

const folderIn = (dataDir: string): string => join(dataDir, 'livekit')
const fileIn = (dataDir: string): string => join(folderIn(dataDir), 'addresses.json')

/** Null when nothing is known, or nothing that can be understood. */
export const recallAddresses = (dataDir: string): AddressMemory | null => {
  try {
    return schema.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')))
  } catch {
    return null
  }
}

/** Without it the next start asks again: bad, yet no reason not to start now. */
export const rememberAddresses = (dataDir: string, memory: AddressMemory): void => {
  try {
    mkdirSync(folderIn(dataDir), { recursive: true, mode: 0o700 })
    replaceFile(fileIn(dataDir), `${JSON.stringify(memory)}\n`)
  } catch {
    // A full disk, or a data dir that is another user's.
  }
}
