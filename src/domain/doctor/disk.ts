import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskSpace, freeInodes } from '../../lib/disk.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const GIB = 2 ** 30
/** Below it a database that grows, or a backup of it, fails soon. */
const HARDLY_ANY = GIB / 8
const LITTLE = GIB
const LITTLE_PART = 0.1
const FEW_FILES = 10_000
const FEW_FILES_PART = 0.05

/** Room for the database, the log and the next release. */
export const checkDisk = async (
  check: Check,
  { config: { data_dir } }: Subject,
): Promise<Finding> => {
  const { freeBytes, totalBytes } = await diskSpace(nearest(data_dir))
  const said = `${inGib(freeBytes)} of ${inGib(totalBytes)} are free where ${data_dir} is`
  const fix = `journalctl --vacuum-size=200M; du -xhd1 / | sort -h  # what else takes the space`
  if (freeBytes < HARDLY_ANY) return check.fail(`${said}: it is as good as full`, fix)
  if (freeBytes < Math.min(LITTLE, totalBytes * LITTLE_PART)) return check.warn(said, fix)
  return check.ok(said)
}

/** Room for more files, which runs out apart from the space for their content. */
export const checkInodes = async (
  check: Check,
  { config: { data_dir } }: Subject,
): Promise<Finding> => {
  const files = await freeInodes(nearest(data_dir))
  if (!files) return check.skipped('this file system makes room for files as it needs')
  const said = `${files.free.toLocaleString('en-US')} more files fit where ${data_dir} is`
  const few = Math.min(FEW_FILES, files.total * FEW_FILES_PART)
  return files.free < few
    ? check.warn(said, 'du --inodes -xd1 / | sort -n  # the folders with too many files')
    : check.ok(said)
}

/** The folder itself, or where it will be made. */
const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)))

const inGib = (bytes: number): string =>
  `${(bytes / GIB).toLocaleString('en-US', { maximumFractionDigits: 1 })} GiB`
