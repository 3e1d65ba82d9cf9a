import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../lib/files.ts'

const port = z.int().min(1).max(65535)

const schema = z.object({
  pid: z.int().min(2),
  /** clock ticks between boot and its start: with pid and boot id it names one process for ever */
  start_time: z.string(),
  boot_id: z.string(),
  exe: z.object({ dev: z.number(), ino: z.number() }),
  version: z.string(),
  ports: z.object({ signal: port, tcp: port, udp: port, hook: port }),
  config_hash: z.string(),
  /** a child with another key refuses all we say: such a one cannot be adopted */
  key_hash: z.string(),
  started_at: z.number(),
  restarts: z.int().min(0),
})

/** What must be known about a running livekit-server to take it over in a later process. */
export type ChildRecord = z.output<typeof schema>
export type ChildPorts = ChildRecord['ports']
export type ProcessIdentity = Pick<ChildRecord, 'pid' | 'start_time' | 'boot_id' | 'exe'>

const fileIn = (dir: string): string => join(dir, 'child.json')

/** The record of the child started last; null when there is none or it cannot be understood. */
export const readRecord = (dir: string): ChildRecord | null => {
  try {
    return schema.parse(JSON.parse(readFileSync(fileIn(dir), 'utf8')))
  } catch {
    return null
  }
}

export const writeRecord = (dir: string, record: ChildRecord): void =>
  replaceFile(fileIn(dir), `${JSON.stringify(record)}\n`)

export const removeRecord = (dir: string): void => rmSync(fileIn(dir), { force: true })

/** Names a running process; null when it has ended or is another user's. */
export const identify = (pid: number): ProcessIdentity | null => {
  const stat = processStat(pid)
  if (!stat || stat.ended) return null
  try {
    // Followed even when the file was deleted since: the kernel keeps the inode while it runs.
    const { dev, ino } = statSync(`/proc/${pid}/exe`)
    return { pid, start_time: stat.startTime, boot_id: bootId(), exe: { dev, ino } }
  } catch {
    return null
  }
}

/** True when the process in the record still runs: not merely one that was given its number. */
export const isSameProcess = (record: ProcessIdentity): boolean => {
  const now = identify(record.pid)
  return (
    now !== null &&
    now.start_time === record.start_time &&
    now.boot_id === record.boot_id &&
    now.exe.dev === record.exe.dev &&
    now.exe.ino === record.exe.ino
  )
}

/** Fields of /proc/<pid>/stat (proc_pid_stat(5)); null when there is no such process. */
const processStat = (pid: number): { startTime: string; ended: boolean } | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces and parentheses itself: count from the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // A killed process is a zombie before its last thread has let go of the ports.
    const ended = /[ZX]/.test(fields[0] as string) && Number(fields[17]) <= 1
    return { startTime: fields[19] as string, ended }
  } catch {
    return null
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
