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
import type { Cli } from './session.ts'
import * as answers from './setup-answers.ts'
import { type Done, type Plan, report, resultOf } from './setup-report.ts'

/** `golive setup` */
export const addSetupCommand = (program: Command, cli: Cli): void => {
  const setup = program
    .command('setup')
    .description('prepare a server: configuration, secrets, database and the first admin')
    .option('--data-dir <folder>', 'folder for the database and the keys')
    .option('--port <port>', 'port on which HTTP is served')
    .option('--public-url <origin>', 'address at which browsers and apps reach this server')
    .option('--email <email>', 'whom tenants may ask for help')
    .option('--admin <email>', 'the first admin')
    .action(async (options: answers.SetupOptions, command: Command) => {
      cli.refuseUrl(command)
      const out = cli.output(command)
      const { config: flag } = command.optsWithGlobals<{ config?: string }>()
      const found = fileToWrite(flag, cli.terminal.env)
      const file = { ...found, path: resolve(found.path) }
      const prompts = cli.terminal.interactive && !out.json ? await import('./prompts.ts') : null
      prompts?.begin()
      const plan = await new Planner(cli, file, options, prompts).plan()
      const done = await carryOut(cli, plan)
      const { shown } = cli.terminal
      await out.result(resultOf(plan, done, shown), () => report(plan, done, shown))
    })
  example(setup, 'golive setup --email help@example.com --admin ops@example.com')
}

type Prompts = typeof import('./prompts.ts')

class Planner {
  readonly #cli: Cli
  readonly #file: ConfigFile
  readonly #options: answers.SetupOptions
  readonly #prompts: Prompts | null
  readonly #missing: string[] = []

  constructor(cli: Cli, file: ConfigFile, options: answers.SetupOptions, prompts: Prompts | null) {
    this.#cli = cli
    this.#file = file
    this.#options = options
    this.#prompts = prompts
  }

  /** @throws CliError for an answer that is wrong or missing; ConfigError for a file that was wrong before */
  async plan(): Promise<Plan> {
    const before = checkConfig(this.#file, this.#cli.terminal.env)
    const asked = answers.adminOf(this.#options)
    const given = answers.changesOf(this.#options, before, this.#cli.terminal.env)
    const changes = [...given, ...(await this.#rest(this.#planned(given).config))]
    const { text, config } = this.#planned(this.#withFolder(before, changes))
    const admin = asked ?? (await this.#firstAdmin(config))
    if (this.#missing.length > 0) throw answers.missing(this.#missing)
    return { file: this.#file, before, config, text, admin }
  }

  /** A new set-up asks for everything, a second one without flags, too; else for what is missing. */
  async #rest(config: Config): Promise<Change[]> {
    const open = answers.openNames(this.#options, this.#cli.terminal.env)
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
    this.#missing.push('--admin')
    return null
  }

  #planned(changes: Change[]): { text: string; config: Config } {
    const text = editConfig(this.#file, changes)
    try {
      const config = checkConfig({ path: this.#file.path, text }, this.#cli.terminal.env)
      return { text, config }
    } catch (error) {
      // The file was right before: an answer is to blame, and the line would be of a text nobody has.
      if (!(error instanceof ConfigError)) throw error
      const detail = error.message.replace(/^.*?:\d+: /gm, '')
      throw new CliError(EXIT.usage, { code: 'usage', detail }, { cause: error })
    }
  }

  /** A folder relative to wherever a command is started would be another one each time. */
  #withFolder({ data_dir }: Config, changes: Change[]): Change[] {
    const isKnown =
      this.#file.text !== '' ||
      this.#cli.terminal.env.GOLIVE_DATA_DIR !== undefined ||
      changes.some(({ path }) => path[0] === 'data_dir')
    return isKnown ? changes : [{ path: ['data_dir'], value: data_dir }, ...changes]
  }
}

/** The file gets its name last: what fails before leaves the configuration as it was. */
const carryOut = async (cli: Cli, { file, config, text, admin }: Plan): Promise<Done> => {
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
