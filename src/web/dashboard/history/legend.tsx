import type { ReactNode } from 'react'

/** Drawn with what the picture itself is drawn with. */
const MARKS: [string, ReactNode][] = [
  ['In the call', <span key="call" className="stay-bar" />],
  ['Microphone', <span key="microphone" className="lane" data-source="microphone" />],
  ['Camera', <span key="camera" className="lane" data-source="camera" />],
  ['Screen share', <span key="screen" className="lane" data-source="screen" />],
  [
    'Muted',
    <span key="muted" className="lane" data-source="microphone">
      <span className="mute" />
    </span>,
  ],
  ['Reconnected', <span key="reconnect" className="reconnect-mark" />],
  ['Lost', <span key="lost" className="stay-bar" data-tone="lost" />],
  ['Put out or replaced', <span key="out" className="stay-bar" data-tone="out" />],
  ['Join refused', <span key="refused" className="refused-mark" />],
]

/** What is what in the picture of a call. */
export const Legend = () => (
  <ul className="legend" aria-label="What the picture shows">
    {MARKS.map(([name, mark]) => (
      <li key={name}>
        <span className="legend-mark">{mark}</span>
        {name}
      </li>
    ))}
  </ul>
)
