import type { Asked, JoinRequest } from '../domain/asked.ts'
import type { Connection } from '../domain/connection.ts'
import type { Joins } from '../domain/joins.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { newRequestId } from '../lib/ids.ts'
import type { Logger } from '../lib/log.ts'
import type { ClientAddress, Prove } from './client-address.ts'
import type { Metrics } from './metrics.ts'
import { type Pump, pumpHandler } from './signal-pump.ts'

/** The only LiveKit paths that exist from outside. An allow-list: LiveKit itself folds `//twirp`. */
const PATHS = new Set(['/rtc', '/rtc/v1', '/rtc/validate', '/rtc/v1/validate'])

const STATUS: Record<RefusalCode, number> = {
  token_missing: 401,
  token_invalid: 401,
  token_expired: 401,
  token_not_yet_valid: 401,
  token_revoked: 401,
  tenant_deactivated: 401,
  identity_banned: 403,
  duplicate_identity: 403,
  minutes_exhausted: 403,
  room_locked: 403,
  room_not_open: 403,
  room_closed: 403,
  room_full: 403,
  tenant_full: 403,
  room_not_found: 404,
  upgrade_required: 426,
  request_refused: 400,
  media_unavailable: 503,
  server_full: 503,
}

export const statusOfRefusal = (code: RefusalCode): number => STATUS[code]

/**
 * The query parameters that livekit-server 1.13.5 reads from clients, less `access_token` (swapped)
 * and `publish`, which would append to the identity and so take a seat under another name.
 */
const PARAMETERS = new Set([
  'protocol',
  'client_protocol',
  'sdk',
  'version',
  'os',
  'os_version',
  'browser',
  'browser_version',
  'device_model',
  'network',
  'capabilities',
  'auto_subscribe',
  'auto_subscribe_data_track',
  'adaptive_stream',
  'disable_ice_lite',
  'subscriber_allow_pause',
  'attributes',
  'reconnect',
  'reconnect_reason',
  'sid',
  'join_request',
])

/** Refusals of who has shown no token of ours. */
const UNPROVEN: ReadonlySet<RefusalCode> = new Set([
  'token_missing',
  'token_invalid',
  'media_unavailable',
])

/** Apps run on other origins: without these on every answer an SDK can only say "Failed to fetch". */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'X-GoLive-Code, X-Request-Id, Retry-After',
  'cache-control': 'no-store',
}

export interface GateDeps {
  joins: Joins
  address: ClientAddress
  prove: Prove | null
  metrics: Metrics
  log: Logger
}

type Server = Bun.Server<Pump>

/** The join gate: LiveKit's signaling paths, behind our own policy. */
export interface SignalGate {
  handles(pathname: string): boolean
  handle(request: Request, server: Server): Promise<Response | undefined>
  websocket: Bun.WebSocketHandler<Pump>
}

export const createGate = (deps: GateDeps): SignalGate => ({
  handles: (pathname) => PATHS.has(normalise(pathname)),
  handle: (request, server) => answer(deps, request, server),
  websocket: pumpHandler(deps.log),
})

/** SDKs that join a base address and a path may double the slash, or leave one at the end. */
const normalise = (pathname: string): string =>
  pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')

const answer = async (
  deps: GateDeps,
  request: Request,
  server: Server,
): Promise<Response | undefined> => {
  const requestId = newRequestId()
  if (request.method === 'OPTIONS') return preflight(requestId)
  if (request.method !== 'GET') return notAllowed(requestId)
  const url = new URL(request.url)
  const path = normalise(url.pathname)
  const token = tokenOf(request, url.searchParams)
  const asked: Asked = {
    path: path.replace(/\/validate$/, ''),
    query: forwarded(url.searchParams),
    userAgent: request.headers.get('user-agent'),
    address: deps.address(request, server),
  }
  if (asked.path !== path) return validate(deps, token, asked, requestId)
  if (!asksForUpgrade(request.headers)) {
    const refusal = new Refusal(
      'upgrade_required',
      'this is a WebSocket address; a proxy in front may have removed the Upgrade header',
    )
    deps.joins.note(token, refusal)
    return refuse(refusal, requestId)
  }
  return join(deps, request, server, { token, asked, requestId })
}

