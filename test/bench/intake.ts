import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { loadSecrets } from '../../src/config/secrets.ts'
import { sha256Base64 } from '../../src/lib/crypto.ts'
import { signJwt } from '../../src/lib/jwt.ts'
import { readRecord } from '../../src/livekit/record.ts'
import { HOOK_PATH } from '../../src/livekit/webhook.ts'
import type { Bench } from './bench.ts'
import { type BenchTenant, createRoom, createTenant, TOKEN_BODY } from './golive-api.ts'
import { load, postRequest, startLoad, type Target } from './load.ts'
import type { RunningGolive } from './processes.ts'
import { type Result, spread } from './report.ts'

/** livekit-server reports one event at a time for each room. */
const ROOMS = 64
const PEOPLE = 4
const MINUTES = 10
const CALLS_PER_BURST = 8
const BURSTS = 5
const SECONDS = 2
const PAIRS = 5
/** More than are taken in while the mints are counted. */
const CALLS_BESIDE = 24

interface Reporter {
  golive: RunningGolive
  tenant: BenchTenant
  secret: Buffer
  target: Omit<Target, 'requests'>
}

const reporter = async (golive: RunningGolive, slug: string): Promise<Reporter> => {
  const tenant = await createTenant(golive, slug)
  await createRoom(golive, tenant, 'bench')
  const port = readRecord(join(golive.dataDir, 'livekit'))?.ports.hook
  if (!port) throw new Error('there is no port for reports')
  const { livekit } = loadSecrets(golive.dataDir, {})
  const secret = Buffer.from(livekit.toString('base64url'))
  return { golive, tenant, secret, target: { port, pids: [golive.pid] } }
}

/** As livekit-server sends it. */
const report = ({ secret }: Reporter, event: object): string => {
  const now = Math.floor(Date.now() / 1000)
  const body = { id: `EV_${unique()}`, createdAt: String(now), ...event }
  const sha256 = sha256Base64(JSON.stringify(body))
  const token = signJwt({ iss: 'golive', nbf: now, exp: now + 300, sha256 }, secret)
  return postRequest(HOOK_PATH, token, body)
}

let made = 0
const unique = (): string => (made++).toString(36).padStart(12, '0')

/** What is reported of a whole call: people who come, publish two tracks each, and leave. */
const callOf = (reporter: Reporter, name: string): string[] => {
  const room = { sid: `RM_${unique()}`, name }
  const people = Array.from({ length: PEOPLE }, (_, n) => ({
    ...{ sid: `PA_${unique()}`, identity: `user-${n}`, name: `Jane Doe ${n}`, state: 'ACTIVE' },
    ...{ joinedAt: String(Math.floor(Date.now() / 1000)), joinedAtMs: String(Date.now()) },
    permission: { canSubscribe: true, canPublish: true, canPublishData: true },
  }))
  const tell = (event: string, participant: object, more: object = {}) =>
    report(reporter, { event, room, participant, ...more })
  const tracks = people.map(() => [
    { sid: `TR_${unique()}`, source: 'MICROPHONE', mimeType: 'audio/opus' },
    { sid: `TR_${unique()}`, type: 'VIDEO', source: 'CAMERA', mimeType: 'video/VP8' },
  ])
  const events = (what: string) =>
    people.flatMap((one, n) => (tracks[n] ?? []).map((track) => tell(what, one, { track })))
  return [
    ...people.map((one) => tell('participant_joined', one)),
    ...events('track_published'),
    ...events('track_unpublished'),
    ...people.map((one) =>
      tell('participant_left', { ...one, disconnectReason: 'CLIENT_INITIATED' }),
    ),
    report(reporter, { event: 'room_finished', room }),
  ]
}

/** Calls in all rooms at once, one event of each in turn. */
const burst = (reporter: Reporter, calls: number): string[] => {
  const rooms = Array.from({ length: ROOMS }, (_, n) =>
    Array.from({ length: calls }, () =>
      callOf(reporter, `${reporter.tenant.slug}__room-${n}`),
    ).flat(),
  )
  const [first = []] = rooms
  return first.flatMap((_, at) => rooms.map((room) => room[at] as string))
}

const bytesOf = ({ golive }: Reporter): number => {
  const db = new Database(join(golive.dataDir, 'golive.db'), { readonly: true })
  const { bytes } = db
    .query('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    .get() as { bytes: number }
  db.close()
  return bytes
}

const intakeRows = async (from: Reporter): Promise<Result[]> => {
  const before = bytesOf(from)
  const rates: number[] = []
  const cpu: number[] = []
  for (let n = 0; n < BURSTS; n++) {
    const requests = burst(from, CALLS_PER_BURST)
    const job = { ...from.target, requests }
    const { perSecond, cpuMicros } = await load(job, { connections: ROOMS, once: true })
    rates.push(perSecond)
    cpu.push(cpuMicros)
  }
  const minutes = ROOMS * CALLS_PER_BURST * BURSTS * PEOPLE * MINUTES
  const grown = ((bytesOf(from) - before) / minutes) * 1000
  const measured = spread(rates)
  return [
    {
      ...{ id: 'intake', what: `reports a second until durable, ${ROOMS} rooms`, against: '–' },
      ...{ target: 'aim ≥ 2000', unit: '/s', ...measured, reached: measured.median >= 2000 },
      details: { cpu_micros: spread(cpu).median },
    },
    {
      ...{ id: 'growth', what: '1000 participant minutes, 10 min calls of 4', against: '–' },
      ...{ target: 'report', unit: 'MB', ...spread([grown / 1024 / 1024]), reached: null },
      details: { bytes: Math.round(grown) },
    },
  ]
}

/** Mints while reports come as fast as they are taken in, against mints alone. */
const mintRow = async (from: Reporter): Promise<Result> => {
  const { golive, tenant } = from
  const mint = postRequest('/api/v1/rooms/bench/tokens', tenant.authorization, TOKEN_BODY)
  const mints: Target = { port: golive.port, pids: [golive.pid], requests: [mint] }
  const ratios: number[] = []
  const beside: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const alone = await load(mints, { seconds: SECONDS })
    const requests = burst(from, CALLS_BESIDE)
    const reports = startLoad(
      { ...from.target, requests },
      { connections: ROOMS, seconds: SECONDS },
    )
    const { perSecond } = await load(mints, { seconds: SECONDS })
    beside.push((await reports).answers / SECONDS)
    ratios.push(perSecond / alone.perSecond)
  }
  const measured = spread(ratios)
  return {
    ...{ id: 'mint-intake', what: 'mint while reports are taken in', against: 'mint alone' },
    ...{ target: '≥ 0.7', unit: '×', ...measured, reached: measured.median >= 0.7 },
    details: { reports_per_second: spread(beside).median },
  }
}

/** How fast livekit-server's reports are written down, and at what cost. */
export const intake: Bench = {
  id: 'intake',
  async measure({ golive }) {
    const from = await reporter(await golive(), 'intake')
    return [...(await intakeRows(from)), await mintRow(from)]
  },
}
