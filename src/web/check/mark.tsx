import type { State } from './checkup.ts'

/** How something is, at a glance. The words beside it say the same. */
export type Mark = State | 'good' | 'fair' | 'bad'

const PATHS: Partial<Record<Mark, string>> = {
  ok: 'M6 12.5l4 4 8-9',
  good: 'M6 12.5l4 4 8-9',
  failed: 'M7 7l10 10M17 7L7 17',
  bad: 'M7 7l10 10M17 7L7 17',
  fair: 'M12 6.5v7M12 17.2v.3',
  'not-offered': 'M7 12h10',
  unknown: 'M7 12h10',
}

export const MarkIcon = ({ mark }: { mark: Mark }) => {
  const path = PATHS[mark]
  return (
    <span className="mark" data-mark={mark} aria-hidden="true">
      {mark === 'running' && <span className="spinner" />}
      {path && (
        <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
          <path d={path} />
        </svg>
      )}
    </span>
  )
}
