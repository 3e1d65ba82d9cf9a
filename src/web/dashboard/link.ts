const LINK = /^#link=([A-Za-z0-9_-]{1,200})$/

/**
 * Takes the token of a sign-in link out of the address bar, so that neither the history nor a
 * glance at the screen keeps it.
 * @returns null when the address holds none
 */
export const takeLink = (): string | null => {
  const [, token] = LINK.exec(location.hash) ?? []
  if (location.hash !== '') history.replaceState(null, '', `${location.pathname}${location.search}`)
  return token ?? null
}
