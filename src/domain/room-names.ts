const SEPARATOR = '__'

/** A tenant's room as LiveKit knows it. The one place that joins them. */
export const livekitRoomName = (slug: string, room: string): string => `${slug}${SEPARATOR}${room}`

/**
 * Splits at the first `__`: unambiguous, because a slug has no underscore at all.
 * Null for a name that is not ours.
 */
export const splitLivekitRoomName = (name: string): { slug: string; room: string } | null => {
  const at = name.indexOf(SEPARATOR)
  if (at <= 0) return null
  return { slug: name.slice(0, at), room: name.slice(at + SEPARATOR.length) }
}
