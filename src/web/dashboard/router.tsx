import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

const CHANGED = 'golive:path'

const subscribe = (changed: () => void): (() => void) => {
  addEventListener('popstate', changed)
  addEventListener(CHANGED, changed)
  return () => {
    removeEventListener('popstate', changed)
    removeEventListener(CHANGED, changed)
  }
}

/** The path below /ui, decoded: [] for the front page, ['tenants', slug] for a tenant. */
export const usePath = (): string[] => {
  const path = useSyncExternalStore(subscribe, () => location.pathname)
  return path
    .split('/')
    .filter((part) => part !== '')
    .slice(1)
    .map(decoded)
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** @param path with what is asked of the page, if anything is */
export const navigate = (path: string): void => {
  if (path !== `${location.pathname}${location.search}`) history.pushState(null, '', path)
  dispatchEvent(new Event(CHANGED))
  scrollTo(0, 0)
}

/**
 * What the address asks of its page under this name, and what changes that in place: a reload, and
 * whoever is given the link, sees the same.
 */
export const useAsked = (name: string): [string | null, (value: string | null) => void] => {
  const search = useSyncExternalStore(subscribe, () => location.search)
  const ask = (value: string | null) => {
    history.replaceState(null, '', asking(location.pathname, { [name]: value }, location.search))
    dispatchEvent(new Event(CHANGED))
  }
  return [new URLSearchParams(search).get(name), ask]
}

/** @param asked what is null is left out */
export const asking = (
  path: string,
  asked: Record<string, string | null>,
  search: string = '',
): string => {
  const params = new URLSearchParams(search)
  for (const [name, value] of Object.entries(asked)) {
    if (value === null) params.delete(name)
    else params.set(name, value)
  }
  return params.size === 0 ? path : `${path}?${params}`
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }

/** A link inside the dashboard: a plain one for new tabs and copying, without a page load otherwise. */
export const Link = ({ to, onClick, ...rest }: LinkProps) => {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(to)
  }
  return <a href={to} onClick={follow} {...rest} />
}

/** @param more below it, such as a part of its pages */
export const tenantPath = (slug: string, ...more: string[]): string =>
  ['/ui/tenants', slug, ...more]
    .map((part, n) => (n === 0 ? part : encodeURIComponent(part)))
    .join('/')
