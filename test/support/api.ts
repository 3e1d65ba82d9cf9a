import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configSchema, type RetentionDays } from '../../src/config/schema.ts'
import { AdminSessions } from '../../src/domain/admin-sessions.ts'
import { AdminTokens } from '../../src/domain/admin-tokens.ts'
import { Admins } from '../../src/domain/admins.ts'
import { Audit } from '../../src/domain/audit.ts'
import { Calls, type Livekit } from '../../src/domain/calls.ts'
import { Checks } from '../../src/domain/checks.ts'
import { Control } from '../../src/domain/control.ts'
import { Credentials } from '../../src/domain/credentials.ts'
import { Deliverer } from '../../src/domain/deliverer.ts'
import { Deliveries } from '../../src/domain/deliveries.ts'
import { DeliveryRecorder } from '../../src/domain/delivery-recorder.ts'
import { Examination } from '../../src/domain/doctor/examination.ts'
import { Ejections } from '../../src/domain/ejections.ts'
import { Erasures } from '../../src/domain/erasures.ts'
import { EventLog } from '../../src/domain/events.ts'
import { Gate } from '../../src/domain/gate.ts'
import { Inspector } from '../../src/domain/inspection.ts'
import { Keys, SecretBox } from '../../src/domain/keys.ts'
import { Minutes } from '../../src/domain/minutes.ts'
import { Moderation } from '../../src/domain/moderation.ts'
import { Participants } from '../../src/domain/participants.ts'
import { Passwords } from '../../src/domain/passwords.ts'
import { Presence } from '../../src/domain/presence.ts'
import { Problems } from '../../src/domain/problems.ts'
import { Recorder } from '../../src/domain/recorder.ts'
import { Retention } from '../../src/domain/retention.ts'
import { Revocations } from '../../src/domain/revocations.ts'
import { Roles } from '../../src/domain/roles.ts'
import { Rooms } from '../../src/domain/rooms.ts'
import { Sessions } from '../../src/domain/sessions.ts'
import { Status } from '../../src/domain/status.ts'
import { TenantExport } from '../../src/domain/tenant-export.ts'
import { Tenants } from '../../src/domain/tenants.ts'
import { Tokens } from '../../src/domain/tokens.ts'
import { Usage } from '../../src/domain/usage.ts'
import { WebhookSender } from '../../src/domain/webhook-sender.ts'
import { Webhooks } from '../../src/domain/webhooks.ts'
import { EventStreams } from '../../src/http/event-streams.ts'
import { Metrics } from '../../src/http/metrics.ts'
import {
  buildAdminApi,
  buildRemoteAdminApi,
  buildTenantApi,
  type HttpDeps,
} from '../../src/http/server.ts'
import { sleep } from '../../src/lib/clock.ts'
import { createLogger } from '../../src/lib/log.ts'
import { systemResolve } from '../../src/lib/targets.ts'
import type { Addresses } from '../../src/livekit/addresses.ts'
import { CallLog } from '../../src/livekit/call-log.ts'
import { LivekitError, type PersonUpdate, RpcError } from '../../src/livekit/client.ts'
import type { LivekitPerson } from '../../src/livekit/people.ts'
import type { ChildStatus } from '../../src/livekit/supervisor.ts'
import { openStore } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { Reserve } from '../../src/store/reserve.ts'
import { VERSION } from '../../src/version.ts'

type LivekitOfPeople = ConstructorParameters<typeof Participants>[0]['livekit']

/** Stands for livekit-server, which these tests do not run: remembers what it was asked. */
class FakeLivekit implements Livekit, LivekitOfPeople {
  readonly deleted: string[] = []
  readonly removed: string[] = []
  async createRoom(): ReturnType<Livekit['createRoom']> {
    return undefined as never
  }
  async deleteRoom(name: string): Promise<void> {
    this.deleted.push(name)
  }
  /** running calls and who is in them, as sweeps hear of them */
  readonly running = new Map<string, string[]>()
  /** milliseconds; when each of them began, where it is not long ago */
  readonly begun = new Map<string, number>()
  /** what else happens while it is asked who is in a call */
  meanwhile: () => Promise<unknown> = async () => {}
  /** false while it hangs */
  answers = true
  /** who it has in its books, and waits for in vain */
  readonly ghosts = new Set<string>()

