import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { GoLive } from './golive.ts'
import { asRebuilt, type Rebuilt, rebuilt, type WireEvent } from './rebuild.ts'
import { readWritten, type Written } from './record.ts'
import { Rounds } from './rounds.ts'
import { type Logged, wrongsOf } from './tally.ts'
import type { TenantClient } from './tenant-client.ts'
import { until } from './wait.ts'

/** By then whoever vanished is noticed, and their room given up. */
const OVER_MS = 60_000
const PAGE = 100

/** Waits until no call goes on as far as the record says. */
export const untilOver = async (golive: GoLive): Promise<Written> => {
  await until(
    'no session is open',
    () => readWritten(golive.dataDir).sessions.every((row) => row.ended_at !== null),
    { timeoutMs: OVER_MS },
  )
  return readWritten(golive.dataDir)
}

/** All events from the first, page by page, as a consumer reads them. */
export const allEvents = async (tenant: TenantClient): Promise<WireEvent[]> => {
  const events: WireEvent[] = []
  for (let after = 0; ; ) {
    const path = `/events?after=${after}&limit=${PAGE}`
    const { status, body } = await tenant.call<{
      data: WireEvent[]
      next_after: number
      last_seq: number
    }>('GET', path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
    events.push(...body.data)
    if (body.next_after >= body.last_seq) return events
    after = body.next_after
  }
}

/** What does not fit together within the record: its numbers, its sums, and what its events tell. */
export const discordsOf = (events: WireEvent[], written: Written): string[] => {
  const discords: string[] = []
  if (events.some((event, at) => event.seq !== at + 1)) discords.push('the numbers have gaps')
  const spent = written.stays.reduce((sum, one) => sum + (one.left_at ?? 0) - one.joined_at, 0)
  const billed = written.days.reduce((sum, one) => sum + one.participant_ms, 0)
  if (spent !== billed) discords.push(`stays add up to ${spent} ms, usage to ${billed} ms`)
  const [told, kept] = [rebuilt(events), asRebuilt(written)]
  for (const part of Object.keys(told) as (keyof Rebuilt)[])
    if (!isDeepStrictEqual(told[part], kept[part])) discords.push(difference(part, told, kept))
  return discords
}

const difference = (part: keyof Rebuilt, told: Rebuilt, kept: Rebuilt): string => {
  const [a, b] = [told[part].map(json), kept[part].map(json)]
  const only = (these: string[], those: string[]) => these.filter((one) => !those.includes(one))
  return `events and ${part} differ:\n  events: ${only(a, b)}\n  ${part}: ${only(b, a)}`
}

const json = (value: unknown): string => JSON.stringify(value)

/** What livekit-server's logs say of each stay, by its id. */
export const loggedIn = ({ dataDir }: GoLive): Map<string, Logged> => {
  const logged = new Map<string, Logged>()
  for (const text of logLines(join(dataDir, 'livekit'))) {
    const { participantID: sid, participant: identity, room, ts, msg } = JSON.parse(text) as LogLine
    const before = logged.get(sid)
    const at = Math.floor(ts * 1000)
    const wasActive = (before?.wasActive ?? false) || msg === 'participant active'
    logged.set(sid, { identity, room, since: Math.min(before?.since ?? at, at), wasActive })
  }
  return logged
}

interface LogLine {
  ts: number
  msg: string
  room: string
  participant: string
  participantID: string
}

const logLines = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('livekit.log'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => /^\{.*"participantID":"\w.*\}$/.test(line))

/** So many rounds on a running server; answers what was wrong, with how it came to it. */
export const runRounds = async (
  golive: GoLive,
  tenant: TenantClient,
  { rounds, seed }: { rounds: number; seed: number },
): Promise<{ wrongs: string[]; written: Written; run: Rounds }> => {
  const run = new Rounds(golive, tenant, seed)
  await run.run(rounds)
  await run.end()
  const written = await untilOver(golive)
  const events = await allEvents(tenant)
  const wrongs = [...discordsOf(events, written), ...wrongsOf(run, written, loggedIn(golive))]
  if (wrongs.length > 0) wrongs.push(`seed ${seed}\n${run.story.join('\n')}`)
  return { wrongs, written, run }
}
