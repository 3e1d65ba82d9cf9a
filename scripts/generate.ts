/** Writes the files that are made from the code. Run it after changing src/config/schema.ts. */
import { join } from 'node:path'
import { jsonSchema, referenceYaml } from '../src/config/reference.ts'

const config = join(import.meta.dir, '../config')
await Bun.write(join(config, 'golive.reference.yaml'), referenceYaml())
await Bun.write(join(config, 'golive.schema.json'), jsonSchema())
