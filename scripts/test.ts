/** Runs the rings of tests one after the other and ends with the line `N passed, N failed`. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Ring → milliseconds that one of its tests may take, unless the test says otherwise. */
const RINGS = { unit: 20_000, api: 20_000, e2e: 180_000 } as const
type Ring = keyof typeof RINGS

interface Count {
  passed: number
  failed: number
}

const root = join(import.meta.dir, '..')
const { GOLIVE_CACHE: cache = join(root, '.cache'), ...others } = process.env
/** golive refuses variables named GOLIVE_* that are no keys of its configuration. */
const env = { ...others, TEST_CACHE: cache }

const main = async ([only, ...rest]: string[]): Promise<number> => {
  const counts: Count[] = []
  if (only === undefined || only === 'check') {
    counts.push(run('biome', 'check', '.'), run('tsc', '--noEmit'))
  }
  for (const ring of Object.keys(RINGS) as Ring[]) {
    if (only !== undefined && only !== ring) continue
    if (ring === 'e2e') counts.push(run('scripts/build'))
    counts.push(await runRing(ring, rest))
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  console.log(`\n${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** What is not a test counts only when it fails. */
const run = (...cmd: string[]): Count => {
  console.error(`==> ${cmd.join(' ')}`)
  const success = succeeds(cmd, process.env)
  return { passed: 0, failed: success ? 0 : 1 }
}

const succeeds = (cmd: string[], env: NodeJS.ProcessEnv): boolean =>
  Bun.spawnSync({ cmd, cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] }).success

const runRing = async (ring: Ring, words: string[]): Promise<Count> => {
  const report = join(cache, `test-${ring}.xml`)
  rmSync(report, { force: true })
  const files = await filesOf(
    ring,
    words.filter((word) => !word.startsWith('-')),
  )
  const cmd = [
    ...[
      'bun',
      'test',
      `--timeout=${RINGS[ring]}`,
      '--reporter=junit',
      `--reporter-outfile=${report}`,
    ],
    ...words.filter((word) => word.startsWith('-')),
    ...files,
  ]
  console.error(`==> test/${ring}`)
  const success = succeeds(cmd, env)
  return countOf(report, success)
}

const filesOf = async (ring: Ring, parts: string[]): Promise<string[]> => {
  const all = await Array.fromAsync(new Bun.Glob(`test/${ring}/**/*.test.ts`).scan({ cwd: root }))
  const wanted = all.filter(
    (file) => parts.length === 0 || parts.some((part) => file.includes(part)),
  )
  return wanted.sort().map((file) => `./${file}`)
}

/** A ring that ran no test, or ended badly without naming one, has failed too. */
const countOf = (report: string, success: boolean): Count => {
  const head = existsSync(report) ? readFileSync(report, 'utf8').slice(0, 1000) : ''
  const attribute = (name: string) =>
    Number(new RegExp(`<testsuites [^>]*${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const failed = attribute('failures')
  const passed = attribute('tests') - failed - attribute('skipped')
  return { passed, failed: passed === 0 || !success ? Math.max(failed, 1) : failed }
}

process.exit(await main(process.argv.slice(2)))
