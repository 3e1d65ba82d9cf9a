import { CopyIcon } from './copy.tsx'

interface LogLine {
  time: string | null
  level: string
  message: string
  rest: string
}

const CLOCK = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })
/** Of a structured line's other members, as many characters as still help. */
const MOST_CHARACTERS = 200

/** livekit-server writes JSON lines; cut ones and what its libraries print are shown as they are. */
const read = (line: string): LogLine => {
  try {
    const { ts, level, msg, logger: _, caller: __, ...rest } = JSON.parse(line)
    if (typeof msg !== 'string') throw new Error('no message')
    const named = Object.entries(rest).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    const time = typeof ts === 'number' ? CLOCK.format(ts * 1000) : null
    const text = named.join('  ').slice(0, MOST_CHARACTERS)
    return { time, level: String(level), message: msg, rest: text }
  } catch {
    return cut(line)
  }
}

/** A line too long to be kept whole is no JSON any more; its beginning still tells what it is about. */
const cut = (line: string): LogLine => {
  const [, level] = /"level":"(\w+)"/.exec(line) ?? []
  const [, ts] = /"ts":([\d.]+)/.exec(line) ?? []
  const [found, message] = /"msg":"((?:[^"\\]|\\.)*)",?/.exec(line) ?? []
  if (!found || !message) return { time: null, level: '', message: line, rest: '' }
  const rest = line.slice(line.indexOf(found) + found.length).slice(0, MOST_CHARACTERS)
  return {
    time: ts ? CLOCK.format(Number(ts) * 1000) : null,
    level: level ?? '',
    message,
    rest: rest.replaceAll('"', '').replaceAll(',', '  '),
  }
}

/** What the media server wrote last, readable; copied as it was written. */
export const LogLines = ({ lines }: { lines: string[] }) => (
  <div className="code-block">
    <ol className="log">
      {lines.map(read).map(({ time, level, message, rest }, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines may repeat and have no name
        <li key={row} className="log-line" data-level={level}>
          {time && <span className="soft">{time}</span>}
          {level && <span className="log-level">{level}</span>}
          <span className="log-text">
            {message} {rest && <span className="soft">{rest}</span>}
          </span>
        </li>
      ))}
    </ol>
    <CopyIcon text={lines.join('\n')} what="the last lines" />
  </div>
)
