import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { addressText } from './ip.ts'

export type Protocol = 'tcp' | 'udp'

interface Socket {
  /** hexadecimal as the kernel prints it: 127.0.0.1 is `0100007F` */
  address: string
  inode: string
}

/** State column of /proc/net/*: 0A is a listening TCP socket, 07 an unconnected UDP socket. */
const WAITING = { tcp: '0A', udp: '07' } as const
const LOCALHOST = new Set([
  '0100007F',
  '00000000',
  '00000000000000000000000000000000',
  '0000000000000000FFFF00000100007F',
  '0000000000000000FFFF000000000000',
])

/** The sockets that wait for traffic on a port (proc_pid_net(5)). */
const socketsOn = (protocol: Protocol, port: number): Socket[] => {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return [protocol, `${protocol}6`].flatMap((table) =>
    lines(`/proc/net/${table}`)
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => row[1]?.endsWith(suffix) && row[3] === WAITING[protocol])
      .map((row) => ({
        address: (row[1] as string).slice(0, -suffix.length),
        inode: row[9] ?? '',
      })),
  )
}

const lines = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1)
  } catch {
    // No IPv6 in this kernel, or no /proc for us: nothing is known, so nothing is claimed.
    return []
  }
}

/** A socket that waits for traffic, and who holds it as far as we may see. */
export interface Listener {
  protocol: Protocol
  address: string
  port: number
  holder: Holder
}

/** Every socket of this machine that waits for traffic. Only root sees the holders of all of them. */
export const listeners = (): Listener[] => {
  const owners = socketOwners()
  return PROTOCOLS.flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((table) =>
      lines(`/proc/net/${table}`)
        .map((line) => line.trim().split(/\s+/))
        .filter((row) => row[3] === WAITING[protocol])
        .map((row) => {
          const [address = '', port = ''] = (row[1] ?? '').split(':')
          const pid = owners.get(row[9] ?? '') ?? null
          const holder = { pid, name: pid === null ? null : nameOf(pid) }
          return { protocol, address: readable(address), port: Number.parseInt(port, 16), holder }
        }),
    ),
  )
}

const PROTOCOLS: Protocol[] = ['tcp', 'udp']

/** The kernel prints an address as 32-bit words of this machine's byte order (little-endian). */
const readable = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  return addressText(bytes)
}

/** Inode of a socket → the first process that has it open. */
const socketOwners = (): Map<string, number> => {
  const owners = new Map<string, number>()
  for (const pid of pids()) {
    for (const link of linksOf(pid)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode !== undefined && !owners.has(inode)) owners.set(inode, pid)
    }
  }
  return owners
}

export interface Holder {
  /** null when the process belongs to a user we may not look at */
  pid: number | null
  name: string | null
}

/** Who waits for traffic on a port of this machine; null when nobody does. */
export const holderOf = (protocol: Protocol, port: number): Holder | null => {
  const sockets = socketsOn(protocol, port)
  if (sockets.length === 0) return null
  const links = new Set(sockets.map((socket) => `socket:[${socket.inode}]`))
  const pid = pids().find((one) => hasLink(one, links))
  return pid === undefined ? { pid: null, name: null } : { pid, name: nameOf(pid) }
}

/** True when this very process accepts TCP connections to 127.0.0.1 on that port. */
export const ownsListener = (pid: number, port: number): boolean => {
  const links = socketsOn('tcp', port)
    .filter((socket) => LOCALHOST.has(socket.address))
    .map((socket) => `socket:[${socket.inode}]`)
  return links.length > 0 && hasLink(pid, new Set(links))
}

/** A sentence for the person whose port is taken. */
export const describeHolder = (protocol: Protocol, port: number): string => {
  const holder = holderOf(protocol, port)
  if (!holder) return `${protocol} port ${port} is taken`
  if (holder.pid === null) return `${protocol} port ${port} is taken by a process of another user`
  return `${protocol} port ${port} is taken by ${holder.name ?? 'a process'} (pid ${holder.pid})`
}

/** Whether anybody takes TCP connections there. */
export const accepts = (host: string, port: number, ms: number): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect({ host, port })
    const end = (accepted: boolean) => {
      socket.destroy()
      answer(accepted)
    }
    socket.setTimeout(ms, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })

/** All processes that /proc shows. */
export const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

const hasLink = (pid: number, links: Set<string>): boolean =>
  linksOf(pid).some((link) => links.has(link))

/** What the open files of a process are. */
const linksOf = (pid: number): string[] => {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).map((fd) => linkOf(`${folder}/${fd}`))
  } catch {
    // Gone meanwhile, or another user's.
    return []
  }
}

const linkOf = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    // Closed between listing and looking.
    return ''
  }
}

const nameOf = (pid: number): string | null => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return null
  }
}
