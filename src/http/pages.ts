import { createHash } from 'node:crypto'
import callPage from '../web/call/index.html'
import checkPage from '../web/check/index.html'
import dashboardPage from '../web/dashboard/index.html'
import docsPage from '../web/docs/index.html'
import favicon from '../web/favicon.svg' with { type: 'file' }
import guidePage from '../web/guide/index.html'
import homePage from '../web/home/index.html'
import { Asset, type BundledFile, filesOf } from './assets.ts'
import { type GuideFacts, renderGuide } from './guide.ts'

export interface Pages {
  /** @returns null when no page has this path or the method is neither GET nor HEAD */
  respond(request: Request, pathname: string): Response | Promise<Response> | null
}

const COMMON = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}
const IMMUTABLE = { ...COMMON, 'cache-control': 'public, max-age=31536000, immutable' }
const FOR_A_DAY = { ...COMMON, 'cache-control': 'public, max-age=86400' }
const REVALIDATED = { ...COMMON, 'cache-control': 'no-cache' }

/** What each page may do beyond its own files; everything not named is forbidden. */
const NOTHING = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]
const OWN_FILES = ["script-src 'self'", "style-src 'self'", "img-src 'self' data:"]
const NO_DEVICES =
  'camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()'
const CALL_DEVICES = [
  ...['camera', 'microphone', 'display-capture', 'autoplay', 'fullscreen', 'picture-in-picture'],
  ...['screen-wake-lock', 'speaker-selection'],
].map((feature) => `${feature}=(self)`)

/**
 * The pages that the executable carries: the call, the check before it, the operator's dashboard, the API documentation,
 * the integration guide, the front door.
 * @param facts `wsUrl` is also named to browsers whose 'self' does not cover WebSockets of the same
 *   origin (Safari before 15.4)
 */
export const createPages = async (facts: GuideFacts): Promise<Pages> => {
  const { wsUrl } = facts
  const [call, check, dashboard, docs, guide, home] = await Promise.all([
    load(callPage),
    load(checkPage),
    load(dashboardPage),
    load(docsPage),
    load(guidePage),
    load(homePage),
  ])
  const icon = await iconAsset()
  const routes = new Map<string, Asset>([
    ...assetsOf(call),
    ...assetsOf(check),
    ...assetsOf(dashboard),
    ...assetsOf(docs),
    ...assetsOf(guide),
    ...assetsOf(home),
    ['/favicon.ico', icon],
    ['/favicon.svg', icon],
    ['/', pageAsset(home, frontDoor())],
    ['/call', pageAsset(call, callPolicy(inlineHashes(call), new URL(wsUrl).origin))],
    ['/check', pageAsset(check, callPolicy([], new URL(wsUrl).origin))],
    ['/api/v1/docs', pageAsset(docs, docsPolicy())],
    ['/ui/integrate', filledAsset(guide, renderGuide(guide.html, facts), uiPolicy())],
  ])
  const operators = pageAsset(dashboard, uiPolicy())
  return {
    respond(request, pathname) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return null
      const asset = routes.get(pathname) ?? (isDashboard(pathname) ? operators : null)
      return asset?.respond(request) ?? fixed(pathname)
    },
  }
}

/** The dashboard's pages are told apart in the browser; a sign-in link leads to `/ui/`. */
const DASHBOARD = /^\/ui(?:\/(?:(?:tenants|calls|usage|audit|access|status|doctor)\/?)?)?$/
const OF_TENANT = /^\/ui\/tenants\/[^/]+(?:\/(?:calls(?:\/[^/]+)?|usage|events|webhooks))?\/?$/

const isDashboard = (pathname: string): boolean =>
  DASHBOARD.test(pathname) || OF_TENANT.test(pathname)

interface LoadedPage {
  page: BundledFile
  html: string
  files: BundledFile[]
}

const load = async (imported: Bun.HTMLBundle): Promise<LoadedPage> => {
  const all = await filesOf(imported)
  const page = all.find((file) => file.isPage)
  if (!page) throw new Error('an embedded page has no HTML file: the executable was built wrongly')
  const html = new TextDecoder().decode(await page.bytes())
  return { page, html, files: all.filter((file) => file !== page) }
}

const assetsOf = ({ files }: LoadedPage): [string, Asset][] =>
  files.map((file) => [file.path, new Asset(file, IMMUTABLE)])

const pageAsset = ({ page }: LoadedPage, headers: Record<string, string>): Asset =>
  new Asset(page, { ...REVALIDATED, ...headers })

/** A page with something of this server in it: its tag must change with that. */
const filledAsset = (
  { page }: LoadedPage,
  html: string,
  headers: Record<string, string>,
): Asset => {
  const bytes = new TextEncoder().encode(html)
  const etag = tagOf(bytes)
  return new Asset({ ...page, etag, bytes: async () => bytes }, { ...REVALIDATED, ...headers })
}

const tagOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64url').slice(0, 16)

const iconAsset = async (): Promise<Asset> => {
  const bytes = await Bun.file(favicon).bytes()
  const file = { path: '/favicon.svg', type: 'image/svg+xml', etag: tagOf(bytes), isPage: false }
  return new Asset({ ...file, bytes: async () => bytes }, FOR_A_DAY)
}

const policy = (...directives: string[]): string =>
  [...NOTHING, ...OWN_FILES, ...directives].join('; ')

/** The SDKs' prepareConnection() sends `HEAD /` from wherever an app lives: it may read that we answer. */
const frontDoor = (): Record<string, string> => ({
  'content-security-policy': policy(),
  'permissions-policy': NO_DEVICES,
  'access-control-allow-origin': '*',
})

/** swagger-ui renders the document's Markdown as HTML (sanitised), which trusted types would forbid. */
const docsPolicy = (): Record<string, string> => ({
  'content-security-policy': policy("connect-src 'self'"),
  'permissions-policy': NO_DEVICES,
})

/** The dashboard and the guide: nothing makes scripts or style elements. */
const uiPolicy = (): Record<string, string> => ({
  'content-security-policy': policy(
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ),
  'permissions-policy': NO_DEVICES,
})

const callPolicy = (scriptHashes: string[], webSocketOrigin: string): Record<string, string> => ({
  'content-security-policy': [
    ...NOTHING,
    ["script-src 'self'", ...scriptHashes].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    `connect-src 'self' ${webSocketOrigin}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'permissions-policy': `${CALL_DEVICES.join(', ')}, geolocation=(), payment=(), usb=()`,
})

/** Lets exactly the page's own inline script run (CSP level 2, §4.2.5). */
const inlineHashes = ({ html }: LoadedPage): string[] =>
  [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )

const REDIRECTS: Record<string, string> = {
  '/call/': '/call',
  '/check/': '/check',
  '/api/v1/docs/': '/api/v1/docs',
  '/ui/integrate/': '/ui/integrate',
}

const fixed = (pathname: string): Response | null => {
  if (pathname === '/robots.txt') {
    return new Response('User-agent: *\nDisallow: /\n', { headers: FOR_A_DAY })
  }
  const location = Object.hasOwn(REDIRECTS, pathname) ? REDIRECTS[pathname] : undefined
  return location
    ? new Response(null, { status: 308, headers: { ...REVALIDATED, location } })
    : null
}