  async listRooms(): Promise<
    { name: string; sid: string; createdAtMs: number; numParticipants: 0 }[]
  > {
    this.#answer()
    return [...this.running.keys()].map((name) => ({
      name,
      sid: `RM_${name}`,
      createdAtMs: this.begun.get(name) ?? 0,
      numParticipants: 0,
    }))
  }
  async listParticipants(name: string): ReturnType<Livekit['listParticipants']> {
    const identities = this.running.get(name) ?? []
    await this.meanwhile()
    return identities.map((identity) => ({
      identity,
      name: '',
      sid: `PA_${identity}`,
      state: 'ACTIVE',
      joinedAtMs: 0,
      tracks: [],
    }))
  }
  async removeParticipant(_: string, identity: string): Promise<void> {
    this.#answer()
    if (this.ghosts.has(identity)) return sleep(1000).then(() => this.#never())
    this.removed.push(identity)
  }
  #never(): never {
    throw new LivekitError('RemoveParticipant', 'unavailable')
  }
  #answer(): void {
    if (!this.answers) throw new LivekitError('any', 'unavailable')
  }
  async updateRoomMetadata(): Promise<void> {}
  readonly asked: { method: string; with: unknown }[] = []
  /** who is in a call, as livekit-server would tell it, by identity */
  readonly crowd = new Map<string, LivekitPerson>()

  async people(): Promise<LivekitPerson[]> {
    return [...this.crowd.values()]
  }
  async person(_: string, identity: string): Promise<LivekitPerson> {
    const person = this.crowd.get(identity)
    if (!person) throw new LivekitError('GetParticipant', 'not_found')
    return person
  }
  async updatePerson(room: string, identity: string, update: PersonUpdate): Promise<LivekitPerson> {
    this.asked.push({ method: 'update', with: update })
    const before = await this.person(room, identity)
    const given = Object.entries(update).filter(([, value]) => value !== undefined)
    const after = { ...before, ...(Object.fromEntries(given) as Partial<LivekitPerson>) }
    // Like livekit-server, which knows no empty list of sources.
    if (after.grants.canPublishSources?.length === 0)
      after.grants = { ...after.grants, canPublishSources: undefined }
    this.crowd.set(identity, after)
    return after
  }
  async muteTrack(_: string, identity: string, sid: string, muted: boolean): Promise<void> {
    this.asked.push({ method: 'mute', with: { identity, sid, muted } })
  }
  async sendData(_: string, message: unknown): Promise<void> {
    this.asked.push({ method: 'data', with: message })
  }
  async performRpc(_: string, identity: string, call: { method: string }): Promise<string> {
    if (call.method === 'never') return new Promise(() => {})
    if (call.method === 'late') throw new RpcError(1502, 'Response timeout')
    if (call.method === 'broken') throw new RpcError(1500, 'Application error in method handler')
    return `${call.method} of ${identity}`
  }
}

const childStatus = (): ChildStatus => ({
  state: 'running',
  pid: 4711,
  version: '0.0.0',
  restarts: 0,
  started_at: 0,
  adopted: false,
  restart_needed: false,
  last_exit: null,
  last_lines: [],
  ports: { signal: 0, tcp: 0, udp: 0, hook: 0 },
})

export interface Answer {
  status: number
  headers: Headers
  /** parsed when it is JSON, else the text */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  body: any
  text: string
}

export interface Key {
  api_key: string
  api_secret: string
}

interface Ask {
  key?: Key | null
  /** sent as JSON */
  json?: unknown
  /** sent as it is */
  body?: string | Uint8Array | ReadableStream
  headers?: Record<string, string>
  address?: string | null
}

