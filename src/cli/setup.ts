import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ConfigError, type ConfigFile, checkConfig, fileToWrite } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type StagedFile, stageFile } from '../lib/files.ts'
import type { Admin, Invitation } from './admin.ts'
import { AdminClient, type List } from './client.ts'
import { type Change, editConfig } from './config-edit.ts'
import { CliError, EXIT } from './exit.ts'
import { inProcess } from './fallback.ts'
import { example } from './help.ts'
import { LocalTransport } from './local.ts'
import { SERVICE } from './service-files.ts'
import { prepareService } from './service-install.ts'
import type { Cli } from './session.ts'
import * as answers from './setup-answers.ts'
import type { SetupOptions } from './setup-questions.ts'
import { type Done, type Plan, report, resultOf } from './setup-report.ts'
import * as service from './setup-service.ts'

/** `golive setup` */
export const addSetupCommand = (program: Command, cli: Cli): void => {
  const setup = program
    .command('setup')
    .description('prepare a server: configuration, secrets, database and the first admin')
    .option('--data-dir <folder>', 'folder for the database and the keys')
    .option('--domain <name>', 'host name or address under which people reach this server')
    .option('--tls-mode <mode>', 'domain, ip, files, internal, proxy or localhost')
    .option('--cert-file <file>', 'certificate with its chain in PEM, for mode files')
    .option('--key-file <file>', 'its private key in PEM')
    .option('--acme-directory <url>', "another certificate authority than Let's Encrypt")
    .option('--acme-root <file>', 'root in PEM that its own HTTPS is reached with')
    .option('--port <port>', 'port on which HTTP is served, to this machine or to a proxy')
    .option('--public-url <origin>', 'address at which browsers and apps reach this server')
    .option('--trusted-proxies <networks>', 'the proxies in front, for mode proxy')
    .option('--email <email>', 'whom tenants and the certificate authority may write to')
    .option('--admin <email>', 'the first admin')
    .option('--service', 'run as a service of systemd')
    .option('--no-service', 'do not')
    .action(async (options: SetupOptions, command: Command) => {
      cli.refuseUrl(command)
      const out = cli.output(command)
      const { config: flag } = command.optsWithGlobals<{ config?: string }>()
      const prompts = cli.terminal.interactive && !out.json ? await import('./prompts.ts') : null
      prompts?.begin()
      const asService = await service.isWanted(options, flag, prompts?.askWhether ?? null)
      // The service does not have the variables of this shell.
      const env = asService ? {} : cli.terminal.env
      const found = fileToWrite(asService ? SERVICE.config : flag, env)
      const file = { ...found, path: resolve(found.path) }
      const plan = await new Planner(cli, { file, options, prompts, env, asService }).plan()
      const name = await service.lookUp(cli, plan.config)
      const done = await carryOut(cli, plan)
      const after = await service.bringUp(cli, plan, done)
      const { shown } = cli.terminal
      const all = { ...done, ...after, name }
      await out.result(resultOf(plan, all, shown), () => report(plan, all, shown))
    })
  example(setup, 'golive setup --domain live.example.com --email ops@example.com')
}

type Prompts = typeof import('./prompts.ts')

interface Planning {
  file: ConfigFile
  options: SetupOptions
  prompts: Prompts | null
  env: Record<string, string | undefined>
  asService: boolean
}

class Planner {
  readonly #cli: Cli
  readonly #file: ConfigFile
  readonly #options: SetupOptions
  readonly #prompts: Prompts | null
  readonly #env: Planning['env']
  readonly #asService: boolean
  readonly #missing: string[] = []

  constructor(cli: Cli, { file, options, prompts, env, asService }: Planning) {
    this.#cli = cli
    this.#file = file
    this.#options = options
    this.#prompts = prompts
    this.#env = env
    this.#asService = asService
  }

