const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const DAY = { month: 'short', day: 'numeric' } as const
const CLOCK = new Intl.DateTimeFormat('en', TIME)
const SHOWN = new Intl.DateTimeFormat('en', { ...DAY, ...TIME })
const WITH_YEAR = new Intl.DateTimeFormat('en', { year: 'numeric', ...DAY, ...TIME })

/** A moment as everybody else names it. */
export const utc = (at: string | number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

export const clock = (at: string | number): string => CLOCK.format(new Date(at))

/** A moment on the viewer's clock, to the second, with the year where it is not this one; in UTC when pointed at. */
export const Moment = ({ at }: { at: string }) => {
  const date = new Date(at)
  const isThisYear = date.getFullYear() === new Date().getFullYear()
  return (
    <time dateTime={at} title={utc(at)}>
      {(isThisYear ? SHOWN : WITH_YEAR).format(date)}
    </time>
  )
}

/** The name of the viewer's zone, such as Europe/Berlin. */
export const zone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone
