import { Badge, Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { call } from '../api.ts'
import { CodeBlock } from '../parts/copy.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Trouble } from '../parts/states.tsx'
import { useAct } from '../queries.ts'
import type { DoctorReport, Finding } from '../types.ts'

/** Examines the server on request: what works, what does not, and what to type about it. */
export const DoctorPage = () => {
  const examine = useAct(() => call<DoctorReport>('POST', '/doctor'))
  const { data: report, error, isPending } = examine
  return (
    <Page
      title="Doctor"
      lead="Looks at DNS, ports, certificate and limits, and makes a call of its own."
      actions={
        <Button loading={isPending} onClick={() => examine.mutate()}>
          {report ? 'Examine again' : 'Examine the server'}
        </Button>
      }
    >
      {error && <Trouble error={error} onAgain={() => examine.mutate()} />}
      {isPending && <Examining />}
      {report && !isPending && <Report report={report} />}
      {!report && !isPending && !error && (
        <Panel title="Findings">
          <Empty icon="doctor" title="Nothing was examined yet">
            It takes up to a minute and does not disturb running calls.
          </Empty>
        </Panel>
      )}
    </Page>
  )
}

const SECOND_MS = 1000

/** It takes long enough that people want to see that it goes on. */
const Examining = () => {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setSeconds((count) => count + 1), SECOND_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <Panel title="Findings">
      <Empty icon="clock" title="Examining…">
        <span role="status">The server examines itself. </span>
        <span aria-hidden="true">{seconds} s</span>
      </Empty>
    </Panel>
  )
}

/** What must be mended comes first. */
const ORDER: Finding['state'][] = ['fail', 'warn', 'ok', 'skipped']

const Report = ({ report: { data, verdict } }: { report: DoctorReport }) => {
  const sorted = data.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
  return (
    <Panel title="Findings" lead={<span role="status">{verdict}</span>}>
      <ul className="findings">
        {sorted.map((finding) => (
          <Line key={finding.id} finding={finding} />
        ))}
      </ul>
    </Panel>
  )
}

const LOOKS: Record<Finding['state'], { icon: IconName; name: string; color: string }> = {
  ok: { icon: 'check', name: 'OK', color: 'teal' },
  warn: { icon: 'warning', name: 'Could be better', color: 'yellow' },
  fail: { icon: 'close', name: 'To be mended', color: 'red' },
  skipped: { icon: 'skipped', name: 'Not checked', color: 'gray' },
}

const Line = ({ finding: { state, title, detail, fix } }: { finding: Finding }) => {
  const { icon, name, color } = LOOKS[state]
  return (
    <li className="finding" data-state={state}>
      <span className="finding-icon">
        <Icon name={icon} />
      </span>
      <div className="finding-text">
        <h3>{title}</h3>
        <p className="soft">{detail}</p>
      </div>
      <Badge color={color} variant="light">
        {name}
      </Badge>
      {fix !== null && (
        <div className="finding-fix">
          <CodeBlock code={fix} what={`what to do about ${title}`} />
        </div>
      )}
    </li>
  )
}
