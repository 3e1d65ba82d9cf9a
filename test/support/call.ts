import type { Chromium, Person } from './chromium.ts'
import type { Gap } from './page-api.ts'
import type { TenantClient } from './tenant-client.ts'
import { until } from './wait.ts'

/** The longest that any stream stood still, in milliseconds. */
export const longestGap = (gaps: Gap[]): number => Math.max(...gaps.map((gap) => gap.longestMs))

export type Watcher = Pick<Person, 'seesAndHears'>

/** Waits until each of these people decodes the video and the audio of each other one. */
export const untilAllSeeAndHear = async (people: Record<string, Watcher>): Promise<void> => {
  const pairs = Object.entries(people).flatMap(([name, watcher]) =>
    Object.keys(people)
      .filter((other) => other !== name)
      .map((other) =>
        until(`${name} sees and hears ${other}`, () => watcher.seesAndHears(other), {
          timeoutMs: 40_000,
        }),
      ),
  )
  await Promise.all(pairs)
}

/** Waits until every stream that `person` receives has grown by that many frames since the mark. */
export const untilGrown = async (
  person: Person,
  frames: number,
  timeoutMs = 40_000,
): Promise<Gap[]> => {
  const grown = async () => {
    const gaps = await person.gaps()
    const video = gaps.filter((gap) => gap.kind === 'video')
    const all = video.length > 0 && video.every((gap) => gap.grown >= frames)
    if (all && gaps.every((gap) => gap.grown > 0)) return gaps
    throw new Error(`only ${JSON.stringify(gaps)}`)
  }
  return until(`${frames} more frames are decoded`, grown, { timeoutMs })
}

export interface Pair extends AsyncDisposable {
  alice: Person
  bob: Person
}

/** Two browsers that see and hear each other in that room; alice on today's path, bob on the old one. */
export const pairInCall = async (
  browser: Chromium,
  tenant: TenantClient,
  room: string,
): Promise<Pair> => {
  const [alice, bob] = await Promise.all([browser.person(), browser.person()])
  const close = async () => {
    await Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]()))
  }
  try {
    await alice.join(await tenant.mint(room, 'alice'))
    await bob.join(await tenant.mint(room, 'bob'), { path: 'old' })
    await untilAllSeeAndHear({ alice, bob })
  } catch (error) {
    await close()
    throw error
  }
  return { alice, bob, [Symbol.asyncDispose]: close }
}
