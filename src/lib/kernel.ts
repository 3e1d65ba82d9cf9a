import { readFileSync } from 'node:fs'

/** Files that a process may have open at once (proc_pid_limits(5)); null when we may not know. */
export const openFilesLimit = (pid: number | 'self'): number | null => {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(read(`/proc/${pid}/limits`)) ?? []
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** A number that sysctl(8) tells by this name; null where this kernel or namespace has none. */
export const kernelSetting = (name: string): number | null => {
  const text = read(`/proc/sys/${name.replaceAll('.', '/')}`).trim()
  return text === '' ? null : Number(text)
}

/** The systemd unit that a process belongs to, such as nginx.service; null for none. */
export const serviceOf = (pid: number): string | null =>
  /\/([^/\n]+\.service)(?:\/|$)/m.exec(read(`/proc/${pid}/cgroup`))?.[1] ?? null

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
