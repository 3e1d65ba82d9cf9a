import { resolve } from 'node:path'
import { z } from 'zod'
import { envName, expectation, leaves } from '../config/load.ts'
import { type Config, configSchema } from '../config/schema.ts'
import type { Change } from './config-edit.ts'
import { CliError, EXIT } from './exit.ts'
import type { Prompt } from './prompts.ts'

/** The flags of `golive setup`. */
export interface SetupOptions {
  dataDir?: string
  port?: string
  publicUrl?: string
  email?: string
  admin?: string
}

type Name = Exclude<keyof SetupOptions, 'admin'>

/** A key of the configuration that the set-up asks for. */
interface Question {
  name: Name
  flag: string
  path: string[]
  message: string
  /** the key's value in an answer's place; the schema of the key has the last word */
  read(answer: string): unknown
  /** what the key is now, as an answer */
  current(config: Config): string
}

const QUESTIONS: Question[] = [
  {
    name: 'dataDir',
    flag: '--data-dir',
    path: ['data_dir'],
    message: 'Which folder may hold the database and the keys?',
    read: (answer) => answer && resolve(answer),
    current: ({ data_dir }) => data_dir,
  },
  {
    name: 'port',
    flag: '--port',
    path: ['server', 'port'],
    message: 'On which port is HTTP served?',
    read: (answer) => (/^\d{1,6}$/.test(answer) ? Number(answer) : answer),
    current: ({ server }) => String(server.port),
  },
  {
    name: 'publicUrl',
    flag: '--public-url',
    path: ['server', 'public_url'],
    message: 'At which address do browsers and apps reach this server?',
    read: (answer) => answer,
    current: ({ server }) => server.public_url ?? addressOf(server),
  },
  {
    name: 'email',
    flag: '--email',
    path: ['admin', 'operator_contact'],
    message: 'Which e-mail address may tenants write to for help?',
    read: (answer) => answer,
    current: ({ admin }) => admin.operator_contact ?? '',
  },
]

const ADMIN_MESSAGE = 'What is the e-mail address of the first admin?'

const addressOf = ({ host, port }: Config['server']): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

const email = z.email('expected an e-mail address').max(254)
const schemas = new Map(leaves(configSchema).map(({ path, schema }) => [path.join('.'), schema]))

type Ask = (prompt: Prompt) => Promise<string>
type Env = Record<string, string | undefined>

/** What the flags alone change. @throws CliError for a value that a key cannot have */
export const changesOf = (options: SetupOptions, config: Config, env: Env): Change[] => {
  const changes: Change[] = []
  let now = config
  for (const question of QUESTIONS) {
    const answer = options[question.name]
    if (answer === undefined) continue
    const wrong = check(question, answer)
    if (wrong) throw usage(`${question.flag}: ${wrong}`)
    const twin = envName(question.path)
    if (env[twin] !== undefined) throw usage(`${question.flag}: ${twin} is set, and would win`)
    changes.push(...changeOf(question, answer, now))
    now = withAnswer(now, question, answer)
  }
  return changes
}

/** The account to make, or none. @throws CliError */
export const adminOf = ({ admin }: SetupOptions): string | null => {
  if (admin === undefined) return null
  const { error } = email.safeParse(admin)
  if (error) throw usage(`--admin: ${error.issues.map(expectation).join(', ')}`)
  return admin
}

/** The keys that neither a flag nor the environment decides. */
export const openNames = (options: SetupOptions, env: Env): Name[] =>
  QUESTIONS.filter(
    ({ name, path }) => options[name] === undefined && env[envName(path)] === undefined,
  ).map(({ name }) => name)

/** Asks for these keys; what is as it was is no change. */
export const askFor = async (names: Name[], config: Config, ask: Ask): Promise<Change[]> => {
  const changes: Change[] = []
  let now = config
  for (const question of QUESTIONS.filter(({ name }) => names.includes(name))) {
    const initial = question.current(now)
    const answer = await ask({
      message: question.message,
      initial,
      check: (given) => (given === initial && given ? undefined : check(question, given)),
    })
    if (answer !== initial) changes.push(...changeOf(question, answer, now))
    now = withAnswer(now, question, answer)
  }
  return changes
}

export const askForAdmin = (contact: string | null, ask: Ask): Promise<string> =>
  ask({
    message: ADMIN_MESSAGE,
    initial: email.safeParse(contact).success ? (contact ?? '') : '',
    check: (given) => email.safeParse(given).error?.issues.map(expectation).join(', '),
  })

/** @param flags those without which nothing can be set up */
export const missing = (flags: string[]): CliError =>
  new CliError(EXIT.usage, {
    code: 'answer_missing',
    detail: `nobody is here to be asked: give ${flags.join(' and ')}`,
    hint: 'Nothing was changed.',
  })

const check = ({ name, path, read }: Question, answer: string): string | undefined => {
  const schema = name === 'email' ? email : schemas.get(path.join('.'))
  return schema?.safeParse(read(answer)).error?.issues.map(expectation).join(', ')
}

/** The address that a server has without being told ends with its port. */
const withAnswer = (config: Config, { name }: Question, answer: string): Config =>
  name === 'port' ? { ...config, server: { ...config.server, port: Number(answer) } } : config

/** The address that this server has anyway stays unsaid: then it follows a change of the port. */
const changeOf = (question: Question, answer: string, config: Config): Change[] => {
  const { name, path, read, current } = question
  const value = schemas.get(path.join('.'))?.parse(read(answer))
  if (current(config) === String(value)) return []
  return [
    { path, value: name === 'publicUrl' && value === addressOf(config.server) ? null : value },
  ]
}

const usage = (detail: string): CliError => new CliError(EXIT.usage, { code: 'usage', detail })
