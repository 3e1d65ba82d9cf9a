import { isIP } from 'node:net'
import { z } from 'zod'
import { terminatesTls } from '../config/check.ts'
import { envName, expectation, leaves } from '../config/load.ts'
import { type Config, configSchema } from '../config/schema.ts'
import type { Change } from './config-edit.ts'
import { CliError, EXIT } from './exit.ts'
import type { Prompt } from './prompts.ts'
import {
  addressOf,
  type Name,
  QUESTIONS,
  type Question,
  type SetupOptions,
} from './setup-questions.ts'

const ADMIN_MESSAGE = 'What is the e-mail address of the first admin?'

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
    const made = changeOf(question, answer, now, options)
    changes.push(...made)
    now = withChanges(now, made)
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
    ({ name, path, message }) =>
      message !== undefined && options[name] === undefined && env[envName(path)] === undefined,
  ).map(({ name }) => name)

/** Asks for these keys; what is as it was is no change. */
export const askFor = async (names: Name[], config: Config, ask: Ask): Promise<Change[]> => {
  const changes: Change[] = []
  let now = config
  for (const question of QUESTIONS.filter(({ name }) => names.includes(name))) {
    if (question.matters?.(now) === false) continue
    const initial = question.current(now)
    const mayStay = initial !== '' || question.name === 'domain'
    const answer = await ask({
      message: question.message ?? '',
      initial,
      check: (given) => (given === initial && mayStay ? undefined : check(question, given)),
    })
    const made = answer === initial ? [] : changeOf(question, answer, now, {})
    changes.push(...made)
    now = withChanges(now, made)
  }
  return changes
}

export const askForAdmin = (contact: string | null, ask: Ask): Promise<string> =>
  ask({
    message: ADMIN_MESSAGE,
    initial: isEmail(contact) ? contact : '',
    check: (given) => email.safeParse(given).error?.issues.map(expectation).join(', '),
  })

export const isEmail = (text: string | null): text is string => email.safeParse(text).success

/** @param flags those without which nothing can be set up */
export const missing = (flags: string[]): CliError =>
  new CliError(EXIT.usage, {
    code: 'answer_missing',
    detail: `nobody is here to be asked: give ${flags.join(' and ')}`,
    hint: 'Nothing was changed.',
  })

/**
 * What else has to change with a way of being reached: keys that would do nothing in it go, and the
 * certificate authority gets the address that tenants have.
 */
export const consequences = (config: Config, options: SetupOptions): Change[] => {
  const { tls, server, admin } = config
  const { mode } = tls
  const contact = isEmail(admin.operator_contact) ? admin.operator_contact : null
  const tlsEmail = options.email ?? tls.email ?? contact
  const isNamed = mode === 'domain' || mode === 'files' || mode === 'internal'
  const isIssued = mode === 'domain' || mode === 'ip'
  const wanted: [path: string[], now: unknown, then: unknown][] = [
    [['tls', 'domain'], tls.domain, isNamed ? tls.domain : null],
    [['tls', 'email'], tls.email, isIssued ? tlsEmail : null],
    [['tls', 'cert_file'], tls.cert_file, mode === 'files' ? tls.cert_file : null],
    [['tls', 'key_file'], tls.key_file, mode === 'files' ? tls.key_file : null],
    [['tls', 'acme_root'], tls.acme_root, isIssued ? tls.acme_root : null],
    [
      ['server', 'public_url'],
      server.public_url,
      isStale(config, options) ? null : server.public_url,
    ],
  ]
  const changes = wanted
    .filter(([, now, then]) => now !== then)
    .map(([path, , value]) => ({ path, value }))
  return mode !== 'proxy' && server.trusted_proxies.length > 0
    ? [...changes, { path: ['server', 'trusted_proxies'], value: [] }]
    : changes
}

/** An origin of another mode or name, which nobody gave just now. */
const isStale = (config: Config, { publicUrl, domain, tlsMode }: SetupOptions): boolean => {
  const { server, tls } = config
  if (server.public_url === null || publicUrl !== undefined || !terminatesTls(config)) return false
  if (domain === undefined && tlsMode === undefined) return false
  const { protocol, hostname } = new URL(server.public_url)
  return protocol !== 'https:' || (tls.domain !== null && hostname !== tls.domain)
}

/** A sentence about a key as one about the flag that sets it. */
export const inFlags = (sentence: string): string => {
  const found = [...QUESTIONS, { path: ['tls', 'email'], flag: '--email' }].find(({ path }) =>
    sentence.startsWith(`${path.join('.')}: `),
  )
  return found ? sentence.replace(found.path.join('.'), found.flag) : sentence
}

/** The configuration with these changes, unchecked. */
export const withChanges = (config: Config, changes: Change[]): Config => {
  const next = structuredClone(config) as unknown as Record<string, Record<string, unknown>>
  for (const { path, value } of changes) {
    const [section = '', name] = path
    if (name === undefined) Object.assign(next, { [section]: value })
    else Object.assign(next[section] ?? {}, { [name]: value })
  }
  return next as unknown as Config
}

const check = ({ name, path, read }: Question, answer: string): string | undefined => {
  const schema = name === 'email' ? email : schemas.get(path.join('.'))
  return schema?.safeParse(read(answer)).error?.issues.map(expectation).join(', ')
}

/** The address that this server has anyway stays unsaid: then it follows a change of the port. */
const changeOf = (
  question: Question,
  answer: string,
  config: Config,
  options: SetupOptions,
): Change[] => {
  const { name, path, read, current } = question
  const value = schemas.get(path.join('.'))?.parse(read(answer))
  if (name === 'domain') return reachedAt(value as string, config, options)
  if (current(config) === String(value)) return []
  return [
    { path, value: name === 'publicUrl' && value === addressOf(config.server) ? null : value },
  ]
}

/** A name, or an address, says how this server gets its certificate, unless that was said already. */
const reachedAt = (name: string, { tls, livekit }: Config, options: SetupOptions): Change[] => {
  const isKept = options.tlsMode !== undefined || tls.mode === 'files' || tls.mode === 'internal'
  const mode = isKept ? tls.mode : isIP(name) === 0 ? 'domain' : 'ip'
  const changes: Change[] = mode === tls.mode ? [] : [{ path: ['tls', 'mode'], value: mode }]
  if (mode === 'ip') {
    return livekit.node_ip === name
      ? changes
      : [...changes, { path: ['livekit', 'node_ip'], value: name }]
  }
  return name === tls.domain ? changes : [...changes, { path: ['tls', 'domain'], value: name }]
}

const usage = (detail: string): CliError => new CliError(EXIT.usage, { code: 'usage', detail })
