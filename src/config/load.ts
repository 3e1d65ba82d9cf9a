import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { checkTogether } from './check.ts'
import { type Config, configSchema } from './schema.ts'

/** A config that must not start the server: the message names file, line, key and expectation. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const SEARCH = ['./golive.config.yaml', '/etc/golive/golive.config.yaml']
/** Variables that are not twins of a config key. */
const OTHER_VARIABLES = new Set(['GOLIVE_CONFIG', 'GOLIVE_MASTER_KEY', 'GOLIVE_ADMIN_TOKEN'])

type Env = Record<string, string | undefined>

/** The text of a configuration and the file that it stands in. */
export interface ConfigFile {
  path: string
  text: string
}

/**
 * Finds, reads and checks the configuration: `--config`, `$GOLIVE_CONFIG`, `./golive.config.yaml`,
 * `/etc/golive/golive.config.yaml`; the first that exists is the one used. Environment twins win.
 * @throws ConfigError
 */
export const loadConfig = (flag: string | undefined, env: Env): Config => {
  const named = flag ?? env.GOLIVE_CONFIG
  return checkConfig(named ? { path: named, text: readNamed(named) } : firstExisting(), env)
}

/** The file that {@link loadConfig} uses; where there is none, an empty one at its place. @throws ConfigError */
export const fileToWrite = (flag: string | undefined, env: Env): ConfigFile => {
  const named = flag ?? env.GOLIVE_CONFIG
  if (!named) return firstExisting() ?? { path: SEARCH[0] as string, text: '' }
  return existsSync(named) ? { path: named, text: readNamed(named) } : { path: named, text: '' }
}

/** What a file, or none, and the environment make together. @throws ConfigError */
export const checkConfig = (file: ConfigFile | null, env: Env): Config => {
  const document = file ? parseYaml(file.path, file.text) : null
  const values = document ? document.values : {}
  dropEmptySections(values)
  const origins = applyEnv(values, env)
  const parsed = configSchema.safeParse(values)
  const place = (path: PropertyKey[]) => placeOf(path, origins, file?.path, document)
  if (!parsed.success) throw new ConfigError(sentences(parsed.error.issues, place))
  const wrong = checkTogether(parsed.data)
  if (wrong) throw new ConfigError(`${place(wrong.path)}: ${wrong.message}`)
  return freeze({
    ...parsed.data,
    data_dir: resolve(parsed.data.data_dir),
    tls: withAbsoluteFiles(parsed.data.tls),
    source: file?.path ?? null,
  })
}

/** The working directory is another one after a restart by an init system. */
const withAbsoluteFiles = (tls: Config['tls']): Config['tls'] => {
  const absolute = (path: string | null) => path && resolve(path)
  return {
    ...tls,
    cert_file: absolute(tls.cert_file),
    key_file: absolute(tls.key_file),
    acme_root: absolute(tls.acme_root),
  }
}

