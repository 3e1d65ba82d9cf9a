import { ActionIcon } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { type CSSProperties, useLayoutEffect, useRef, useState } from 'react'
import { useFirst } from '../parts/first.tsx'
import { Icon } from '../parts/icons.tsx'
import { clock, utc, zone } from '../parts/moment.tsx'
import { plural, span } from '../text.ts'
import { Legend } from './legend.tsx'
import { type Bar, type Lane, percentOf, type Row, type Span, ticksOf } from './timeline-model.ts'
import { leaveWords } from './words.ts'

const MOST_ZOOM = 64
/** What the hours and minutes at a line need. */
const LABEL_PX = 76

const place = ({ from, to }: Span, bounds: Span): CSSProperties => {
  const left = percentOf(from, bounds)
  return { left: `${left}%`, width: `${percentOf(to, bounds) - left}%` }
}

/** Who was in a call when, and what they published: a picture for the eye, beside the same as a table. */
export const Timeline = ({ rows, bounds }: { rows: Row[]; bounds: Span }) => {
  const [zoom, setZoom] = useState(1)
  const { shown, rest } = useFirst(rows, 'more person', 'more people')
  return (
    <>
      <div className="timeline-tools">
        <Legend />
        <Zoom zoom={zoom} onZoom={setZoom} />
      </div>
      <Sheet rows={shown} bounds={bounds} zoom={zoom} />
      {rest}
    </>
  )
}

const Zoom = ({ zoom, onZoom }: { zoom: number; onZoom: (zoom: number) => void }) => (
  <div className="zoom">
    <ActionIcon
      variant="default"
      size="lg"
      aria-label="Show more time at once"
      title="Show more time at once"
      disabled={zoom === 1}
      onClick={() => onZoom(zoom / 2)}
    >
      <Icon name="skipped" />
    </ActionIcon>
    <output className="zoom-value" aria-label="Zoom">
      {zoom}×
    </output>
    <ActionIcon
      variant="default"
      size="lg"
      aria-label="Show time in more detail"
      title="Show time in more detail"
      disabled={zoom === MOST_ZOOM}
      onClick={() => onZoom(zoom * 2)}
    >
      <Icon name="plus" />
    </ActionIcon>
  </div>
)

interface SheetProps {
  rows: Row[]
  bounds: Span
  zoom: number
}

const Sheet = ({ rows, bounds, zoom }: SheetProps) => {
  const scroller = useRef<HTMLElement>(null)
  const before = useRef(zoom)
  // What was in the middle stays there.
  useLayoutEffect(() => {
    const box = scroller.current
    if (!box || before.current === zoom) return
    const middle = box.scrollLeft + box.clientWidth / 2
    box.scrollLeft = (middle * zoom) / before.current - box.clientWidth / 2
    before.current = zoom
  }, [zoom])
  return (
    <section
      className="timeline"
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      aria-label="Timeline"
    >
      <div
        className="timeline-sheet"
        role="img"
        aria-label={`${plural(rows.length, 'person', 'people')} from ${clock(bounds.from)} to ${clock(bounds.to)}. The table below says the same.`}
        style={{ '--zoom': zoom } as CSSProperties}
      >
        <Axis bounds={bounds} />
        {rows.map((row) => (
          <TimelineRow key={row.identity} row={row} bounds={bounds} />
        ))}
      </div>
    </section>
  )
}

const HOUR_MS = 3600_000
const TO_THE_MINUTE = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const WITH_DAY = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' })

