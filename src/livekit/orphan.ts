import { terminate, watchProcess } from './process.ts'
import { isSameProcess, readRecord, removeRecord } from './record.ts'

/**
 * Ends the livekit-server that a control plane left running when it was killed; answers its pid, or
 * null when there was none. The caller sees to it that no control plane uses `dir`.
 */
export const endOrphan = async (dir: string): Promise<number | null> => {
  const record = readRecord(dir)
  if (!record || !isSameProcess(record)) return null
  await terminate(watchProcess(record))
  removeRecord(dir)
  return record.pid
}
