import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Bench } from './bench.ts'
import type { Result } from './report.ts'

const CADDY = '2.11.9'
const CACHE = process.env.TEST_CACHE ?? join(import.meta.dir, '../../.cache')

/** Built from source as livekit-server is, and for the same reason. */
const caddy = async (): Promise<string> => {
  const folder = resolve(CACHE, `caddy-${CADDY}`)
  const path = join(folder, 'caddy')
  if (existsSync(path)) return path
  console.error(`building Caddy ${CADDY}: some minutes, once …`)
  mkdirSync(folder, { recursive: true })
  const module = `github.com/caddyserver/caddy/v2/cmd/caddy@v${CADDY}`
  const go = Bun.spawn(['go', 'install', '-ldflags', '-s -w', module], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-trimpath', CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = await new Response(go.stderr).text()
  if ((await go.exited) !== 0) throw new Error(`go install ${module}: ${said.slice(-1000)}`)
  return path
}

/**
 * Processes and network of its own, which end with it: there 443 is free, and every address we like is
 * one of ours. Needs root, or a kernel that lets everybody have such namespaces.
 */
const UNSHARE = ['unshare', '--net', '--pid', '--mount-proc', '--fork', '--kill-child']
const AS_USER = ['--map-root-user']

/** The rows about the encrypted edge, measured by `edge-inside.ts`. */
export const edge: Bench = {
  id: 'edge',
  async measure({ binary, dir }) {
    const server = await caddy()
    const folder = join(dir, 'edge')
    mkdirSync(folder)
    const inside = [process.execPath, join(import.meta.dir, 'edge-inside.ts')]
    const user = process.getuid?.() === 0 ? [] : AS_USER
    const child = Bun.spawn([...UNSHARE, ...user, ...inside, resolve(binary), server, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const text = await new Response(child.stdout).text()
    if ((await child.exited) !== 0) throw new Error('the measurement in a namespace failed')
    return JSON.parse(text) as Result[]
  },
}
