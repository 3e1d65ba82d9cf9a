import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSameProcess, readRecord } from '../../livekit/record.ts'

/** The processes that belong to a data dir. */
export interface OwnProcesses {
  /** of the server; null when no server holds the data dir, or none that we may know */
  server: number | null
  /** livekit-server may run on without a server */
  livekit: number | null
}

/** @param isServed whether a server answers: the file that names it outlives it */
export const ownProcesses = (dataDir: string, isServed: boolean): OwnProcesses => {
  const record = readRecord(join(dataDir, 'livekit'))
  return {
    server: isServed ? lockHolder(join(dataDir, 'golive.lock')) : null,
    livekit: record && isSameProcess(record) ? record.pid : null,
  }
}

const lockHolder = (path: string): number | null => {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || null
  } catch {
    return null
  }
}
