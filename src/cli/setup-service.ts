import { resolve } from 'node:path'
import { parse } from 'yaml'
import type { ConfigFile } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { askDoctor, Examination } from '../domain/doctor/examination.ts'
import type { Finding, Report } from '../domain/doctor/finding.ts'
import { sleep } from '../lib/clock.ts'
import type { Change } from './config-edit.ts'
import { CliError, EXIT } from './exit.ts'
import { SERVICE } from './service-files.ts'
import { canBeService, type Installed, installService, refuseService } from './service-install.ts'
import type { Cli } from './session.ts'
import type { SetupOptions } from './setup-questions.ts'
import type { Done, Plan } from './setup-report.ts'

/** A certificate authority answers within seconds; where it does not, the doctor says why. */
const CERTIFICATE_MS = 60_000
const POLL_MS = 500

/** What was done beyond the configuration. */
export interface BroughtUp {
  service: Installed | null
  doctor: Report | null
}

/**
 * Whether golive is to become a service: as told, as answered, or where it is to be reached from
 * outside. @param file the configuration that was named @throws CliError where it is told to and cannot
 */
export const isWanted = async (
  { service, domain, tlsMode }: SetupOptions,
  file: string | undefined,
  ask: ((question: string) => Promise<boolean>) | null,
): Promise<boolean> => {
  const isElsewhere = file !== undefined && resolve(file) !== SERVICE.config
  if (service === true) {
    refuseService()
    if (isElsewhere) throw wrong(`--config: the service reads ${SERVICE.config}`)
  }
  if (service !== undefined) return service
  if (isElsewhere || !canBeService()) return false
  if (ask) return ask('Run golive as a service, which starts with this machine?')
  return domain !== undefined || tlsMode !== undefined
}

/** The one folder that the service writes to. @throws CliError when the file names another */
export const withDataDir = ({ path, text }: ConfigFile, changes: Change[]): Change[] => {
  const { data_dir } = (parse(text) ?? {}) as { data_dir?: string }
  if (data_dir === undefined) return [{ path: ['data_dir'], value: SERVICE.dataDir }, ...changes]
  if (resolve(data_dir) === SERVICE.dataDir) return changes
  throw wrong(`${path}: data_dir is ${data_dir}; the service writes to ${SERVICE.dataDir} only`)
}

const wrong = (detail: string): CliError => new CliError(EXIT.usage, { code: 'usage', detail })

/** Looks where the name leads before a certificate authority does, and warns. Null without a name. */
export const lookUp = async (cli: Cli, config: Config): Promise<Finding | null> => {
  if (config.tls.mode !== 'domain' && config.tls.mode !== 'files') return null
  const { whereabouts } = await import('../app.ts')
  const { Check } = await import('../domain/doctor/finding.ts')
  const { checkName } = await import('../domain/doctor/name.ts')
  const found = await checkName(new Check('name', 'DNS'), {
    config,
    ...(await whereabouts(config)),
  })
  if (found.state === 'warn' || found.state === 'fail') {
    const fix = found.fix === null ? '' : `  What to do: ${found.fix}\n`
    await cli.terminal.warn(`Warning: ${found.detail}\n${fix}`)
  }
  return found
}

/** Installs and starts the service when it is wanted, waits for its certificate, and has all examined. */
export const bringUp = async (cli: Cli, plan: Plan, { serverRuns }: Done): Promise<BroughtUp> => {
  const service = plan.asService ? await installService(cli) : null
  const isUpToDate = serverRuns
    ? plan.text === plan.file.text && service?.restart_needed !== true
    : service !== null
  if (!isUpToDate || plan.config.tls.mode === 'localhost') return { service, doctor: null }
  await untilCertified(cli, plan.config)
  return { service, doctor: await examine(cli, plan.file.path) }
}

interface Certified {
  certificate: { temporary: boolean; last_error: string | null } | null
}

/** Until there is a certificate, or a reason why not. */
const untilCertified = (cli: Cli, config: Config): Promise<void> => {
  const deadline = Date.now() + CERTIFICATE_MS
  return cli.withServer(config, async (api) => {
    while (Date.now() < deadline) {
      const { certificate } = await api.get<Certified>('/admin/status')
      if (!certificate?.temporary || certificate.last_error !== null) return
      await sleep(POLL_MS)
    }
  })
}

/** As a process of its own, which becomes the owner of the data dir. */
const examine = (cli: Cli, file: string): Promise<Report> =>
  new Examination(() => askDoctor(file, cli.terminal.env)).run()