const Axis = ({ bounds }: { bounds: Span }) => {
  const { ref, width } = useElementSize()
  const most = Math.max(2, Math.floor(width / LABEL_PX))
  const { step, at } = ticksOf(bounds, most, new Date(bounds.from).getTimezoneOffset())
  const hasRoom = (moment: number) =>
    ((100 - percentOf(moment, bounds)) / 100) * width > LABEL_PX - 16
  return (
    <div className="timeline-row timeline-head">
      <span className="timeline-who soft" title={zone()}>
        {WITH_DAY.format(bounds.from)}
      </span>
      <div className="timeline-axis" ref={ref}>
        {at.map((moment) => (
          <span
            key={moment}
            className="tick"
            title={utc(moment)}
            style={{ left: `${percentOf(moment, bounds)}%` }}
          >
            {hasRoom(moment) && tickName(moment, step)}
          </span>
        ))}
      </div>
      <span className="timeline-end" />
    </div>
  )
}

const tickName = (moment: number, step: number): string => {
  if (step < 60_000) return clock(moment)
  return (step < 24 * HOUR_MS ? TO_THE_MINUTE : WITH_DAY).format(moment)
}

const TimelineRow = ({ row, bounds }: { row: Row; bounds: Span }) => {
  const last = row.bars.at(-1)
  return (
    <div className="timeline-row" data-identity={row.identity}>
      <div className="timeline-who">
        <span className="timeline-name" dir="auto" title={row.identity}>
          {row.name || row.identity}
        </span>
        {row.name && row.name !== row.identity && (
          <span className="timeline-identity" dir="auto" title={row.identity}>
            {row.identity}
          </span>
        )}
      </div>
      <div className="timeline-plot">
        {row.bars.map((bar) => (
          <StayBar key={bar.sid} bar={bar} bounds={bounds} />
        ))}
        {row.refusals.map((moment, n) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: two may fall on one moment
            key={n}
            className="refused-mark"
            style={{ left: `${percentOf(moment, bounds)}%` }}
            title={`Join refused at ${clock(moment)}`}
          />
        ))}
      </div>
      <Outcome last={last} stays={row.bars.length} />
    </div>
  )
}

const Outcome = ({ last, stays }: { last: Bar | undefined; stays: number }) => {
  if (!last) {
    return (
      <div className="timeline-end outcome" data-tone="lost">
        Never got in
      </div>
    )
  }
  const { text, tone } = leaveWords(last.leaveReason)
  return (
    <div className="timeline-end outcome" data-tone={last.isOpen ? 'open' : tone}>
      {text}
      <span className="sub soft">
        {!last.isOpen && clock(last.to)}
        {stays > 1 && `${last.isOpen ? '' : ' · '}came ${stays} times`}
      </span>
    </div>
  )
}

const StayBar = ({ bar, bounds }: { bar: Bar; bounds: Span }) => {
  const { text, tone } = leaveWords(bar.leaveReason)
  const end = bar.isOpen ? 'still in the call' : `${text} at ${clock(bar.to)}`
  return (
    <>
      <span
        className="stay-bar"
        style={place(bar, bounds)}
        data-tone={bar.isOpen ? 'open' : tone}
        title={`Joined at ${clock(bar.from)}, ${end} (${span((bar.to - bar.from) / 1000)})`}
      />
      {bar.lanes.map((lane) => (
        <LaneBar key={`${lane.source} ${lane.from}`} lane={lane} bounds={bounds} />
      ))}
      {bar.reconnects.map((moment) => (
        <span
          key={moment}
          className="reconnect-mark"
          style={{ left: `${percentOf(moment, bounds)}%` }}
          title={`Reconnected at ${clock(moment)}`}
        />
      ))}
    </>
  )
}

const LaneBar = ({ lane, bounds }: { lane: Lane; bounds: Span }) => (
  <span
    className="lane"
    data-source={lane.source}
    style={place(lane, bounds)}
    title={`${LANES[lane.source]} from ${clock(lane.from)} to ${clock(lane.to)}`}
  >
    {lane.mutes.map((mute) => (
      <span
        key={mute.from}
        className="mute"
        style={place(mute, lane)}
        title={`Muted from ${clock(mute.from)} to ${clock(mute.to)}`}
      />
    ))}
  </span>
)

const LANES: Record<Lane['source'], string> = {
  microphone: 'Microphone',
  camera: 'Camera',
  screen: 'Screen share',
}
