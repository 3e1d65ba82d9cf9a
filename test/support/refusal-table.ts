import type { RefusalCode } from '../../src/domain/refusal.ts'
import type { GoLive } from './golive.ts'
import { claimsOf, forge, livekitToken, secondsFromNow, secretsOf, tamper } from './jwt-forge.ts'
import { withNonsense, withoutUpgrade } from './meddling-proxy.ts'
import type { Operator } from './operator.ts'
import { kill, pidsFrom } from './processes.ts'
import { askValidate } from './refusal.ts'
import { SignalClient } from './signal-client.ts'
import { TenantClient } from './tenant-client.ts'
import { until } from './wait.ts'

/** What the rows have to arrange refusals with. */
export interface World {
  golive: GoLive
  operator: Operator
  tenant: TenantClient
  /** a server with room for one person alone */
  tiny: GoLive
  tinyTenant: TenantClient
  /** undone when a row is through, last first */
  undo: (() => Promise<unknown> | unknown)[]
}

interface Case {
  name: string
  /** makes the world as it must be and answers the token that is then refused */
  token: (world: World) => Promise<string | null>
}

interface Row {
  status: number
  /** what stands between the person and the server */
  meddling?: (head: string) => string
  /** it is asked of the server with room for one */
  isTiny?: true
  cases: [Case, ...Case[]]
}

const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString()

const mintInto = async (
  { tenant }: World,
  room: string,
  input: Record<string, unknown> = {},
): Promise<string> => {
  await tenant.createRoom(room, input)
  return (await tenant.mint(room, 'ann')).token
}

const good = (world: World): Promise<string> => mintInto(world, 'open')

/** Signed with the server's own key: only the claims can be the reason. */
const resign = async (world: World, change: Record<string, unknown>): Promise<string> =>
  forge({ ...claimsOf(await good(world)), ...change }, secretsOf(world.golive.dataDir).join)

/** Somebody in a room, until the row is through. */
const seat = async (
  { undo }: World,
  tenant: TenantClient,
  room: string,
  identity: string,
): Promise<void> => {
  const client = await SignalClient.join(await tenant.mint(room, identity))
  undo.push(() => client.close())
}

/** Keeps livekit-server down: whenever one comes up it is killed again. */
const keepDown = async ({ tiny, undo }: World, token: string): Promise<void> => {
  const killAll = () => {
    for (const pid of pidsFrom(`${tiny.dataDir}/livekit`)) kill(pid, 'SIGKILL')
  }
  killAll()
  const timer = setInterval(killAll, 20)
  undo.push(() => clearInterval(timer))
  const answer = async () => (await askValidate(tiny.port, '/rtc', token)).body
  const isKnown = async () => (await answer()).startsWith('media_unavailable')
  await until('the gate knows that livekit-server is down', isKnown)
}

/** The SDK hands on the sentences of these alone. */
const TOLD = new Set([401, 403, 404])

