import { existsSync, readFileSync } from 'node:fs'
import { terminatesTls } from '../config/check.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { sleep } from '../lib/clock.ts'
import { ownCommand } from '../lib/own-program.ts'
import { accepts } from '../lib/sockets.ts'
import { isSystemdHere, runSystemd, unitProperties } from '../lib/systemd.ts'
import type { AdminClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import * as files from './service-files.ts'
import { SERVICE } from './service-files.ts'
import type { Cli } from './session.ts'
import type { Status } from './status.ts'

const START_MS = 60_000
const POLL_MS = 200
const CONNECT_MS = 2000

/** Why there can be no service here, as a sentence and what to do instead; null when there can. */
const obstacle = (): { code: string; detail: string; hint: string } | null => {
  if (!isSystemdHere())
    return {
      code: 'no_systemd',
      detail: 'systemd does not run this machine, and golive knows no other kind of service',
      hint: `Let yours run: golive serve --config ${SERVICE.config}`,
    }
  if (process.getuid?.() !== 0)
    return {
      code: 'not_root',
      detail: 'only root may change the services of this machine',
      hint: 'Put sudo in front of it.',
    }
  return null
}

export const canBeService = (): boolean => obstacle() === null

/** @throws CliError where no service can be installed or removed */
export const refuseService = (): void => {
  const problem = obstacle()
  if (problem) throw new CliError(EXIT.failed, problem)
}

/** The configuration that the service reads, without the variables of this shell. @throws CliError, ConfigError */
export const serviceConfig = (): Config => {
  if (!existsSync(SERVICE.config)) {
    throw new CliError(EXIT.failed, {
      code: 'not_set_up',
      detail: `${SERVICE.config}: this configuration, which the service reads, does not exist`,
      hint: 'Make it: sudo golive setup --service',
    })
  }
  const config = loadConfig(SERVICE.config, {})
  if (config.data_dir === SERVICE.dataDir) return config
  throw new CliError(EXIT.failed, {
    code: 'other_data_dir',
    detail: `${SERVICE.config}: data_dir is ${config.data_dir}; the service can write to ${SERVICE.dataDir} only`,
    hint: `Move the folder there, and set data_dir: ${SERVICE.dataDir}`,
  })
}

/** Makes the user that the service runs as, and its empty data dir. Does nothing when they are there. */
export const prepareService = async (): Promise<void> => {
  await runSystemd('systemd-sysusers', '--inline', files.SYSTEM_USER)
  const owner = files.userIn(readFileSync('/etc/passwd', 'utf8'))
  if (!owner) throw new Error(`systemd-sysusers made no user ${SERVICE.user}`)
  files.makeDataDir(owner)
}

export interface Installed {
  program: files.Change
  unit: files.Change
  /** it ran before, and goes on as the program that it was */
  restart_needed: boolean
}

/** Installs what is missing or different, starts the service, and waits until it serves. @throws CliError */
export const installService = async (cli: Cli): Promise<Installed> => {
  const config = serviceConfig()
  const program = await files.installProgram(ownExecutable())
  await prepareService()
  const unit = files.writeUnit()
  await runSystemd('systemctl', 'daemon-reload')
  await runSystemd('systemctl', 'enable', SERVICE.unit)
  const { ActiveState } = await unitProperties(SERVICE.unit, ['ActiveState'])
  if (ActiveState !== 'active') await runSystemd('systemctl', 'start', SERVICE.unit)
  await untilServing(cli, config)
  const isNew = program === 'written' || unit === 'written'
  return { program, unit, restart_needed: ActiveState === 'active' && isNew }
}

const ownExecutable = (): string => {
  const [program = '', ...more] = ownCommand([])
  if (more.length === 0) return program
  throw new CliError(EXIT.failed, {
    code: 'not_compiled',
    detail: 'only the compiled executable can be installed',
    hint: 'Make it with scripts/build.',
  })
}

const untilServing = (cli: Cli, config: Config): Promise<void> => {
  const deadline = Date.now() + START_MS
  return cli.withServer(config, async (api) => {
    while (!(await serves(api, config))) {
      const { ActiveState } = await unitProperties(SERVICE.unit, ['ActiveState'])
      if (ActiveState === 'failed' || Date.now() > deadline) throw await doesNotStart()
      await sleep(POLL_MS)
    }
  })
}

/** The socket answers first and the TLS port last. */
const serves = async (api: AdminClient, config: Config): Promise<boolean> => {
  try {
    const { livekit } = await api.get<Pick<Status, 'livekit'>>('/admin/status')
    const isUp = livekit.state === 'running' || livekit.state === 'degraded'
    return isUp && (!terminatesTls(config) || (await isServed(config.tls)))
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.unreachable) return false
    throw error
  }
}

const isServed = ({ host, https_port }: Config['tls']): Promise<boolean> =>
  accepts(host === '::' ? '127.0.0.1' : host, https_port, CONNECT_MS)

/** Its own last sentence says why. */
const doesNotStart = async (): Promise<CliError> => {
  const words = ['--unit', SERVICE.unit, '--lines=20', '--output=cat', '--no-pager']
  const lines = await runSystemd('journalctl', ...words).catch(() => '')
  const said = lines.split('\n').findLast((line) => line.startsWith('golive: '))
  return new CliError(EXIT.failed, {
    code: 'service_does_not_start',
    detail: said
      ? `the service does not start: ${said.slice('golive: '.length)}`
      : 'the service was started and does not answer',
    hint: `After mending it: sudo systemctl start golive. The whole log: journalctl -u ${SERVICE.unit}`,
  })
}
