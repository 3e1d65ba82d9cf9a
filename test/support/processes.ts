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

/**
 * TCP connections of a process to a port, out of the event loop in which it listens on another one.
 * What it asks over HTTP runs in a loop of its own, so that WebSockets alone are left.
 */
export const webSocketsTo = (pid: number, port: number, listenedPort: number): number => {
  const sockets = new Map(tcpOf(pid).map((socket) => [socket.inode, socket]))
  const files = new Map(socketsOf(pid).map(({ fd, inode }) => [fd, sockets.get(inode)]))
  const isListener = (fd: string) =>
    files.get(fd)?.state === LISTENS && files.get(fd)?.local === listenedPort
  const loop = loopsOf(pid).find((fds) => fds.some(isListener))
  if (!loop) throw new Error(`nothing in process ${pid} listens on ${listenedPort}`)
  return loop.filter((fd) => files.get(fd)?.remote === port).length
}

/** From which ports a process has connections to one of its own, whatever their other ends know. */
export const peerPorts = (pid: number, port: number): Set<number> => {
  const own = new Set(socketsOf(pid).map(({ inode }) => inode))
  const connections = tcpOf(pid).filter(({ local, inode }) => local === port && own.has(inode))
  return new Set(connections.map(({ remote }) => remote))
}

/**
 * Sockets that a process has for connections from or to these ports of its own. One that the kernel
 * lists nowhere is of a connection that ended and was never let go: it counts, whose ever it was.
 */
export const connectionsAt = (pid: number, ports: number[]): number => {
  const sockets = new Map(tcpOf(pid).map((socket) => [socket.inode, socket]))
  const others = new Set(OTHER_TABLES.flatMap(([table, column]) => inodesIn(pid, table, column)))
  return socketsOf(pid).filter(({ inode }) => {
    const socket = sockets.get(inode)
    if (!socket) return !others.has(inode)
    const { local, remote, state } = socket
    return state !== LISTENS && (ports.includes(local) || ports.includes(remote))
  }).length
}

const LISTENS = '0A'
/** Table of /proc/…/net and its column with the inode. */
const OTHER_TABLES = [
  ['udp', 9],
  ['udp6', 9],
  ['unix', 6],
  ['netlink', 9],
] as const

interface TcpSocket {
  local: number
  remote: number
  state: string | undefined
  inode: string
}

const rowsOf = (pid: number, table: string): string[][] =>
  readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))

const inodesIn = (pid: number, table: string, column: number): string[] =>
  rowsOf(pid, table).map((row) => row[column] ?? '')

const tcpOf = (pid: number): TcpSocket[] =>
  ['tcp', 'tcp6']
    .flatMap((table) => rowsOf(pid, table))
    .map(([, local, remote, state, , , , , , inode = '']) => {
      return { local: portIn(local), remote: portIn(remote), state, inode }
    })

const portIn = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '', 16)

const socketsOf = (pid: number): { fd: string; inode: string }[] =>
  filesOf(pid).flatMap(({ fd, target }) => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? []
    return inode ? [{ fd, inode }] : []
  })

/** The descriptors that each of its event loops watches. */
const loopsOf = (pid: number): string[][] =>
  filesOf(pid)
    .filter(({ target }) => target === 'anon_inode:[eventpoll]')
    .map(({ fd }) => {
      const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
      return [...text.matchAll(/^tfd:\s+(\d+)/gm)].map(([, watched = '']) => watched)
    })

const filesOf = (pid: number): { fd: string; target: string }[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return { fd, target: readlinkSync(`/proc/${pid}/fd/${fd}`) }
    } catch {
      return []
    }
  })
