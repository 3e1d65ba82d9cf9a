const SEPARATOR = '__'

/** A tenant's room as LiveKit knows it. The one place that joins them. */
export const livekitRoomName = (slug: string, room: string): string => `${slug}${SEPARATOR}${room}`

/** Stands where a tenant's id does for what belongs to no tenant: check calls. Ids have no underscore. */
export const NO_TENANT = '_check'

const CHECK = /^__check__([0-9a-z]{20})$/

/** The room of a check call as LiveKit knows it. A slug is never empty: no tenant's room can have this name. */
export const checkRoomName = (id: string): string => `${SEPARATOR}check${SEPARATOR}${id}`

/** The id in the name of a check call's room; null for all other names. */
export const checkIdOf = (livekitName: string): string | null =>
  CHECK.exec(livekitName)?.[1] ?? null

/**
 * Splits at the first `__`: unambiguous, because a slug has no underscore at all.
 * Null for a name that is not ours.
 */
export const splitLivekitRoomName = (name: string): { slug: string; room: string } | null => {
  const at = name.indexOf(SEPARATOR)
  if (at <= 0) return null
  return { slug: name.slice(0, at), room: name.slice(at + SEPARATOR.length) }
}
