import { existsSync } from 'node:fs'

/** Stopping a service waits until it has stopped. */
const PATIENCE_MS = 90_000

/** Whether systemd runs this machine; sd_booted(3) asks the same way. */
export const isSystemdHere = (): boolean => existsSync('/run/systemd/system')

/** Runs one of systemd's programs; answers what it printed. @throws Error with what it complained of */
export const runSystemd = async (program: string, ...args: string[]): Promise<string> => {
  const child = Bun.spawn([program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  })
  const [output, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code === 0) return output
  throw new Error(`${program} ${args.join(' ')}: ${complaint.trim() || `exit code ${code}`}`)
}

/** What systemd knows of a unit; all properties are empty or "inactive" for one that is not there. */
export const unitProperties = async <Name extends string>(
  unit: string,
  names: readonly Name[],
): Promise<Record<Name, string>> => {
  const output = await runSystemd('systemctl', 'show', unit, `--property=${names.join(',')}`)
  const pairs = output.split('\n').map((line) => {
    const at = line.indexOf('=')
    return [line.slice(0, at), line.slice(at + 1)]
  })
  const known = Object.fromEntries(pairs)
  return Object.fromEntries(names.map((name) => [name, known[name] ?? ''])) as Record<Name, string>
}
