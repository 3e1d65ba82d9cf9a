import { rmSync } from 'node:fs'
import type { TlsMode } from '../config/schema.ts'
import { GoLiveError, StartError } from '../domain/errors.ts'
import { newRequestId } from '../lib/ids.ts'
import type { Logger } from '../lib/log.ts'
import { adminDoor } from './admin/app.ts'
import { checkDoor } from './check.ts'
import type { ClientAddress, Prove } from './client-address.ts'
import type { HttpDeps } from './deps.ts'
import { pathOf } from './door.ts'
import { healthz, readyz } from './health.ts'
import type { Metrics } from './metrics.ts'
import type { Pages } from './pages.ts'
import { internalError, problemResponse } from './problem.ts'
import type { Pump } from './signal-pump.ts'
import type { SignalGate } from './signaling.ts'
import { tenantDoor } from './v1/app.ts'

export type { HttpDeps } from './deps.ts'

type Answer = Response | Promise<Response>

/** The tenant API, /api/v1. Never throws. */
export const buildTenantApi = (
  deps: HttpDeps,
): { handle(request: Request, address: string | null): Answer } => {
  const door = tenantDoor(deps)
  return { handle: (request, address) => door.handle(request, () => address) }
}

/** The operator's API, /admin, for the socket and for a CLI without a server. Never throws. */
export const buildAdminApi = (deps: HttpDeps): { handle(request: Request): Answer } => {
  const door = adminDoor(deps, 'socket')
  return { handle: (request) => door.handle(request, () => null) }
}

/** The operator's API over HTTP, where callers prove who they are. Never throws. */
export const buildRemoteAdminApi = (
  deps: HttpDeps,
): { handle(request: Request, address: string | null): Answer } => {
  const door = adminDoor(deps, 'http')
  return { handle: (request, address) => door.handle(request, () => address) }
}

/** Seconds a connection may be silent. Bodies slower than about 16 KB/s are cut by it, too. */
const IDLE_SECONDS = 30

/**
 * Never reached: Bun's own 413 has no problem body. What reads a body counts (64 KiB for the API);
 * what is not read is not kept either (300 MB unread: 6 MB more memory).
 */
const MAX_REQUEST_BYTES = 2 ** 40

/** A slash or an odd character in Host would move the path: only plain names and addresses. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9_.-]{0,253}[a-z0-9.])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/** Remembers the last good name, since callers ask for the same one again and again. */
const hostCheck = (): ((host: string) => boolean) => {
  let last: string | null = null
  return (host) => {
    if (host === last) return true
    if (!HOST.test(host)) return false
    last = host
    return true
  }
}

interface PublicParts {
  gate: SignalGate
  pages: Pages
  address: ClientAddress
  /** null without an edge, which alone wants to know */
  prove: Prove | null
}

/** The public server: the two APIs, the join gate, health and pages. */
export const servePublic = (deps: HttpDeps, parts: PublicParts): Bun.Server<Pump> => {
  const answer = publicHandler(deps, parts)
  const { mode } = deps.config.tls
  return Bun.serve({
    hostname: deps.config.server.host,
    port: deps.config.server.port,
    development: false,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_REQUEST_BYTES,
    fetch: HSTS_MODES.has(mode) ? withHsts(answer) : answer,
    websocket: parts.gate.websocket,
    error: (error) => failed(deps.log, error),
  })
}

/** Where the certificate is one that browsers believe: elsewhere a name would be locked out for a year. */
const HSTS_MODES: ReadonlySet<TlsMode> = new Set(['domain', 'files'])
const HSTS = 'max-age=31536000'

type Handler = (
  request: Request,
  server: Bun.Server<Pump>,
) => Response | undefined | Promise<Response | undefined>

/** Browsers never again try this name without TLS (RFC 6797). */
const withHsts =
  (answer: Handler): Handler =>
  async (request, server) => {
    const response = await answer(request, server)
    response?.headers.set('strict-transport-security', HSTS)
    return response
  }

