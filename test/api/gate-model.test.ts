import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Seat } from '../../src/domain/seat.ts'
import { type Key, TestApi } from '../support/api.ts'

/**
 * The gate against a plain model of what it promises: random histories of all that tenants, people and
 * processes do, each step compared, and what is said of a token beforehand with what then comes of it. The
 * database, the caches, the seats and the rules are the real ones.
 */

const HISTORIES = 4000
const STEPS = 30
const PEOPLE = ['ann', 'bob', 'cy', 'dee'] as const
const ROOM_SEATS = 2
const TENANT_SEATS = 3

type Identity = (typeof PEOPLE)[number]
type RoomName = 'one' | 'two'

interface Token {
  text: string
  identity: Identity
  room: RoomName
  /** which life of the room it is for */
  life: number
  key: number
  issuedAt: number
}

interface Present {
  seat: Seat
  key: number
  issuedAt: number
}

interface ModelRoom {
  life: number
  locked: boolean
  present: Map<Identity, Present>
  /** who was in the call when livekit-server died: a lock is not for them */
  cutOff: Map<Identity, Present>
  revokedBefore: Map<Identity, number>
  bans: Set<Identity>
  allRevokedBefore: number
}

let api: TestApi
let count = 0

beforeAll(async () => {
  api = new TestApi()
  await api.livekitUp()
})

afterAll(() => api.close())

/** One tenant with its history, and beside it what should be true. */
class World {
  readonly slug = `t${++count}`
  readonly keys: (Key & { revokedBefore: number; isDeleted: boolean })[] = []
  readonly tokens: Token[] = []
  readonly rooms: Record<RoomName, ModelRoom> = { one: newRoom(), two: newRoom() }
  isActive = true
  isUp = true
  revokedBefore = -1

  async begin(): Promise<void> {
    const limits = { max_concurrent_participants: TENANT_SEATS, ...GENEROUS }
    const { body } = await api.admin('POST', '/tenants', { json: { slug: this.slug, limits } })
    this.keys.push({ ...body, revokedBefore: -1, isDeleted: false })
    for (const name of ['one', 'two'] as const) await this.#createRoom(name)
  }

