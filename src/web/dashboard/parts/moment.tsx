const SHOWN = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const CLOCK = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** A moment as everybody else names it. */
export const utc = (at: string | number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

export const clock = (at: string | number): string => CLOCK.format(new Date(at))

/** A moment on the viewer's clock, to the second; in UTC when pointed at. */
export const Moment = ({ at, isShort }: { at: string; isShort?: boolean }) => (
  <time dateTime={at} title={utc(at)}>
    {(isShort ? CLOCK : SHOWN).format(new Date(at))}
  </time>
)

/** The name of the viewer's zone, such as Europe/Berlin. */
export const zone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone
