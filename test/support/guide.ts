import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Credentials } from './tenant-client.ts'

/** The samples as a reader copies them from the page, by their names. */
export const samplesOn = async (page: Page): Promise<Record<string, string>> =>
  Object.fromEntries(
    await page.evaluate(() =>
      [...document.querySelectorAll('.sample')].map((sample) => [
        sample.id.replace('sample-', ''),
        `${sample.querySelector('code')?.textContent}\n`,
      ]),
    ),
  )

export interface Run {
  code: number
  stdout: string
  stderr: string
}

/** A newcomer's folder: samples are saved, run and bundled there. */
export class Workplace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'golive-guide-'))

  constructor() {
    // What "npm install" would have brought; that the packages are those of the page is a test.
    symlinkSync(join(import.meta.dir, '../../node_modules'), join(this.folder, 'node_modules'))
  }

  save(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  async run(cmd: string[], { api_key, api_secret }: Credentials): Promise<Run> {
    const child = Bun.spawn(cmd, {
      cwd: this.folder,
      env: { ...process.env, GOLIVE_API_KEY: api_key, GOLIVE_API_SECRET: api_secret },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 150_000,
      killSignal: 'SIGKILL',
    })
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { code, stdout, stderr }
  }

  /** One script with all that it imports; styles are left aside. */
  async bundle(path: string): Promise<string> {
    const built = await Bun.build({
      entrypoints: [path],
      target: 'browser',
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    const script = built.outputs.find((output) => output.path.endsWith('.js'))
    if (!script) throw new Error(`the sample did not build: ${built.logs.join('\n')}`)
    return script.text()
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The app of the samples: one page, one script, and the backend's own endpoint. */
export const serveApp = (
  html: string,
  script: string,
  callToken: () => Promise<unknown>,
): Bun.Server<undefined> =>
  Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/call.js')
        return new Response(script, { headers: { 'content-type': 'text/javascript' } })
      if (pathname === '/call-token')
        return request.method === 'POST'
          ? Response.json(await callToken())
          : new Response(null, { status: 405 })
      return new Response(`<!doctype html><meta charset="utf-8"><body>${html}`, {
        headers: { 'content-type': 'text/html' },
      })
    },
  })

const APT = 'apt-get update -q && apt-get install -q -y --no-install-recommends php-cli'

/** @returns null, or why PHP cannot be run here */
export const missingPhp = (): string | null => {
  if (Bun.which('php')) return null
  if (process.getuid?.() !== 0 || !Bun.which('apt-get'))
    return 'PHP is missing: install php-cli to run its sample'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { success } = Bun.spawnSync(['bash', '-c', APT], {
    env,
    stdout: 'ignore',
    stderr: 'ignore',
  })
  return success && Bun.which('php', { PATH: process.env.PATH ?? '' })
    ? null
    : 'PHP is missing, and apt-get could not install php-cli'
}