/** Checked before anything is taken: a half upgrade would fail only after it got a seat (RFC 6455 §4.2.1). */
const asksForUpgrade = (headers: Headers): boolean =>
  headers.get('upgrade')?.toLowerCase() === 'websocket' &&
  /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get('connection') ?? '') &&
  headers.get('sec-websocket-version') === '13' &&
  /^[A-Za-z0-9+/]{22}==$/.test(headers.get('sec-websocket-key') ?? '')

/** A bearer header wins, as in LiveKit; another kind is a browser's and no reason to refuse. */
const tokenOf = (request: Request, query: URLSearchParams): string | null => {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')
  if (bearer) return bearer[1] as string
  const tokens = query.getAll('access_token')
  // Of two tokens one would be checked and the other might be used: neither is taken.
  return tokens.length > 1 ? '' : tokens[0] || null
}

const forwarded = (query: URLSearchParams): string => {
  const kept = new URLSearchParams()
  for (const [name, value] of query) if (PARAMETERS.has(name)) kept.append(name, value)
  return kept.toString()
}

const validate = async (
  { joins }: GateDeps,
  token: string | null,
  asked: Asked,
  requestId: string,
): Promise<Response> => {
  const refusal = await joins.validate(token, asked)
  if (refusal) return refuse(refusal, requestId)
  return new Response('success', { headers: { ...CORS, 'x-request-id': requestId } })
}

interface Attempt {
  token: string | null
  asked: Asked
  requestId: string
}

const join = async (
  deps: GateDeps,
  request: Request,
  server: Server,
  attempt: Attempt,
): Promise<Response | undefined> => {
  const { joins, metrics, log } = deps
  const started = performance.now()
  const { asked } = attempt
  const from: JoinRequest = { ...asked, proven: () => deps.prove?.(request, server) }
  const attach = (connection: Connection) =>
    server.upgrade(request, { data: { connection, client: null } })
  const outcome = await joins.open(attempt.token, from, attach)
  const refused = outcome instanceof Refusal
  metrics.join(refused ? outcome.code : 'joined', (performance.now() - started) / 1000)
  const line = { request_id: attempt.requestId, ...described(outcome), address: asked.address }
  // Anybody can send rubbish, as fast as they like: it must not fill the log.
  if (refused && UNPROVEN.has(outcome.code)) log.debug(line, 'join refused')
  else log.info(line, refused ? 'join refused' : 'join admitted')
  return refused ? refuse(outcome, attempt.requestId) : undefined
}

const described = (outcome: Refusal | Connection): Record<string, unknown> =>
  outcome instanceof Refusal
    ? { code: outcome.code }
    : { room: outcome.seat.livekitName, identity: outcome.seat.identity }

/** Text, because apps get nothing of a refusal but the SDK's message. */
const refuse = ({ code, sentence, retryAfterSeconds }: Refusal, requestId: string): Response =>
  new Response(`${code}: ${sentence}`, {
    status: STATUS[code],
    headers: {
      ...CORS,
      'content-type': 'text/plain; charset=utf-8',
      'x-golive-code': code,
      'x-request-id': requestId,
      ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(code === 'upgrade_required' ? { upgrade: 'websocket' } : {}),
    },
  })

const preflight = (requestId: string): Response =>
  new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'authorization, *',
      'x-request-id': requestId,
    },
  })

const notAllowed = (requestId: string): Response =>
  new Response('method_not_allowed: this address takes GET', {
    status: 405,
    headers: {
      ...CORS,
      allow: 'GET, OPTIONS',
      'content-type': 'text/plain; charset=utf-8',
      'x-golive-code': 'method_not_allowed',
      'x-request-id': requestId,
    },
  })
