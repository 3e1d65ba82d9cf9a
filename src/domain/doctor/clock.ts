import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { within } from '../../lib/deadline.ts'
import { clockAheadOf } from '../../lib/sntp.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const ANSWER_MS = 4000
const TIME_SERVER = 'pool.ntp.org'
const NTP_PORT = 123
/** Join tokens are accepted this long after their end, for the sake of clocks. */
const LEEWAY_MS = 5000
/** Certificates and tokens of others stop working. */
const HOPELESS_MS = 60_000
/** A Date header says whole seconds. */
const HALF_SECOND_MS = 500

/** This machine's clock against one that is right. */
export const checkClock = async (check: Check, { config }: Subject): Promise<Finding> => {
  const { mode } = config.tls
  if (mode === 'localhost') return check.skipped('only this machine itself is served')
  const sources = [
    () => aheadOfCa(config.tls.acme_directory, config.tls.acme_root),
    () => clockAheadOf(TIME_SERVER, NTP_PORT, ANSWER_MS),
  ]
  // Only who asks the certificate authority anyway should be asking it for the time.
  if (mode !== 'domain' && mode !== 'ip') sources.reverse()
  const ahead = await firstAnswer(sources)
  if (ahead === null)
    return check.skipped('neither the certificate authority nor a time server answered')
  return judged(check, ahead)
}

const judged = (check: Check, ahead: number): Finding => {
  const seconds = (Math.abs(ahead) / 1000).toLocaleString('en-US', { maximumFractionDigits: 1 })
  const said = `${seconds} seconds ${ahead > 0 ? 'ahead' : 'behind'}`
  const fix = 'timedatectl set-ntp true  # apt install systemd-timesyncd where it is missing'
  if (Math.abs(ahead) < LEEWAY_MS)
    return check.ok(`right within ${Math.ceil(Math.abs(ahead) / 1000) || 1} s`)
  if (Math.abs(ahead) < HOPELESS_MS) return check.warn(said, fix)
  return check.fail(`${said}: certificates and tokens are judged wrongly`, fix)
}

const firstAnswer = async (sources: (() => Promise<number>)[]): Promise<number | null> => {
  for (const source of sources) {
    const ahead = await source().catch(() => null)
    if (ahead !== null) return ahead
  }
  return null
}

/**
 * By the Date of an answer. Its certificate is not verified: with a clock that is wrong it could not
 * be, and only the time is believed.
 */
const aheadOfCa = async (directory: string, root: string | null): Promise<number> => {
  const asked = Date.now()
  const date = await within(ANSWER_MS, dateOf(directory, root))
  const now = (asked + Date.now()) / 2
  return now - (date + HALF_SECOND_MS)
}

const dateOf = (address: string, root: string | null): Promise<number> =>
  new Promise((done, fail) => {
    const ca = root === null ? {} : { ca: readFileSync(root) }
    const asking = request(address, {
      method: 'HEAD',
      agent: false,
      timeout: ANSWER_MS,
      rejectUnauthorized: false,
      ...ca,
    })
    asking.on('response', (answer) => {
      answer.resume()
      const date = Date.parse(answer.headers.date ?? '')
      if (Number.isNaN(date)) fail(new Error('it tells no time'))
      else done(date)
    })
    asking.on('timeout', () => asking.destroy(new Error('timeout')))
    asking.on('error', fail)
    asking.end()
  })
