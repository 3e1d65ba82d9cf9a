import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { type Fallback, noAccess, notRunning } from './local.ts'

/**
 * Commands that touch no running call do without a server. The application is imported only then:
 * with a server up, a command is a question over a socket.
 */
export const inProcess = (config: Config): Fallback => ({
  open: async () => {
    const { DataDirBusy, openOffline } = await import('../app.ts')
    try {
      return await openOffline(config)
    } catch (error) {
      if (error instanceof DataDirBusy) return null
      if ((error as NodeJS.ErrnoException).code === 'EACCES') throw noAccess(config)
      throw error
    }
  },
})

/** All other commands wait for a server that is just starting, and for none that is not. */
export const serverOnly = (config: Config): Fallback => ({
  open: async () => {
    if (await isHeld(join(config.data_dir, 'golive.lock'))) return null
    throw notRunning(config)
  },
})

const isHeld = async (path: string): Promise<boolean> => {
  if (!existsSync(path)) return false
  const { lockFile } = await import('../lib/posix.ts')
  const lock = lockFile(path)
  lock?.release()
  return lock === null
}
