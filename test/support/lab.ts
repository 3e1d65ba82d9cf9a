/**
 * A small internet of network namespaces, for what loopback cannot show: real ports 443 and 80,
 * public-looking addresses, firewalls between two machines, names of our own. Needs root.
 *
 *   const why = await labMissing()                     // a sentence, or null
 *   describe.skipIf(why !== null)(…)
 *   await using lab = await Lab.create()               // lab.server and lab.client, joined by a cable
 *   lab.server.run('ip', 'addr')                       // any command, inside
 *   await lab.client.wall('udp dport 7882')            // nft conditions; unwall() ends it
 *   await lab.client.fetch('https://live.example.com') // as fetch, from inside
 *   await using behind = await Lab.create('hairpin')   // the server behind lab.router, lab-router.ts
 *   await using golive = await startInLab(lab, {…})    // lab-golive.ts: the executable in lab.server
 *   await using browser = await launchChromium(await chromiumIn(lab.client, ca))  // lab-browsers.ts
 *   await using firefox = await launchFirefox(lab.client, ca)                     // firefox.ts
 *
 * Each lab has names of its own, so labs do not meet. All that runs inside ends with it, even when
 * the test runner is killed: lab-guard.sh waits for that.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Machine, runCommand } from './lab-machine.ts'
import { connectByRouter, OUTSIDE, type Router, SERVER_BEHIND } from './lab-router.ts'

/** The name under which the server is known in there. */
export const LAB_NAME = 'live.example.com'
/** Another one, of the machine that is not the server. */
export const OUTSIDE_NAME = 'outside.example.com'

const SERVER = '198.51.100.7'
const CLIENT = '198.51.100.50'

/** Two machines on one cable, and a folder for what they need. */
export class Lab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'golive-lab-'))
  readonly server: Machine
  readonly client: Machine
  /** Between the two, where the lab was made with one. */
  readonly router: Machine
  readonly #guard: Bun.Subprocess<'pipe', 'ignore', 'inherit'>

  private constructor(router: Router | null) {
    const name = `golive-${randomBytes(4).toString('hex')}`
    this.server = new Machine(`${name}-s`, router === null ? SERVER : SERVER_BEHIND[router])
    this.client = new Machine(`${name}-c`, CLIENT)
    this.router = new Machine(`${name}-r`, OUTSIDE)
    const guard = join(import.meta.dir, 'lab-guard.sh')
    this.#guard = Bun.spawn(
      ['bash', guard, this.folder, ...this.#machines().map(({ namespace }) => namespace)],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    )
    this.#guard.unref()
  }

  /** @param router what the server is behind; null: a cable joins both */
  static async create(router: Router | null = null): Promise<Lab> {
    const lab = new Lab(router)
    try {
      await (router === null ? lab.#build() : connectByRouter(lab, router))
      const names = {
        [LAB_NAME]: router === null ? lab.server.address : OUTSIDE,
        [OUTSIDE_NAME]: lab.client.address,
      }
      lab.server.setHosts(names)
      lab.client.setHosts(names)
      return lab
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
  }

  async #build(): Promise<void> {
    const { server, client } = this
    for (const { namespace } of [server, client])
      await runCommand(['ip', 'netns', 'add', namespace])
    const cable = 'link add eth0 type veth peer name eth0 netns'.split(' ')
    await runCommand(['ip', '-n', server.namespace, ...cable, client.namespace])
    for (const { namespace, address } of [server, client]) {
      const ip = (...words: string[]) => runCommand(['ip', '-n', namespace, ...words])
      await ip('addr', 'add', `${address}/24`, 'dev', 'eth0')
      await ip('link', 'set', 'lo', 'up')
      await ip('link', 'set', 'eth0', 'up')
      // Browsers look for their own address by the route to the rest of the world.
      await ip('route', 'add', 'default', 'dev', 'eth0')
    }
  }

  #machines(): Machine[] {
    return [this.server, this.client, this.router]
  }

  /** Ends all that runs inside, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server.stop(), this.client.stop()])
    await this.#guard.stdin.end()
    await this.#guard.exited
  }
}

/** Why no lab can be made here, in one sentence; null when it can. */
export const labMissing = async (): Promise<string | null> => {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const tool of ['ip', 'nft']) if (!Bun.which(tool)) return `${tool} is not installed`
  const name = `golive-${randomBytes(4).toString('hex')}-try`
  try {
    await runCommand(['ip', 'netns', 'add', name])
    await runCommand(['ip', 'netns', 'del', name])
    return null
  } catch (error) {
    return `network namespaces cannot be made here: ${(error as Error).message}`
  }
}
