import { useEffect, useState } from 'react'
import { fullTime, relativeTime } from '../text.ts'

const TICK_MS = 1000

/** Where a time is not known, a dash says so. */
export const Time = ({ at, none = 'never' }: { at: string | null; none?: string }) => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  if (at === null) return <span className="soft">{none}</span>
  return (
    <time dateTime={at} title={fullTime(at)}>
      {relativeTime(at, now)}
    </time>
  )
}
