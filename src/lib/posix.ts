import { dlopen, FFIType, type Pointer, ptr, read } from 'bun:ffi'
import { closeSync, constants, openSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const O_CLOEXEC = 0o2000000
const LOCK_EX = 2
const LOCK_NB = 4
const WNOHANG = 1
const EWOULDBLOCK = 11
const ENOSPC = 28
const EDQUOT = 122

type Libc = ReturnType<typeof openLibc>['symbols']
let libc: Libc | undefined

const openLibc = () =>
  dlopen('libc.so.6', {
    flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    execve: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    waitpid: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    posix_fallocate: { args: [FFIType.i32, FFIType.i64, FFIType.i64], returns: FFIType.i32 },
    __errno_location: { args: [], returns: FFIType.ptr },
  })

const c = (): Libc => {
  libc ??= openLibc().symbols
  return libc
}

const errno = (): number => read.i32(c().__errno_location() as Pointer, 0)

/**
 * Takes an exclusive lock on a file (made when missing) that ends with this process, however it
 * ends. Null when another process holds it. The file stays: removing it would let two lock two files.
 */
export const lockFile = (path: string): { release(): void } | null => {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | O_CLOEXEC, 0o600)
  if (c().flock(fd, LOCK_EX | LOCK_NB) === 0) return { release: () => closeSync(fd) }
  const code = errno()
  closeSync(fd)
  if (code === EWOULDBLOCK) return null
  throw new Error(`${path}: cannot be locked (errno ${code})`)
}

/**
 * Makes a file that large, with blocks of the disk behind all of it (posix_fallocate(3)), where a
 * file that is only made longer has none. @throws with the code ENOSPC when there are too few
 */
export const allocateFile = (path: string, bytes: number): void => {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | O_CLOEXEC, 0o600)
  try {
    const code = c().posix_fallocate(fd, 0, bytes)
    if (code === 0) return
    const message = `${path}: ${bytes} bytes cannot be allocated (errno ${code})`
    const isFull = code === ENOSPC || code === EDQUOT
    throw Object.assign(new Error(message), isFull ? { code: 'ENOSPC' } : {})
  } finally {
    closeSync(fd)
  }
}

/**
 * Becomes another program, or a fresh copy of this one: same pid, terminal and standard streams,
 * nothing else (descriptors are closed by it, locks released). Returns only by throwing.
 * @param argv including the program's own name as first element
 */
export const execInPlace = (path: string, argv: string[], env: Record<string, string>): never => {
  // The strings live in these arrays until the kernel has copied them: pointers keep nothing alive.
  const file = cString(path)
  const args = argv.map(cString)
  const variables = Object.entries(env).map(([name, value]) => cString(`${name}=${value}`))
  c().execve(ptr(file), ptr(pointers(args)), ptr(pointers(variables)))
  const code = errno()
  throw new Error(
    `${path}: cannot be executed (errno ${code}, ${args.length} arguments, ${variables.length} variables)`,
  )
}

const cString = (text: string): Buffer => {
  if (text.includes('\0')) throw new Error('a program argument contains a NUL character')
  return Buffer.from(`${text}\0`)
}

const pointers = (strings: Buffer[]): BigUint64Array =>
  BigUint64Array.from([...strings.map((text) => BigInt(ptr(text))), 0n])

/**
 * Collects a child that this process started before {@link execInPlace} and that has ended: only its
 * parent can, and the runtime does not know of it. Null when the process is no ended child of ours.
 */
export const reapChild = (
  pid: number,
): { code: number; signal: null } | { code: null; signal: number } | null => {
  const status = new Int32Array(1)
  if (c().waitpid(pid, ptr(status), WNOHANG) !== pid) return null
  const word = status[0] ?? 0
  const signal = word & 0x7f
  return signal === 0 ? { code: (word >> 8) & 0xff, signal: null } : { code: null, signal }
}

/**
 * Run as root, becomes the user who owns a folder (or its nearest existing parent), so that no file
 * in there ends up owned by root. Does nothing for anyone else, or when root owns it.
 */
export const becomeOwnerOf = (dir: string): void => {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = nearest(resolve(dir))
  if (uid === 0) return
  try {
    process.setgroups?.([])
    process.setgid?.(gid)
    process.setuid?.(uid)
  } catch (cause) {
    throw new Error(`cannot become uid ${uid}, the owner of ${dir}`, { cause })
  }
  if (process.geteuid?.() !== uid) throw new Error(`cannot become uid ${uid}, the owner of ${dir}`)
}

/**
 * The same for one piece of work, after which root is root again: the folder of a configuration and
 * a data dir may belong to two users.
 */
export const asOwnerOf = async <T>(dir: string, work: () => Promise<T>): Promise<T> => {
  const { uid, gid } = nearest(resolve(dir))
  if (process.geteuid?.() !== 0 || uid === 0) return work()
  process.setgroups?.([])
  process.setegid?.(gid)
  process.seteuid?.(uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

const nearest = (path: string): Stats => {
  for (let at = path; ; at = dirname(at)) {
    const found = statSync(at, { throwIfNoEntry: false })
    if (found) return found
  }
}
