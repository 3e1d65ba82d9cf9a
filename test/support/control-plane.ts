import { silentLogger } from '../../src/lib/log.ts'
import { execInPlace } from '../../src/lib/posix.ts'
import type { LivekitSettings } from '../../src/livekit/config-file.ts'
import { Supervisor } from '../../src/livekit/supervisor.ts'

/**
 * A control plane that is nothing but its supervisor, in a process of its own:
 * `bun control-plane.ts <dir> <binary> <settings as JSON> [restart]`. Prints the child's status as a
 * line of JSON whenever it comes up. With `restart` it then becomes a fresh copy of itself, once.
 */
const [dir, binary, settings, restart] = process.argv.slice(2) as [string, string, string, string?]
const { hookPort, ...rest } = JSON.parse(settings) as LivekitSettings
const supervisor = new Supervisor({
  dir,
  binary: async () => binary,
  settings: rest,
  log: silentLogger(),
  onUp: () => console.log(JSON.stringify(supervisor.status)),
  onDown: () => undefined,
})
await supervisor.start(hookPort)
if (restart) {
  await supervisor.detach()
  const argv = ['bun', import.meta.path, dir, binary, settings]
  execInPlace(process.execPath, argv, process.env as Record<string, string>)
}
// Alive until it is killed.
await new Promise((never) => setInterval(never, 1e9))
