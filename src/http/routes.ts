/** A path pattern with what may be done there. */
export interface Route {
  /** as registered: `/api/v1/rooms/:room` */
  readonly pattern: string
  readonly methods: ReadonlySet<string>
  readonly allow: string
  /** The decoded text of the pattern's first `:name`; empty when its escapes are broken. */
  firstParameter(path: string): string
  /** The path as a log may keep it: without whom it is about. */
  withoutPerson(path: string): string
}

interface Registered {
  method: string
  path: string
}

/** Elysia answers 404 where 405 is due and knows no OPTIONS: this is its own list of routes, by path. */
export class Routes {
  readonly #exact = new Map<string, Route>()
  readonly #patterns: { match: RegExp; route: Route }[] = []

  constructor(registered: readonly Registered[]) {
    for (const [pattern, methods] of byPath(registered)) {
      const match = new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/:\w+/g, '([^/]+)')}$`)
      const route = routeOf(pattern, methods, match)
      if (pattern.includes(':')) this.#patterns.push({ match, route })
      else this.#exact.set(pattern, route)
    }
  }

  find(path: string): Route | null {
    const exact = this.#exact.get(path)
    if (exact) return exact
    for (const { match, route } of this.#patterns) if (match.test(path)) return route
    return null
  }
}

const byPath = (registered: readonly Registered[]): Map<string, string[]> => {
  const paths = new Map<string, string[]>()
  for (const { method, path } of registered) paths.set(path, [...(paths.get(path) ?? []), method])
  return paths
}

const routeOf = (pattern: string, own: string[], match: RegExp): Route => {
  const methods = new Set([...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])
  const person = pattern.split('/').indexOf(':identity')
  return {
    pattern,
    methods,
    allow: [...methods].sort().join(', '),
    firstParameter: (path) => decoded(match.exec(path)?.[1] ?? ''),
    withoutPerson: (path) =>
      person < 0 ? path : path.split('/').with(person, ':identity').join('/'),
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
