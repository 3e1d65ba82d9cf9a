import { useEffect, useRef } from 'react'
import { Brand } from './brand.tsx'
import { Icon, type IconName } from './icons.tsx'
import type { Notice } from './notices.ts'

const ICONS: Record<Notice['tone'], IconName> = {
  link: 'link',
  over: 'leave',
  warning: 'warning',
  danger: 'signal',
}

/** One message, and the way on where there is one. */
export const NoticeScreen = ({ notice, onAgain }: { notice: Notice; onAgain?: () => void }) => {
  const heading = useRef<HTMLHeadingElement>(null)
  // The screen before is gone and with it the focus: put it where the news is.
  useEffect(() => {
    heading.current?.focus()
  }, [])
  return (
    <main className="screen">
      <Brand />
      <section className="card notice" data-tone={notice.tone}>
        <span className="notice-icon">
          <Icon name={ICONS[notice.tone]} />
        </span>
        <h1 ref={heading} tabIndex={-1}>
          {notice.title}
        </h1>
        <p>{notice.text}</p>
        {notice.again && onAgain && (
          <button type="button" className="button primary" onClick={onAgain}>
            {notice.again}
          </button>
        )}
        {notice.mayCheck && (
          // In a tab of its own: the access in the link lives in this one only.
          <a className="button" href="/check" target="_blank" rel="noopener">
            Find out why
          </a>
        )}
      </section>
    </main>
  )
}