  async #createRoom(name: RoomName): Promise<void> {
    const json = { name, max_participants: ROOM_SEATS }
    await api.v1('POST', '/rooms', { key: this.keys[0] as Key, json })
  }

  /** For what needs a key that works whatever happened to the others. */
  get #works(): Key | undefined {
    return this.isActive ? this.keys.findLast((key) => !key.isDeleted) : undefined
  }

  async mint(identity: Identity, room: RoomName): Promise<void> {
    const key = this.#works
    if (!key) return
    api.now += 5
    const { body } = await api.v1('POST', `/rooms/${room}/tokens`, { key, json: { identity } })
    const claims = api.deps.tokens.verify(body.token)
    this.tokens.push({
      text: body.token,
      identity,
      room,
      life: this.rooms[room].life,
      key: this.keys.indexOf(key as (typeof this.keys)[number]),
      issuedAt: claims?.issuedAt ?? -1,
    })
  }

  /** What has to come of joining with this token. */
  expected({ identity, room, life, key, issuedAt }: Token): string {
    const state = this.rooms[room]
    const minter = this.keys[key] as (typeof this.keys)[number]
    if (!this.isUp) return 'media_unavailable'
    if (!this.isActive) return 'tenant_deactivated'
    const ends = [
      this.revokedBefore,
      minter.revokedBefore,
      state.revokedBefore.get(identity) ?? -1,
      state.allRevokedBefore,
    ]
    if (life !== state.life || ends.some((end) => issuedAt <= end)) return 'token_revoked'
    if (state.bans.has(identity)) return 'identity_banned'
    if (state.present.has(identity)) return 'joined'
    if (state.locked && !state.cutOff.has(identity)) return 'room_locked'
    if (state.present.size >= ROOM_SEATS) return 'room_full'
    return this.#seated() >= TENANT_SEATS ? 'tenant_full' : 'joined'
  }

  #seated(): number {
    return this.rooms.one.present.size + this.rooms.two.present.size
  }

  async join(index: number): Promise<void> {
    const token = this.tokens[index % Math.max(1, this.tokens.length)]
    if (!token) return
    const wanted = this.expected(token)
    const { admitted, code } = await api.deps.inspector.inspect(token.text, null)
    expect([admitted, code ?? 'joined']).toEqual([wanted === 'joined', wanted])
    const claims = api.deps.gate.read(token.text)
    const verdict = claims instanceof Refusal ? claims : await api.deps.gate.admit(claims, null)
    expect(verdict instanceof Refusal ? verdict.code : 'joined').toBe(wanted)
    if (verdict instanceof Refusal) return
    api.deps.presence.answered(verdict.seat, `PA_${token.identity}_${api.now}`)
    this.rooms[token.room].cutOff.delete(token.identity)
    this.rooms[token.room].present.set(token.identity, {
      seat: verdict.seat,
      key: token.key,
      issuedAt: token.issuedAt,
    })
  }

  leave(identity: Identity, room: RoomName): void {
    const present = this.rooms[room].present.get(identity)
    if (!present) return
    this.#gone(present.seat)
    this.rooms[room].present.delete(identity)
  }

  /** livekit-server's report, as it comes for who left, vanished or was put out. */
  #gone({ livekitName, identity, sid }: Seat): void {
    api.deps.presence.left(livekitName, identity, sid ?? '')
  }

  /** Everybody of whom this is true was put out: livekit-server reports them gone. */
  #putOut(match: (one: Present, identity: Identity, room: RoomName) => boolean): void {
    for (const room of ['one', 'two'] as const) {
      const { cutOff } = this.rooms[room]
      for (const [identity, cut] of cutOff) if (match(cut, identity, room)) cutOff.delete(identity)
      for (const [identity, present] of this.rooms[room].present) {
        if (!match(present, identity, room)) continue
        this.#gone(present.seat)
        this.rooms[room].present.delete(identity)
      }
    }
  }

  async kick(identity: Identity, room: RoomName, ban: boolean): Promise<void> {
    const key = this.#works
    const isThere = this.rooms[room].present.has(identity)
    if (!key) return
    const at = api.now
    const query = ban ? '?ban=true' : ''
    const path = `/rooms/${room}/participants/${identity}${query}`
    const { status } = await api.v1('DELETE', path, { key })
    expect(status).toBe(ban || isThere ? 204 : 404)
    if (status !== 204) return
    this.rooms[room].revokedBefore.set(identity, Math.max(at, api.now - 1))
    if (ban) this.rooms[room].bans.add(identity)
    this.#putOut((_, who, where) => who === identity && where === room)
  }

  async unban(identity: Identity, room: RoomName): Promise<void> {
    const key = this.#works
    if (!key) return
    const { status } = await api.v1('DELETE', `/rooms/${room}/bans/${identity}`, { key })
    expect(status).toBe(this.rooms[room].bans.delete(identity) ? 204 : 404)
  }

  async revoke(room: RoomName | null): Promise<void> {
    const key = this.#works
    if (!key) return
    const path = room ? `/rooms/${room}/revocations` : '/revocations'
    expect((await api.v1('POST', path, { key, json: {} })).status).toBe(201)
    const at = api.now - 1
    if (room) this.rooms[room].allRevokedBefore = at
    else this.revokedBefore = at
    this.#putOut((_, __, where) => room === null || where === room)
  }

  async lock(room: RoomName, locked: boolean): Promise<void> {
    const key = this.#works
    if (!key) return
    await api.v1('PATCH', `/rooms/${room}`, { key, json: { locked } })
    this.rooms[room].locked = locked
  }

  async rotate(overlap: boolean): Promise<void> {
    const key = this.#works as (typeof this.keys)[number] | undefined
    if (!key) return
    const json = { overlap_seconds: overlap ? 3600 : 0 }
    const { body } = await api.v1('POST', `/keys/${key.api_key}/rotate`, { key, json })
    key.api_secret = body.api_secret
    if (overlap) return
    key.revokedBefore = api.now - 1
    const index = this.keys.indexOf(key)
    this.#putOut((one) => one.key === index)
  }

  async addKey(): Promise<void> {
    const key = this.#works
    if (!key || this.keys.length >= 4) return
    const { body } = await api.v1('POST', '/keys', { key, json: {} })
    this.keys.push({ ...body, revokedBefore: -1, isDeleted: false })
  }

  async deleteKey(index: number): Promise<void> {
    const by = this.#works
    const victim = this.keys[index % this.keys.length] as (typeof this.keys)[number]
    if (!by || victim.isDeleted || this.keys.filter((key) => !key.isDeleted).length < 2) return
    await api.v1('DELETE', `/keys/${victim.api_key}`, { key: by })
    victim.isDeleted = true
    victim.revokedBefore = api.now - 1
    const at = this.keys.indexOf(victim)
    this.#putOut((one) => one.key === at)
  }

  async recreate(room: RoomName): Promise<void> {
    const key = this.#works
    if (!key) return
    await api.v1('DELETE', `/rooms/${room}`, { key })
    await api.v1('POST', '/rooms', { key, json: { name: room, max_participants: ROOM_SEATS } })
    this.rooms[room] = { ...newRoom(), life: this.rooms[room].life + 1 }
  }

  async setActive(active: boolean): Promise<void> {
    if (active === this.isActive) return
    const json = { status: active ? 'active' : 'deactivated' }
    await api.admin('PATCH', `/tenants/${this.slug}`, { json })
    this.isActive = active
    if (active) return
    this.revokedBefore = api.now - 1
    this.#putOut(() => true)
  }

  /** livekit-server dies and takes all calls along; then it is back. */
  async crash(): Promise<void> {
    await api.livekitDies()
    for (const { present, cutOff } of Object.values(this.rooms)) {
      for (const [identity, one] of present) cutOff.set(identity, one)
      present.clear()
    }
    this.isUp = false
  }

  async recover(): Promise<void> {
    if (this.isUp) return
    await api.livekitUp()
    this.isUp = true
  }

  /** No seat is leaked, and none is sold twice. */
  async check(): Promise<void> {
    const { id } = await api.deps.tenants.get(this.slug)
    expect(api.deps.presence.tenantNow(id)).toBe(this.#seated())
    for (const name of ['one', 'two'] as const)
      expect(api.deps.presence.seatsOf(`${this.slug}__${name}`).length).toBe(
        this.rooms[name].present.size,
      )
  }
}

