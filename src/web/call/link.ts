/** What a call link says about its holder, read from the join token without trusting it. */
export interface Link {
  token: string
  room: string
  name: string
  publishes: { camera: boolean; microphone: boolean }
}

/** Longer than any token the server makes; nothing bigger is decoded. */
const MAX_FRAGMENT = 64 * 1024

/**
 * Reads `#token=<jwt>` or a bare `#<jwt>`.
 * @returns null when there is no fragment, 'broken' when it holds no readable token
 */
export const readLink = (fragment: string): Link | 'broken' | null => {
  const text = fragment.replace(/^#/, '')
  if (text === '') return null
  if (text.length > MAX_FRAGMENT) return 'broken'
  const token = text.startsWith('token=') ? text.slice('token='.length).split('&')[0] : text
  const claims = token ? decodeClaims(token) : null
  return token && claims ? { token, ...describe(claims) } : 'broken'
}

const decodeClaims = (token: string): Record<string, unknown> | null => {
  const parts = token.split('.')
  if (parts.length !== 3) return null
  try {
    const base64 = (parts[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isObject(claims) ? claims : null
  } catch {
    return null
  }
}

const describe = (claims: Record<string, unknown>): Omit<Link, 'token'> => {
  const grants = isObject(claims.video) ? claims.video : {}
  const sources = Array.isArray(grants.canPublishSources) ? grants.canPublishSources : []
  const publishes = (source: string) =>
    grants.canPublish !== false && (sources.length === 0 || sources.includes(source))
  return {
    room: plainRoomName(text(grants.room)),
    name: text(claims.name) || text(claims.sub),
    publishes: { camera: publishes('camera'), microphone: publishes('microphone') },
  }
}

/** People know a room by its plain name; LiveKit's carries the tenant's slug in front. */
const plainRoomName = (name: string): string => name.replace(/^[a-z0-9-]+?__/, '')

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