  /** @throws CliError for an answer that is wrong or missing; ConfigError for a file that was wrong before */
  async plan(): Promise<Plan> {
    const before = checkConfig(this.#file, this.#env)
    const asked = answers.adminOf(this.#options)
    const given = answers.changesOf(this.#options, before, this.#env)
    const rest = await this.#rest(answers.withChanges(before, given))
    const changes = this.#withFolder(before, [...given, ...rest])
    const follow = answers.consequences(answers.withChanges(before, changes), this.#options)
    if (this.#missing.includes('--email')) throw this.#incomplete(asked)
    const { text, config } = this.#planned([...changes, ...follow])
    const admin = asked ?? (await this.#firstAdmin(config))
    if (this.#missing.length > 0) throw answers.missing(this.#missing)
    return { file: this.#file, before, config, text, admin, asService: this.#asService }
  }

  /** Without an address no configuration can be checked, and no database is looked for. */
  #incomplete(asked: string | null): CliError {
    if (asked === null && !this.#isServer && this.#file.text === '') this.#missing.push('--admin')
    return answers.missing(this.#missing)
  }

  /** Asked for by name: then one address is enough for all. */
  get #isServer(): boolean {
    return this.#options.domain !== undefined || this.#options.tlsMode !== undefined
  }

  /** A new set-up asks for everything, a second one without flags, too; else for what is missing. */
  async #rest(config: Config): Promise<Change[]> {
    const open = answers
      .openNames(this.#options, this.#env)
      .filter((name) => name !== 'dataDir' || !this.#asService)
    const lacking = open.filter(
      (name) => name === 'email' && config.admin.operator_contact === null,
    )
    if (this.#prompts) {
      const all = this.#file.text === '' || Object.keys(this.#options).length === 0
      return answers.askFor(all ? open : lacking, config, this.#prompts.ask)
    }
    if (lacking.length > 0) this.#missing.push('--email')
    return []
  }

  /** Looks into a database only when nothing else is missing: opening an old one migrates it. */
  async #firstAdmin(config: Config): Promise<string | null> {
    const isThere = existsSync(join(config.data_dir, 'golive.db'))
    if (isThere && (this.#missing.length > 0 || (await hasAdmins(this.#cli, config)))) return null
    if (this.#prompts) return answers.askForAdmin(config.admin.operator_contact, this.#prompts.ask)
    const { operator_contact } = config.admin
    if (this.#isServer && answers.isEmail(operator_contact)) return operator_contact
    this.#missing.push('--admin')
    return null
  }

  #planned(changes: Change[]): { text: string; config: Config } {
    const text = editConfig(this.#file, changes)
    try {
      const config = checkConfig({ path: this.#file.path, text }, this.#env)
      return { text, config }
    } catch (error) {
      // The file was right before: an answer is to blame, and the line would be of a text nobody has.
      if (!(error instanceof ConfigError)) throw error
      const detail = answers.inFlags(error.message.replace(/^.*?:\d+: /gm, ''))
      throw new CliError(EXIT.usage, { code: 'usage', detail }, { cause: error })
    }
  }

  /** A folder relative to wherever a command is started would be another one each time. */
  #withFolder({ data_dir }: Config, changes: Change[]): Change[] {
    if (changes.some(({ path }) => path[0] === 'data_dir')) return changes
    if (this.#asService) return service.withDataDir(this.#file, changes)
    const isKnown = this.#file.text !== '' || this.#env.GOLIVE_DATA_DIR !== undefined
    return isKnown ? changes : [{ path: ['data_dir'], value: data_dir }, ...changes]
  }
}

/** The file gets its name last: what fails before leaves the configuration as it was. */
const carryOut = async (
  cli: Cli,
  { file, config, text, admin, asService }: Plan,
): Promise<Done> => {
  if (asService) await prepareService()
  const mode = process.getuid?.() === 0 ? 0o644 : 0o600
  const staged = text === file.text ? null : stage(file.path, text, mode)
  try {
    const done = await atDataDir(cli, config, async (api, transport) => {
      const { data } = await api.get<List<Admin>>('/admin/admins')
      const isNew = admin !== null && !data.some((one) => one.email === admin.toLowerCase())
      const invitation = isNew
        ? await api.post<Invitation>('/admin/admins', { email: admin })
        : null
      return { invitation, serverRuns: transport.serverRuns }
    })
    staged?.commit()
    return done
  } catch (error) {
    staged?.discard()
    throw error
  }
}

const stage = (path: string, text: string, mode: number): StagedFile => {
  try {
    return stageFile(path, text, mode)
  } catch (cause) {
    const detail = `${path}: cannot write this config file: ${(cause as Error).message}`
    throw new CliError(EXIT.failed, { code: 'config_not_written', detail }, { cause })
  }
}

const hasAdmins = (cli: Cli, config: Config): Promise<boolean> =>
  atDataDir(
    cli,
    config,
    async (api) => (await api.get<List<Admin>>('/admin/admins')).data.length > 0,
  )

/** As the data dir's owner, who is root again afterwards: the configuration may be root's. */
const atDataDir = async <T>(
  cli: Cli,
  config: Config,
  work: (api: AdminClient, transport: LocalTransport) => Promise<T>,
): Promise<T> => {
  const { asOwnerOf } = await import('../lib/posix.ts')
  const transport = new LocalTransport({ config, fallback: inProcess(config), user: cli.user })
  return asOwnerOf(config.data_dir, async () => {
    const mask = process.umask(0o077)
    try {
      return await work(new AdminClient(transport), transport)
    } finally {
      await transport.close()
      process.umask(mask)
    }
  })
}
