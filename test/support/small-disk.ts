import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Unmounts when its standard input ends, which is also when the test's process does. A signal to
 * the whole group must not end it, and `cat`, before.
 */
const SCRIPT = `
trap '' HUP INT TERM
truncate -s "$2m" "$1.img" && mkfs.ext4 -q -m 0 "$1.img" && mount -o loop "$1.img" "$1" || exit 1
echo mounted
cat > /dev/null
umount -l "$1"
rmdir "$1"
rm -f "$1.img"
`

/** A file system of its own that a test can fill. */
export class SmallDisk implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'golive-disk-'))
  readonly #holder: Bun.Subprocess<'pipe', 'pipe', 'pipe'>

  private constructor(megabytes: number) {
    this.#holder = Bun.spawn(['bash', '-c', SCRIPT, 'small-disk', this.path, `${megabytes}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#holder.unref()
  }

  /** Null where nothing can be mounted; the reason is printed. */
  static async mount(megabytes: number): Promise<SmallDisk | null> {
    const disk = new SmallDisk(megabytes)
    const { value } = await disk.#holder.stdout.getReader().read()
    if (value) return disk
    const reason = await new Response(disk.#holder.stderr).text()
    console.warn(`skipped, because no small disk can be mounted here: ${reason.trim()}`)
    rmSync(disk.path, { recursive: true, force: true })
    rmSync(`${disk.path}.img`, { force: true })
    return null
  }

  /** Leaves not one block to anybody. */
  fill(): void {
    const fd = openSync(join(this.path, 'filler'), 'a')
    try {
      for (const size of [2 ** 20, 4096, 1]) writeUntilFull(fd, Buffer.alloc(size))
    } finally {
      closeSync(fd)
    }
  }

  makeRoom(): void {
    rmSync(join(this.path, 'filler'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stdin.end()
    await this.#holder.exited
  }
}

const writeUntilFull = (fd: number, block: Buffer): void => {
  try {
    while (writeSync(fd, block) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
