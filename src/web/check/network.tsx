import type { Network, Part } from './checkup.ts'
import { MarkIcon } from './mark.tsx'
import { lineWords, PARTS } from './words.ts'

const ORDER: Part[] = ['socket', 'udp', 'tcp', 'turn']

/** Each way to the server, and whether it is open. */
export const NetworkCard = ({ network }: { network: Network }) => (
  <section className="card part">
    <h2>Connection</h2>
    <ul className="lines">
      {ORDER.map((part) => {
        const line = network.lines[part]
        return (
          <li key={part} data-part={part} data-state={line.state}>
            <MarkIcon mark={line.state} />
            <span className="what">
              <strong>{PARTS[part].title}</strong>
              <small>{PARTS[part].about}</small>
            </span>
            <span className="how">{lineWords(line)}</span>
          </li>
        )
      })}
    </ul>
    {network.over && isEnough(network) && (
      <p className="remark">One open way is enough: calls take the best one by themselves.</p>
    )}
  </section>
)

const isEnough = ({ lines: { udp, tcp, turn } }: Network): boolean => {
  const ways = [udp.state, tcp.state, turn.state]
  return ways.includes('ok') && ways.some((state) => state !== 'ok')
}
