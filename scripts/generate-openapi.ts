/**
 * Writes docs/openapi.json and docs/openapi-admin.json: the committed copies of what a server
 * serves at /api/v1/openapi.json and /admin/openapi.json.
 *
 *   bun scripts/generate-openapi.ts
 */
import { join } from 'node:path'
import { configSchema } from '../src/config/schema.ts'
import { Metrics } from '../src/http/metrics.ts'
import { buildAdminApi, buildTenantApi, type HttpDeps } from '../src/http/server.ts'
import { silentLogger } from '../src/lib/log.ts'
import { VERSION } from '../src/version.ts'

// The documents are made from schemas alone: nothing that answers other calls is needed.
const deps = {
  config: configSchema.parse({}),
  log: silentLogger(),
  metrics: new Metrics(),
  version: VERSION,
  publicUrl: 'http://127.0.0.1:8080',
} as unknown as HttpDeps

const write = async (name: string, answer: Response | Promise<Response>): Promise<void> => {
  const response = await answer
  if (response.status !== 200) throw new Error(`no document: ${await response.text()}`)
  const file = join(import.meta.dir, '..', 'docs', name)
  await Bun.write(file, await response.text())
  console.log(`wrote ${file}`)
}

const ask = (path: string): Request => new Request(`http://localhost${path}`)
await write('openapi.json', buildTenantApi(deps).handle(ask('/api/v1/openapi.json'), null))
await write('openapi-admin.json', buildAdminApi(deps).handle(ask('/admin/openapi.json')))