const GENEROUS = { api_requests_per_second: 100_000, token_mints_per_second: 100_000 }

const newRoom = (): ModelRoom => ({
  life: 0,
  locked: false,
  present: new Map(),
  cutOff: new Map(),
  revokedBefore: new Map(),
  bans: new Set(),
  allRevokedBefore: -1,
})

type Step = (world: World) => void | Promise<void>

const person = fc.constantFrom(...PEOPLE)
const room = fc.constantFrom<RoomName>('one', 'two')
const step = (name: string, run: Step): [string, Step] => [name, run]

/** Minting and joining are what happens most. */
const steps = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(person, room)
      .map(([who, where]) => step(`mint ${who} ${where}`, (w) => w.mint(who, where))),
  },
  { weight: 12, arbitrary: fc.nat(40).map((n) => step(`join ${n}`, (w) => w.join(n))) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(person, room)
      .map(([who, where]) => step(`leave ${who} ${where}`, (w) => w.leave(who, where))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(person, room, fc.boolean())
      .map(([who, where, ban]) =>
        step(`kick ${who} ${where} ${ban}`, (w) => w.kick(who, where, ban)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(person, room)
      .map(([who, where]) => step(`unban ${who} ${where}`, (w) => w.unban(who, where))),
  },
  {
    weight: 1,
    arbitrary: fc.option(room).map((where) => step(`revoke ${where}`, (w) => w.revoke(where))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(room, fc.boolean())
      .map(([where, on]) => step(`lock ${where} ${on}`, (w) => w.lock(where, on))),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((overlap) => step(`rotate ${overlap}`, (w) => w.rotate(overlap))),
  },
  { weight: 1, arbitrary: fc.constant(step('add key', (w) => w.addKey())) },
  { weight: 1, arbitrary: fc.nat(3).map((n) => step(`delete key ${n}`, (w) => w.deleteKey(n))) },
  {
    weight: 1,
    arbitrary: room.map((where) => step(`recreate ${where}`, (w) => w.recreate(where))),
  },
  { weight: 1, arbitrary: fc.boolean().map((on) => step(`active ${on}`, (w) => w.setActive(on))) },
  { weight: 1, arbitrary: fc.constant(step('crash', (w) => w.crash())) },
  { weight: 2, arbitrary: fc.constant(step('recover', (w) => w.recover())) },
)

test(`in ${HISTORIES} random histories nobody is admitted wrongly, and no seat is leaked or sold twice`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  console.log(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: STEPS }), async (history) => {
      const world = new World()
      await world.begin()
      for (const [, run] of history) {
        await run(world)
        await world.check()
      }
      await world.recover()
    }),
    { numRuns: HISTORIES, seed, verbose: 1 },
  )
}, 120_000)
