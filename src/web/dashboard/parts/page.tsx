import { type ReactNode, useEffect, useRef } from 'react'

interface PageProps {
  title: string
  /** what stands in the tab when it is not the heading */
  tab?: string
  lead?: ReactNode
  above?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

let opened = 0

/** One page: its heading gets the focus, so that a screen reader says where one is now. */
export const Page = ({ title, tab = title, lead, above, actions, children }: PageProps) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (opened++ > 0) heading.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    document.title = `${tab} · GoLive`
  }, [tab])
  return (
    <div className="page">
      {above}
      <div className="page-head">
        <div className="page-title">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <div className="page-lead">{lead}</div>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

interface PanelProps {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  tone?: 'danger'
  children: ReactNode
}

/** A titled part of a page. */
export const Panel = ({ title, lead, actions, tone, children }: PanelProps) => (
  <section className="panel" aria-label={title} data-tone={tone}>
    <div className="panel-head">
      <div>
        <h2>{title}</h2>
        {lead && <p className="panel-lead">{lead}</p>}
      </div>
      {actions && <div className="panel-actions">{actions}</div>}
    </div>
    {children}
  </section>
)
