import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Pids whose executable lies in that folder, deleted ones too: what a server left running. */
export const pidsFrom = (folder: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => executableOf(pid)?.startsWith(`${folder}/`) && isRunning(pid))

const executableOf = (pid: number): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return null
  }
}

/** False also for a zombie: it only waits to be collected. */
export const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** TCP connections over IPv4 that are open to a port, as their opening side sees them. */
export const connectionsTo = (port: number): number => {
  const remote = new RegExp(
    `^\\s*\\d+: \\S+ \\S+:${port.toString(16).toUpperCase().padStart(4, '0')} 01 `,
    'gm',
  )
  return readFileSync('/proc/net/tcp', 'utf8').match(remote)?.length ?? 0
}
