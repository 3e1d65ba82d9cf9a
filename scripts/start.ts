/** Runs dist/golive in the foreground; once it is ready, prints how to make the first call. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, loadConfig } from '../src/config/load.ts'
import type { Config } from '../src/config/schema.ts'
import { sleep } from '../src/lib/clock.ts'

const GOLIVE = join(import.meta.dir, '../dist/golive')
/** The server's log would push the help off the screen. */
const LOG = 'golive.log'
const TENANT = 'demo'

const main = async (): Promise<number> => {
  const base = baseUrl(readConfig())
  const server = startServer()
  if (await isReady(base, server)) await printHelp(base)
  return server.exited
}

const readConfig = (): Config => {
  try {
    return loadConfig(undefined, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(3)
  }
}

const baseUrl = ({ server: { host, port } }: Config): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Detached from the terminal, so that Ctrl-C reaches it once, as the one signal that stops all. */
const startServer = (): Bun.Subprocess => {
  const log = openSync(LOG, 'w')
  const server = Bun.spawn([GOLIVE, 'serve'], {
    stdio: ['ignore', log, 'inherit'],
    detached: true,
  })
  closeSync(log)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => server.kill('SIGTERM'))
  }
  return server
}

const isReady = async (base: string, server: Bun.Subprocess): Promise<boolean> => {
  const patience = setTimeout(() => console.error(`Still not ready; ${LOG} tells why.`), 15_000)
  try {
    while (server.exitCode === null && server.signalCode === null) {
      const answer = await fetch(`${base}/readyz`).catch(() => null)
      if (answer?.ok) return true
      await sleep(50)
    }
    return false
  } finally {
    clearTimeout(patience)
  }
}

/** What a command of ours answers, or null when it refuses. */
const golive = (...words: string[]): Record<string, string> | null => {
  const { exitCode, stdout } = Bun.spawnSync([GOLIVE, ...words, '--json'])
  return exitCode === 0 ? JSON.parse(stdout.toString()) : null
}

const printHelp = async (base: string): Promise<void> => {
  const made = golive('tenant', 'show', TENANT) ? null : golive('tenant', 'create', TENANT)
  console.log(`
GoLive runs at ${base} and stops on Ctrl-C. Its log is in ${LOG}.
API documentation: ${base}/api/v1/docs    Commands: dist/golive --help
Dashboard: ${base}/ui    An account for it: dist/golive admin create you@example.com
${made ? newTenant(made) : knownTenant()}
What the tenant's backend does; each line works as it stands, in another terminal:

${curls(base, made ?? { api_key: 'API_KEY', api_secret: 'API_SECRET' })}

A call in the browser, one window for each link (valid for an hour):

${['alice', 'bob'].map(link).join('\n')}
`)
}

const newTenant = ({ api_key, api_secret }: Record<string, string>): string => `
The tenant "${TENANT}" was created for you. Its secret is shown this once:

  api_key     ${api_key}
  api_secret  ${api_secret}
`

const knownTenant = (): string => `
The secret of the tenant "${TENANT}" was shown when it was created. For a new key and secret:

  dist/golive key create ${TENANT}

Put them in place of API_KEY and API_SECRET.
`

const curls = (base: string, { api_key, api_secret }: Record<string, string>): string => {
  const curl = (path: string, body?: object): string => {
    const data = body ? ` -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'` : ''
    return `  curl -u ${api_key}:${api_secret} ${base}/api/v1${path}${data}`
  }
  return [
    curl('/rooms', { name: 'team-standup' }),
    curl('/rooms/team-standup/tokens', { identity: 'user-123', name: 'Jane Doe' }),
    curl('/rooms'),
  ].join('\n')
}

const link = (identity: string): string => {
  const minted = golive('token', TENANT, 'first-call', '--identity', identity, '--create-room')
  return `  ${identity.padEnd(5)}  ${minted?.link ?? 'was refused a token'}`
}

process.exit(await main())
