import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { isSystemdHere, runSystemd, unitProperties } from '../lib/systemd.ts'
import { CliError, EXIT } from './exit.ts'
import { example, groupExample } from './help.ts'
import { fields } from './output.ts'
import { SERVICE } from './service-files.ts'
import { installService, refuseService, serviceConfig } from './service-install.ts'
import type { Cli } from './session.ts'
import { type Status, statusLines } from './status.ts'

/** `golive service` */
export const addServiceCommands = (program: Command, cli: Cli): void => {
  const service = program.command('service').description('run golive as a service of systemd')
  groupExample(service, 'golive service status')
  addInstall(service, cli)
  addUninstall(service, cli)
  addStatus(service, cli)
  addReap(service, cli)
}

const addInstall = (service: Command, cli: Cli): void => {
  const install = service
    .command('install')
    .description('install this executable as a service, or put it in place of an older one')
    .action(async (_: object, command: Command) => {
      cli.refuseUrl(command)
      const out = cli.output(command)
      refuseService()
      const done = await installService(cli)
      await out.result(done, () => [
        `The service runs ${SERVICE.program} with ${SERVICE.config}.`,
        ...(done.restart_needed
          ? ['It still runs as it was installed before; calls go on through: golive restart']
          : []),
      ])
    })
  example(install, 'golive service install')
}

const addUninstall = (service: Command, cli: Cli): void => {
  const uninstall = service
    .command('uninstall')
    .description('stop the service and take it from systemd; all calls end, all data stays')
    .action(async (_: object, command: Command) => {
      cli.refuseUrl(command)
      const out = cli.output(command)
      refuseService()
      const wasThere = (await unitState()).LoadState === 'loaded'
      if (wasThere) await runSystemd('systemctl', 'disable', '--now', SERVICE.unit)
      await reap(SERVICE.dataDir)
      rmSync(SERVICE.unitFile, { force: true })
      await runSystemd('systemctl', 'daemon-reload')
      const stays = [SERVICE.dataDir, SERVICE.config, SERVICE.program]
      await out.result({ uninstalled: wasThere, kept: stays }, () => [
        wasThere ? 'The service is gone.' : 'There was no service.',
        `What it kept stays: ${stays.join(', ')}, and the user ${SERVICE.user}.`,
      ])
    })
  example(uninstall, 'golive service uninstall')
}

const PROPERTIES = [
  'LoadState',
  'UnitFileState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'NRestarts',
  'StateChangeTimestamp',
] as const

const unitState = () => unitProperties(SERVICE.unit, PROPERTIES)
type UnitState = Awaited<ReturnType<typeof unitState>>

const addStatus = (service: Command, cli: Cli): void => {
  const status = service
    .command('status')
    .description('show the service as systemd sees it, and as the server sees itself')
    .action(async (_: object, command: Command) => {
      cli.refuseUrl(command)
      const out = cli.output(command)
      if (!isSystemdHere()) refuseService()
      const unit = await unitState()
      const isThere = unit.LoadState === 'loaded'
      const server = isThere ? await askServer(cli) : null
      const result = {
        installed: isThere,
        enabled: unit.UnitFileState === 'enabled',
        active_state: unit.ActiveState,
        sub_state: unit.SubState,
        result: unit.Result,
        pid: Number(unit.MainPID) || null,
        restarts: Number(unit.NRestarts),
        server: server instanceof CliError ? null : server,
      }
      await out.result(result, () => [...unitLines(unit), ...serverLines(server)])
      cli.exitCode = result.server === null ? EXIT.unreachable : EXIT.done
    })
  example(status, 'golive service status')
}

const unitLines = (unit: UnitState): string[] => {
  if (unit.LoadState !== 'loaded')
    return ['systemd knows no golive.service: sudo golive service install']
  const result = unit.Result === 'success' ? '' : `, last result: ${unit.Result}`
  const pid = unit.MainPID === '0' ? '' : `, pid ${unit.MainPID}`
  return [
    'systemd says',
    ...fields([
      ['state', `${unit.ActiveState} (${unit.SubState})${pid}${result}`],
      ['since', unit.StateChangeTimestamp || 'unknown'],
      ['at boot', unit.UnitFileState === 'enabled' ? 'started' : 'not started'],
      ['restarts', `${unit.NRestarts} by systemd`],
      ['log', `journalctl -u ${SERVICE.unit}`],
    ]),
    '',
  ]
}

const serverLines = (server: Status | CliError | null): string[] => {
  if (server === null) return []
  if (server instanceof CliError) return [`The server itself: ${server.message}.`]
  return statusLines(server, Date.now())
}

/** What the server says of itself, or why it says nothing. */
const askServer = async (cli: Cli): Promise<Status | CliError> => {
  const config = serviceConfig()
  try {
    return await cli.withServer(config, (api) => api.get<Status>('/admin/status'))
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
}

/**
 * systemd runs it after golive has ended, and says in these variables how (systemd.exec(5)). A crash
 * is no reason to end calls: the next golive takes livekit-server over.
 */
const addReap = (service: Command, cli: Cli): void => {
  service
    .command('reap <data-dir>', { hidden: true })
    .description('end the livekit-server of a golive that was killed while it was to stop')
    .action(async (dataDir: string) => {
      const { SERVICE_RESULT, EXIT_CODE, EXIT_STATUS } = cli.terminal.env
      const wasToStop =
        SERVICE_RESULT === 'timeout' || (EXIT_CODE === 'killed' && EXIT_STATUS === 'TERM')
      if (!wasToStop) return
      const pid = await reap(dataDir)
      if (pid !== null) await cli.terminal.write(`golive: ended livekit-server (pid ${pid})\n`)
    })
}

const reap = async (dataDir: string): Promise<number | null> => {
  const { endLeftLivekit } = await import('../app.ts')
  return endLeftLivekit(dataDir)
}