const readNamed = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${path}: cannot read this config file: ${(cause as Error).message}`, {
      cause,
    })
  }
}

const firstExisting = (): ConfigFile | null => {
  for (const path of SEARCH) {
    try {
      return { path, text: readFileSync(path, 'utf8') }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return { path, text: readNamed(path) }
    }
  }
  return null
}

interface Yaml {
  document: Document
  lines: LineCounter
  values: Record<string, unknown>
}

const parseYaml = (path: string, text: string): Yaml => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    resolveKnownTags: false,
  })
  const broken = document.errors[0]
  if (broken) {
    throw new ConfigError(
      `${path}:${lines.linePos(broken.pos[0]).line}: not valid YAML: ${broken.message}`,
    )
  }
  const values = plainValues(path, document)
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new ConfigError(
      `${path}:1: expected keys such as "server:", got ${Array.isArray(values) ? 'a list' : typeof values}`,
    )
  }
  return { document, lines, values: values as Record<string, unknown> }
}

/** The only thing that can still fail here is an alias: unknown, or one that multiplies without end. */
const plainValues = (path: string, document: Document): unknown => {
  try {
    return document.toJS() ?? {}
  } catch (cause) {
    throw new ConfigError(`${path}: not valid YAML: ${(cause as Error).message}`, { cause })
  }
}

/** A section whose keys are all commented out reads as null: as good as absent. */
const dropEmptySections = (values: Record<string, unknown>): void => {
  for (const [name, schema] of Object.entries(configSchema.shape)) {
    if (values[name] === null && schema instanceof z.ZodPrefault) delete values[name]
  }
}

/** Lays `GOLIVE_SERVER_PORT` and its like over the file's values; answers which path came from where. */
const applyEnv = (values: Record<string, unknown>, env: Env): Map<string, string> => {
  const twins = new Map(leaves(configSchema).map((leaf) => [envName(leaf.path), leaf]))
  const origins = new Map<string, string>()
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('GOLIVE_') || OTHER_VARIABLES.has(name) || text === undefined) continue
    const leaf = twins.get(name)
    if (!leaf) throw new ConfigError(`${name}: no config key has this environment variable`)
    setPath(values, leaf.path, fromText(leaf.schema, text))
    origins.set(leaf.path.join('.'), name)
  }
  return origins
}

/** The environment twin of a config key: `server.port` is `GOLIVE_SERVER_PORT`. */
export const envName = (path: string[]): string => `GOLIVE_${path.join('_').toUpperCase()}`

interface Leaf {
  path: string[]
  schema: z.ZodType
}

/** All keys that hold a value, depth first, in the order of the schema. */
export const leaves = (schema: z.ZodType, path: string[] = []): Leaf[] => {
  const inner = schema instanceof z.ZodPrefault ? (schema.def.innerType as z.ZodType) : schema
  if (!(inner instanceof z.ZodObject)) return [{ path, schema }]
  return Object.entries(inner.shape).flatMap(([name, child]) =>
    leaves(child as z.ZodType, [...path, name]),
  )
}

const fromText = (schema: z.ZodType, text: string): unknown => {
  if (schema.safeParse([]).success)
    return text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  if (text === 'null') return null
  if ((text === 'true' || text === 'false') && !schema.safeParse(text).success)
    return text === 'true'
  return /^-?\d+$/.test(text) && !schema.safeParse(text).success ? Number(text) : text
}

const setPath = (values: Record<string, unknown>, path: string[], value: unknown): void => {
  const last = path.at(-1) as string
  let at = values
  for (const name of path.slice(0, -1)) {
    at[name] ??= {}
    // The file has a plain value where a section belongs: left alone, the schema names its line.
    if (typeof at[name] !== 'object') return
    at = at[name] as Record<string, unknown>
  }
  at[last] = value
}

const sentences = (issues: z.core.$ZodIssue[], place: (path: PropertyKey[]) => string): string =>
  issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((name) => `${place([...issue.path, name])}: no such key`)
        : [`${place(issue.path)}: ${expectation(issue)}`],
    )
    .join('\n')

/** zod's union message is only "Invalid input": say what each branch wanted. */
export const expectation = (issue: z.core.$ZodIssue): string => {
  const issues = issue.code === 'invalid_union' ? issue.errors.flat() : [issue]
  const wanted = issues.map(({ message }) =>
    message.replace(/^(Invalid \w+|Too small|Too big): /, ''),
  )
  return wanted.join(', or ')
}

const placeOf = (
  path: PropertyKey[],
  origins: Map<string, string>,
  file: string | undefined,
  yaml: Yaml | null,
): string => {
  const name = path.join('.')
  const variable = origins.get(name)
  if (variable) return `${variable} (${name})`
  if (!file || !yaml) return name
  return `${file}:${lineOf(path, yaml)}: ${name}`
}

const lineOf = (path: PropertyKey[], { document, lines }: Yaml): number => {
  let node: unknown = document.contents
  let line = 1
  for (const name of path) {
    if (!isMap(node)) break
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === name)
    if (!pair) break
    line = lines.linePos((pair.key as { range: [number, number, number] }).range[0]).line
    node = pair.value
  }
  return line
}

const freeze = <T extends object>(value: T): Readonly<T> => {
  for (const child of Object.values(value))
    if (typeof child === 'object' && child !== null) freeze(child)
  return Object.freeze(value)
}
