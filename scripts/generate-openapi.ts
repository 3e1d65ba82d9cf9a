/**
 * Writes docs/openapi.json: the committed copy of what a server serves at /api/v1/openapi.json.
 *
 *   bun scripts/generate-openapi.ts
 */
import { join } from 'node:path'
import { configSchema } from '../src/config/schema.ts'
import { Metrics } from '../src/http/metrics.ts'
import { buildTenantApi, type HttpDeps } from '../src/http/server.ts'
import { silentLogger } from '../src/lib/log.ts'
import { VERSION } from '../src/version.ts'

// The document is made from schemas alone: nothing that answers other calls is needed.
const deps = {
  config: configSchema.parse({}),
  log: silentLogger(),
  metrics: new Metrics(),
  version: VERSION,
} as unknown as HttpDeps

const request = new Request('http://localhost/api/v1/openapi.json')
const response = await buildTenantApi(deps).handle(request, null)
if (response.status !== 200) throw new Error(`no document: ${await response.text()}`)
const file = join(import.meta.dir, '..', 'docs', 'openapi.json')
await Bun.write(file, await response.text())
console.log(`wrote ${file}`)