/** Every refusal of the join gate. A code without a row does not compile. */
export const REFUSALS: Record<RefusalCode, Row> = {
  token_missing: {
    status: 401,
    cases: [
      { name: 'no token', token: async () => null },
      { name: 'an empty token', token: async () => '' },
    ],
  },
  token_invalid: {
    status: 401,
    cases: [
      {
        name: 'a token whose holder gave himself another name',
        token: async (world) => tamper(await good(world), { sub: 'admin' }),
      },
      {
        name: 'a token moved to another room by its holder',
        token: async (world) => {
          const { video, golive } = claimsOf(await mintInto(world, 'other'))
          return tamper(await good(world), { video, golive })
        },
      },
      {
        name: 'a refresh token as livekit-server itself signs it',
        token: async ({ golive }) => livekitToken(secretsOf(golive.dataDir), 'acme__open', 'ann'),
      },
    ],
  },
  token_expired: {
    status: 401,
    cases: [
      {
        name: 'an expired token',
        token: (world) =>
          resign(world, {
            iat: secondsFromNow(-120),
            nbf: secondsFromNow(-120),
            exp: secondsFromNow(-10),
          }),
      },
    ],
  },
  token_not_yet_valid: {
    status: 401,
    cases: [
      {
        name: 'a token from the future',
        token: (world) => resign(world, { nbf: secondsFromNow(90) }),
      },
    ],
  },
  token_revoked: {
    status: 401,
    cases: [
      {
        name: 'a token of somebody who was put out since',
        token: async (world) => {
          const token = await mintInto(world, 'out')
          await world.tenant.call('POST', '/rooms/out/revocations', { identity: 'ann' })
          return token
        },
      },
      {
        name: "a token of a room's former life",
        token: async (world) => {
          const token = await mintInto(world, 'again')
          await world.tenant.deleteRoom('again')
          await world.tenant.createRoom('again')
          return token
        },
      },
      {
        name: 'a token minted by a key that was deleted since',
        token: async (world) => {
          const { golive, operator } = world
          await good(world)
          const second = await operator.createKey('acme')
          const { token } = await new TenantClient(golive.url, second).mint('open', 'ann')
          await operator.deleteKey('acme', second.api_key)
          return token
        },
      },
    ],
  },
  tenant_deactivated: {
    status: 401,
    cases: [
      {
        name: 'a token of a deactivated tenant',
        token: async ({ operator }) => {
          const sleepy = await operator.tenant('sleepy')
          await sleepy.createRoom('open')
          const { token } = await sleepy.mint('open', 'ann')
          await operator.setStatus('sleepy', 'deactivated')
          return token
        },
      },
    ],
  },
  room_locked: {
    status: 403,
    cases: [
      { name: 'a locked room', token: (world) => mintInto(world, 'locked', { locked: true }) },
    ],
  },
  room_not_open: {
    status: 403,
    cases: [
      {
        name: 'a room that opens later',
        token: (world) => mintInto(world, 'early', { opens_at: hours(1) }),
      },
    ],
  },
  room_closed: {
    status: 403,
    cases: [
      {
        name: 'a room that has closed',
        token: (world) => mintInto(world, 'late', { opens_at: hours(-2), closes_at: hours(-1) }),
      },
    ],
  },
  room_full: {
    status: 403,
    cases: [
      {
        name: 'a third person in a room of two',
        token: async (world) => {
          const token = await mintInto(world, 'pair', { max_participants: 2 })
          for (const identity of ['one', 'two']) await seat(world, world.tenant, 'pair', identity)
          return token
        },
      },
    ],
  },
  tenant_full: {
    status: 403,
    cases: [
      {
        name: 'a second person of a tenant that may have one in calls',
        token: async (world) => {
          const narrow = await world.operator.tenant('narrow', { max_concurrent_participants: 1 })
          for (const room of ['one', 'two']) await narrow.createRoom(room)
          await seat(world, narrow, 'one', 'ann')
          return (await narrow.mint('two', 'bob')).token
        },
      },
    ],
  },
  identity_banned: {
    status: 403,
    cases: [
      {
        name: 'somebody who is banned for good, with a new token',
        token: async (world) => {
          await world.tenant.createRoom('strict')
          await world.tenant.call('DELETE', '/rooms/strict/participants/ann?ban=true')
          return mintInto(world, 'strict')
        },
      },
      {
        name: 'somebody who is banned for an hour',
        token: async (world) => {
          await world.tenant.createRoom('calm')
          await world.tenant.call('DELETE', '/rooms/calm/participants/ann?ban_seconds=3600')
          return mintInto(world, 'calm')
        },
      },
    ],
  },
  duplicate_identity: {
    status: 403,
    cases: [
      {
        name: 'somebody who is in the room already, with a token that rejects a second one',
        token: async (world) => {
          const { tenant } = world
          await tenant.createRoom('single')
          await seat(world, tenant, 'single', 'ann')
          return (await tenant.mint('single', 'ann', { on_duplicate: 'reject' })).token
        },
      },
    ],
  },
  minutes_exhausted: {
    status: 403,
    cases: [
      {
        name: 'a tenant whose minutes of the month are used up',
        token: async ({ operator }) => {
          const spent = await operator.tenant('spent', { participant_minutes_per_month: 0 })
          await spent.createRoom('open')
          return (await spent.mint('open', 'ann')).token
        },
      },
    ],
  },
  room_not_found: {
    status: 404,
    cases: [
      {
        name: 'a token of a deleted room',
        token: async (world) => {
          const token = await mintInto(world, 'gone')
          await world.tenant.deleteRoom('gone')
          return token
        },
      },
    ],
  },
  upgrade_required: {
    status: 426,
    meddling: withoutUpgrade,
    cases: [{ name: 'a good token behind a proxy without WebSockets', token: good }],
  },
  request_refused: {
    status: 400,
    meddling: withNonsense,
    cases: [{ name: 'a good token with what the media server does not take', token: good }],
  },
  server_full: {
    status: 503,
    isTiny: true,
    cases: [
      {
        name: 'a second person on a server with room for one',
        token: async (world) => {
          const { tinyTenant } = world
          await tinyTenant.createRoom('open')
          await seat(world, tinyTenant, 'open', 'ann')
          return (await tinyTenant.mint('open', 'bob')).token
        },
      },
    ],
  },
  media_unavailable: {
    status: 503,
    isTiny: true,
    cases: [
      {
        name: 'a good token while livekit-server is down',
        token: async (world) => {
          await world.tinyTenant.createRoom('open')
          const { token } = await world.tinyTenant.mint('open', 'carol')
          await keepDown(world, token)
          return token
        },
      },
    ],
  },
}

/** One test each. */
export const cases = Object.entries(REFUSALS).flatMap(([code, { cases, ...row }]) =>
  cases.map((one) => ({ code, ...row, ...one, isTold: TOLD.has(row.status) })),
)
