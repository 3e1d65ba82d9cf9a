import { stringify } from 'yaml'
import { z } from 'zod'
import { envName, leaves } from './load.ts'
import { configSchema } from './schema.ts'

const HEAD = `# GoLive: every configuration key with its meaning, its environment twin and its default.
# Written by scripts/generate.ts from src/config/schema.ts; a test keeps the two equal.
# Copy the keys you want to change into golive.config.yaml.
`

/** The text of config/golive.reference.yaml: loading it gives the defaults. */
export const referenceYaml = (): string => {
  const sections = new Set<string>()
  const entries = leaves(configSchema).map(({ path, schema }) => {
    const section = path.slice(0, -1).join('.')
    const opening = section === '' || sections.has(section) ? '' : `${section}:\n`
    sections.add(section)
    return opening + entry(path, schema)
  })
  return [HEAD, ...entries].join('\n')
}

const entry = (path: string[], schema: z.ZodType): string => {
  const value = schema.parse(undefined)
  const lines = [
    ...wrap(schema.meta()?.description ?? ''),
    `# ${envName(path)}`,
    stringify({ [path.at(-1) as string]: value }).trimEnd(),
  ]
  const indent = '  '.repeat(path.length - 1)
  return `${lines.map((line) => indent + line).join('\n')}\n`
}

const WIDTH = 96

const wrap = (text: string): string[] => {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** The text of config/golive.schema.json, with which editors check and complete a config file. */
export const jsonSchema = (): string =>
  `${JSON.stringify({ title: 'GoLive configuration', ...z.toJSONSchema(configSchema, { io: 'input' }) }, null, 2)}\n`