/** The two APIs over a real database in a folder of its own; time stands where `now` says. */
export class TestApi {
  now = Date.parse('2026-11-25T10:00:00.000Z')
  readonly livekit = new FakeLivekit()
  readonly logged: Record<string, unknown>[] = []
  readonly asked: string[] = []
  /** what the disk says of itself */
  disk = { freeBytes: 50 * 2 ** 30, totalBytes: 100 * 2 ** 30 }
  /** where the machine says it is */
  addresses: Addresses = {
    host: '127.0.0.1',
    public: '127.0.0.1',
    ipv6: null,
    source: 'loopback',
    hairpin: true,
    relay: { offered: false, reason: 'in mode localhost TLS does not end here, and TURN needs it' },
  }
  /** whether webhooks may lead to this machine */
  allowPrivate = true
  /** what DNS says of the names of endpoints; its own words where it is null */
  resolve: ((name: string) => Promise<string[]>) | null = null
  /** what `golive doctor --json` prints */
  doctor: () => Promise<string> = async () => ''
  readonly deps: HttpDeps & { gate: Gate; deliverer: Deliverer; attempts: DeliveryRecorder }
  readonly store: ReturnType<typeof openStore>
  /** for another one, after a restart */
  delivererDeps: ConstructorParameters<typeof Deliverer>[0] | null = null
  recorder!: Recorder
  /** one as the next run of the server would make it */
  anotherRecorder!: () => Recorder
  #calls: Calls | null = null
  #isUp = false
  #generation = 1
  #ejections: Ejections | null = null
  readonly #folder = mkdtempSync(join(tmpdir(), 'golive-api-'))
  readonly reserve = new Reserve(join(this.#folder, 'reserve'))
  readonly #tenantApi: ReturnType<typeof buildTenantApi>
  readonly #adminApi: ReturnType<typeof buildAdminApi>
  readonly #remoteAdminApi: ReturnType<typeof buildRemoteAdminApi>

  constructor(overrides: Partial<HttpDeps> = {}) {
    this.store = openStore(join(this.#folder, 'golive.db'), this.reserve)
    // Nothing here survives a power loss anyway, and each write would wait for the disk.
    this.store.raw.run('PRAGMA synchronous = OFF')
    migrate(this.store, join(this.#folder, 'backups'), this.now)
    this.deps = { ...this.#parts(), ...overrides }
    this.#tenantApi = buildTenantApi(this.deps)
    this.#adminApi = buildAdminApi(this.deps)
    this.#remoteAdminApi = buildRemoteAdminApi(this.deps)
  }

  #parts(): TestApi['deps'] {
    const { store, livekit } = this
    const clock = () => this.now++
    const log = createLogger('debug', { write: (line) => void this.logged.push(JSON.parse(line)) })
    const presence = new Presence(clock)
    const audit = new Audit({ store, clock })
    const events = new EventLog({ store, clock })
    const config = { ...configSchema.parse({}), source: null }
    const publicUrl = 'http://127.0.0.1:8080'
    const box = new SecretBox(randomBytes(32))
    const child = () => ({ up: this.#isUp, generation: this.#generation })
    const callLog = new CallLog(this.livekitLog)
    this.anotherRecorder = () =>
      new Recorder({ store, events, clock, log, presence, callLog: new CallLog(this.livekitLog) })
    const recorder = new Recorder({ store, events, clock, log, presence, callLog })
    this.recorder = recorder
    const calls = new Calls({ store, clock, log, presence, livekit, recorder, child })
    this.#calls = calls
    const problems = new Problems(clock)
    const credentials = new Credentials({ store, clock, box, problems })
    const keys = new Keys({ store, clock, box, credentials, calls, audit })
    const tenants = new Tenants({ store, clock, keys, credentials, calls, audit })
    const rooms = new Rooms({ store, clock, events, presence, calls })
    const wsUrl = 'ws://127.0.0.1:8080'
    const roles = new Roles({ store, clock })
    const moderation = new Moderation({ store, clock, events })
    const minutes = new Minutes({ store, clock, presence, calls, events })
    const tokens = new Tokens({ clock, joinKey: randomBytes(32), wsUrl, rooms, keys, roles })
    const known = { store, clock, tokens, credentials, rooms, presence, calls }
    const maxParticipants = () => 200
    const gate = new Gate({ ...known, moderation, minutes, maxParticipants })
    const participants = new Participants({
      clock,
      presence,
      calls,
      moderation,
      livekit,
      callLog: {
        of: () => ({ transport: 'udp', sdk: 'js', sdkVersion: '2.0', os: null, browser: null }),
      },
      remoteUnmute: false,
    })
    const checks = new Checks({
      clock,
      tokens,
      calls: { ready: true },
      presence,
      wsUrl,
      maxParticipants,
    })
    const sender = new WebhookSender({
      ...{ clock, box, version: VERSION, allowPrivate: () => this.allowPrivate },
      resolve: (name) => (this.resolve ?? systemResolve)(name),
    })
    const attempts = new DeliveryRecorder({ store, clock, log, audit, problems })
    this.delivererDeps = { store, clock, log, events, sender, attempts }
    const deliverer = new Deliverer(this.delivererDeps)
    const note = (what: string) => () => void this.asked.push(what)
    const control = new Control({
      store,
      audit,
      presence,
      restartChild: async () => void this.asked.push('restart livekit'),
      restart: note('restart'),
      stop: note('stop'),
    })
    return {
      config,
      log,
      audit,
      events,
      deliverer,
      attempts,
      webhooks: new Webhooks({
        ...{ store, clock, box, audit, sender, deliverer },
        allowPrivate: () => this.allowPrivate,
      }),
      deliveries: new Deliveries({ store, clock, audit, events, deliverer }),
      streams: new EventStreams(events, 50),
      callSessions: new Sessions({ store, clock }),
      usage: new Usage({ store, clock }),
      erasures: new Erasures({ store, clock, audit, problems, moderation }),
      exports: new TenantExport({ store, clock, tenants }),
      admins: new Admins({ store, clock, audit, publicUrl }),
      sessions: new AdminSessions({ store, clock, audit, passwords: new Passwords() }),
      adminTokens: new AdminTokens({ store, clock, audit }),
      publicUrl,
      tenants,
      keys,
      rooms,
      participants,
      moderation,
      revocations: new Revocations({ store, clock, presence, calls, moderation }),
      roles,
      gate,
      inspector: new Inspector({ gate, tokens }),
      tokens,
      credentials,
      presence,
      problems,
      status: new Status({
        config,
        store,
        reserve: this.reserve,
        clock,
        presence,
        calls,
        minutes,
        child: childStatus,
        version: VERSION,
        dataDir: this.#folder,
        publicUrl,
        wsUrl,
        addresses: this.addresses,
        maxParticipants,
        restartNeeded: () => [],
        disk: async () => this.disk,
        certificates: null,
      }),
      control,
      checks,
      examination: new Examination(() => this.doctor()),
      metrics: new Metrics(),
      version: VERSION,
      wsUrl,
    }
  }

  /** From now on livekit-server answers: people can be let in. */
  async livekitUp(): Promise<void> {
    this.#isUp = true
    await this.#calls?.childUp(false)
  }

  /** livekit-server was left running by an earlier control plane. */
  async livekitAdopted(): Promise<void> {
    this.#isUp = true
    await this.#calls?.childUp(true)
  }

  /** where livekit-server's log would be */
  get livekitLog(): string {
    return join(this.#folder, 'livekit.log')
  }

  /** The comparison that runs every few seconds. */
  async sweep(): Promise<void> {
    await this.#calls?.sweep()
  }

  /** The look for whose time is over that is had every second. */
  async eject(): Promise<void> {
    const { presence } = this.deps
    this.#ejections ??= new Ejections({
      clock: () => this.now,
      presence,
      calls: this.#calls as Calls,
    })
    await this.#ejections.run()
  }

  /** What runs at night. */
  async purge(days: Partial<RetentionDays> = {}): Promise<void> {
    const { credentials, config } = this.deps
    const { store } = this
    const all = { ...config.retention, ...days }
    await new Retention({ store, clock: () => this.now, credentials, days: () => all }).run()
  }

  /** livekit-server is gone, with all calls. */
  async livekitDies(): Promise<void> {
    this.#isUp = false
    this.#generation++
    this.#calls?.childDown()
  }

  /** A request to the tenant API. */
  async v1(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const request = new Request(`http://localhost/api/v1${path}`, this.#init(method, ask))
    return read(
      await this.#tenantApi.handle(request, ask.address === undefined ? '127.0.0.1' : ask.address),
    )
  }

  async admin(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    return read(
      await this.#adminApi.handle(
        new Request(`http://localhost/admin${path}`, this.#init(method, ask)),
      ),
    )
  }

  /** The operator's API over HTTP, where who asks has to prove it. */
  async remote(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const request = new Request(`http://localhost/admin${path}`, this.#init(method, ask))
    const address = ask.address === undefined ? '127.0.0.1' : ask.address
    return read(await this.#remoteAdminApi.handle(request, address))
  }

  /** A tenant with its first key; limits so high that no test meets them by accident. */
  async tenant(slug: string, limits: Record<string, number | null> = {}): Promise<Key> {
    const generous = { api_requests_per_second: 100_000, token_mints_per_second: 100_000 }
    const { status, body } = await this.admin('POST', '/tenants', {
      json: { slug, limits: { ...generous, ...limits } },
    })
    if (status !== 201) throw new Error(`no tenant ${slug}: ${JSON.stringify(body)}`)
    return body
  }

  #init(method: string, { key, json, body, headers }: Ask): RequestInit {
    const content = json === undefined ? body : JSON.stringify(json)
    return {
      method,
      ...(content === undefined ? {} : { body: content as BodyInit }),
      headers: {
        ...(key ? { authorization: basic(key) } : {}),
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    }
  }

  async close(): Promise<void> {
    await this.deps.deliverer.stop()
    await this.store.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export const basic = ({ api_key, api_secret }: Key): string =>
  `Basic ${btoa(`${api_key}:${api_secret}`)}`

const read = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
    text,
  }
}
