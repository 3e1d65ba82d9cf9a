import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { envName, leaves } from '../../../src/config/load.ts'
import { jsonSchema, referenceYaml } from '../../../src/config/reference.ts'
import { configSchema } from '../../../src/config/schema.ts'

const shipped = (name: string) =>
  readFileSync(join(import.meta.dir, '../../../config', name), 'utf8')

test('the shipped reference and JSON schema are those of the code (else run scripts/generate.ts)', () => {
  expect(shipped('golive.reference.yaml')).toBe(referenceYaml())
  expect(shipped('golive.schema.json')).toBe(jsonSchema())
})

test('the reference, used as a config file, changes nothing', () => {
  expect(parse(referenceYaml())).toEqual(configSchema.parse({}))
})

test('every key has a sentence and stands there with its environment twin', () => {
  const text = referenceYaml()
  for (const { path, schema } of leaves(configSchema)) {
    expect(schema.meta()?.description, path.join('.')).toMatch(/^[A-Z].{20,}\.$/)
    expect(text).toContain(`# ${envName(path)}\n`)
  }
})

test('the working configuration next to README.md is accepted by the schema', () => {
  const text = readFileSync(join(import.meta.dir, '../../../golive.config.yaml'), 'utf8')
  expect(configSchema.safeParse(parse(text)).success).toBe(true)
})
