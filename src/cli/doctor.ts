import type { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import type { Finding, Report } from '../domain/doctor/finding.ts'
import type { RunningServer, Subject } from '../domain/doctor/subject.ts'
import { type Listener, listeners } from '../lib/sockets.ts'
import type { AdminClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { printable } from './output.ts'
import type { Cli } from './session.ts'
import type { Status } from './status.ts'

/** `golive doctor` */
export const addDoctorCommand = (program: Command, cli: Cli): void => {
  const doctor = program
    .command('doctor')
    .description('examine this server and its way to the internet, a call of its own included')
    .action(async (_: object, command: Command) => {
      const out = cli.output(command)
      // Before root becomes the owner of the data dir: only root sees who holds each port.
      const sockets = listeners()
      const config = await cli.configure(command)
      const report = await examineHere(cli, config, sockets)
      await out.result(report, () => reportLines(report))
      const isBroken = report.data.some(({ state }) => state === 'fail')
      cli.exitCode = isBroken ? EXIT.failed : EXIT.done
    })
  example(doctor, 'golive doctor')
}

const examineHere = async (cli: Cli, config: Config, sockets: Listener[]): Promise<Report> => {
  const { examine } = await import('../domain/doctor/examine.ts')
  return cli.withServer(config, async (api) => examine(await subjectOf(config, sockets, api)))
}

const subjectOf = async (
  config: Config,
  sockets: Listener[],
  api: AdminClient,
): Promise<Subject> => {
  const { whereabouts } = await import('../app.ts')
  const { ownProcesses } = await import('../domain/doctor/own-processes.ts')
  const { findDoor } = await import('../domain/doctor/door.ts')
  const { place, ...asked } = await askServer(api)
  const known = ownProcesses(config.data_dir, asked.server !== null)
  // Nobody may look at the processes of a service, which have a capability, but who has it, too.
  const processes = { ...known, livekit: asked.server?.livekit.pid ?? known.livekit }
  const { publicUrl, addresses } = place ?? (await whereabouts(config))
  const door = await findDoor(config, publicUrl, addresses)
  return { config, listeners: sockets, ...asked, processes, publicUrl, addresses, door }
}

type Invited = Awaited<ReturnType<RunningServer['beginCheck']>>
type Place = Pick<Subject, 'publicUrl' | 'addresses'>

/** What is read of the status. */
interface Told extends Pick<Status, 'livekit' | 'public_url'>, Pick<RunningServer, 'certificate'> {
  addresses: Omit<Subject['addresses'], 'public'> & { media: { ip: string } }
}

interface Asked extends Pick<Subject, 'server' | 'silence'> {
  /** where the server says that it is; null when none does */
  place: Place | null
}

const placeIn = ({ public_url, addresses }: Told): Place => {
  const { media, host, ipv6, source, hairpin, relay } = addresses
  const place = { host, public: media.ip, ipv6, source, hairpin, relay }
  return { publicUrl: public_url, addresses: place }
}

/** @throws CliError when this user may not ask */
const askServer = async (api: AdminClient): Promise<Asked> => {
  try {
    const told = await api.get<Told>('/admin/status')
    const { livekit, certificate } = told
    const server = { livekit, certificate, beginCheck: () => api.post<Invited>('/admin/checks') }
    return { server, silence: null, place: placeIn(told) }
  } catch (error) {
    const { code, detail } = error instanceof CliError ? error.problem : { code: '', detail: '' }
    if (code === 'server_not_running') return { server: null, silence: null, place: null }
    if (code === 'server_unreachable') return { server: null, silence: detail, place: null }
    throw error
  }
}

/** A line for each finding, what to type below those that need it, the verdict last. */
export const reportLines = ({ data, verdict }: Report): string[] => {
  const width = Math.max(...data.map(({ title }) => title.length))
  const line = ({ state, title, detail, fix }: Finding) => [
    `${state.padEnd(7)}  ${title.padEnd(width)}  ${printable(detail)}`,
    ...(fix === null || state === 'ok' ? [] : [`${' '.repeat(width + 11)}→ ${printable(fix)}`]),
  ]
  return [...data.flatMap(line), '', verdict]
}
