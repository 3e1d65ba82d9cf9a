const HUES = 8

/** Initials on a colour that stays the same for the same person. */
export const Avatar = ({ name }: { name: string }) => (
  <span className="avatar" data-hue={hueOf(name)} aria-hidden="true">
    {initials(name)}
  </span>
)

const initials = (name: string): string => {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean)
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) =>
    firstLetter(word),
  )
  return letters.join('').toUpperCase() || '?'
}

/** By code point: cutting a surrogate pair in two would show a broken character. */
const firstLetter = (word: string | undefined): string => [...(word ?? '')][0] ?? ''

const hueOf = (name: string): number => {
  let sum = 0
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521
  return sum % HUES
}