const publicHandler = (deps: HttpDeps, { gate, pages, address, prove }: PublicParts): Handler => {
  const api = tenantDoor(deps)
  const admin = adminDoor(deps, 'http')
  const check = checkDoor(deps.checks)
  const isHost = hostCheck()
  const other = (request: Request, path: string): Answer => {
    if (path === '/healthz' || path === '/readyz') return health(deps, request, path)
    return pages.respond(request, path) ?? nothingHere(request, path, pages)
  }
  return (request, server) => {
    if (!isHost(request.headers.get('host') ?? ''))
      return refuse('malformed_request', 'the Host header is not a host name')
    const path = pathOf(request.url)
    if (path.startsWith('/api/v1/') && !isDocs(path))
      return api.handle(
        request,
        () => address(request, server),
        prove && (() => prove(request, server)),
      )
    if (path.startsWith('/admin/')) {
      if (isPatient(request)) server.timeout(request, ADMIN_IDLE_SECONDS)
      return admin.handle(
        request,
        () => address(request, server),
        prove && (() => prove(request, server)),
      )
    }
    if (check.handles(path)) return check.handle(request, address(request, server))
    return gate.handles(path) ? gate.handle(request, server) : other(request, path)
  }
}

/** The documentation page and its assets are pages, though they live below the API. */
const isDocs = (path: string): boolean =>
  path === '/api/v1/docs' || path.startsWith('/api/v1/docs/')

const nothingHere = (request: Request, path: string, pages: Pages): Response =>
  pages.respond(new Request(request.url), path)
    ? notAllowed(request)
    : refuse('not_found', 'there is nothing at this path')

const notAllowed = ({ method }: Request): Response => {
  const response = refuse('method_not_allowed', `${method} is not allowed here`)
  response.headers.set('allow', 'GET, HEAD')
  return response
}

const health = ({ status }: HttpDeps, request: Request, path: string): Answer => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed(request)
  return path === '/healthz' ? healthz() : readyz(status)
}

/**
 * Seconds that the operator's calls may take: livekit-server stops and starts, many people are put
 * out. Bun's types leave it out for unix sockets, where it works and where `server.timeout` does
 * not: a call would be cut after 12 seconds (seen in 1.4.5).
 */
const ADMIN_IDLE_SECONDS = 120
const ADMIN_IDLE: object = { idleTimeout: ADMIN_IDLE_SECONDS }

/** Reads are answered soon: only changes may wait for people to be put out. */
const isPatient = ({ method }: Request): boolean => method !== 'GET' && method !== 'HEAD'

/** The longest path that sockaddr_un holds on Linux, less the closing NUL. */
const MAX_SOCKET_PATH = 107

/**
 * The admin API on a unix socket that only the owner of the data dir can open. The caller holds
 * the lock on the data dir: a socket found there is a dead server's.
 */
export const serveAdmin = (deps: HttpDeps, socketPath: string): Bun.Server<undefined> => {
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new StartError(
      `${socketPath}: the path of this socket is longer than ${MAX_SOCKET_PATH} bytes; choose a shorter data_dir`,
    )
  }
  const api = buildAdminApi(deps)
  rmSync(socketPath, { force: true })
  // The mode must be right from the first moment: chmod after bind would leave a gap.
  const mask = process.umask(0o177)
  try {
    return Bun.serve({
      unix: socketPath,
      development: false,
      ...ADMIN_IDLE,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      fetch: (request) => api.handle(request),
      error: (error) => failed(deps.log, error),
    })
  } finally {
    process.umask(mask)
  }
}

/** Prometheus metrics, on a loopback port of their own: behind a proxy every peer is loopback. */
export const serveMetrics = (metrics: Metrics, port: number): Bun.Server<undefined> =>
  Bun.serve({
    hostname: '127.0.0.1',
    port,
    development: false,
    async fetch(request) {
      if (pathOf(request.url) !== '/metrics')
        return refuse('not_found', 'the metrics are at /metrics')
      return new Response(await metrics.text(), {
        headers: { 'content-type': metrics.registry.contentType },
      })
    },
  })

const refuse = (
  code: 'not_found' | 'malformed_request' | 'method_not_allowed',
  detail: string,
): Response => {
  const requestId = newRequestId()
  const response = problemResponse(new GoLiveError(code, detail), requestId)
  response.headers.set('x-request-id', requestId)
  return response
}

/** Only the place is logged: what breaks on the way upstream can carry an address in its message. */
const failed = (log: Logger, error: Error): Response => {
  const requestId = newRequestId()
  const at = error.stack?.split('\n').filter((line) => line.trimStart().startsWith('at '))
  log.error({ request_id: requestId, error: error.name, at }, 'request failed')
  const response = problemResponse(internalError(error), requestId)
  response.headers.set('x-request-id', requestId)
  return response
}
