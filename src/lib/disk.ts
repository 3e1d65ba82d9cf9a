import { statfs } from 'node:fs/promises'

/** Room on the file system that holds a path. Free is what an ordinary user may still write. */
export interface DiskSpace {
  freeBytes: number
  totalBytes: number
}

/** @throws when there is nothing at the path */
export const diskSpace = async (path: string): Promise<DiskSpace> => {
  const { bavail, blocks, bsize } = await statfs(path)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

/** Files that the file system of a path can still take; null where it makes room as it needs. */
export const freeInodes = async (path: string): Promise<{ free: number; total: number } | null> => {
  const { files, ffree } = await statfs(path)
  return files === 0 ? null : { free: ffree, total: files }
}

const FULL = new Set(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'])

/** Whether this error, or what caused it, says that the disk is full. */
export const isDiskFull = (thrown: unknown): boolean => {
  for (
    let error = thrown, depth = 0;
    error instanceof Error && depth < 5;
    error = error.cause, depth++
  ) {
    if (FULL.has((error as NodeJS.ErrnoException).code ?? '')) return true
  }
  return false
}
