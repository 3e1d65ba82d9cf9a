import { useEffect, useRef } from 'react'
import { MarkIcon } from './mark.tsx'
import type { Verdict } from './verdict.ts'
import { askedWords } from './words.ts'

interface Props {
  /** null while the check runs */
  verdict: Verdict | null
  isAsking: boolean
  onAgain: () => void
}

/** What it all comes to, first on the page and last to be known. */
export const VerdictCard = ({ verdict, isAsking, onAgain }: Props) => {
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that was pressed is gone and with it the focus: put it where the news will be.
  useEffect(() => {
    heading.current?.focus()
  }, [])
  return (
    <section className="card verdict" data-tone={verdict?.tone ?? 'running'}>
      <MarkIcon mark={verdict?.tone ?? 'running'} />
      <div role="status">
        <h1 ref={heading} tabIndex={-1}>
          {verdict?.title ?? 'Checking your connection…'}
        </h1>
        <p>{verdict?.text ?? (isAsking ? askedWords(navigator.userAgent) : ALMOST)}</p>
        {verdict && verdict.openings.length > 0 && (
          <ul>
            {verdict.openings.map((opening) => (
              <li key={opening}>{opening}</li>
            ))}
          </ul>
        )}
      </div>
      {verdict && (
        <button type="button" className="button" onClick={onAgain}>
          Check again
        </button>
      )}
    </section>
  )
}

const ALMOST = 'This takes less than a minute. Say something to try your microphone.'
