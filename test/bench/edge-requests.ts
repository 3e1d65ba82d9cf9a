import { CADDY_PORT, type EdgeServers, HTTPS_PORT, NAME } from './edge-servers.ts'
import { loadPairs } from './load.ts'
import { type Result, spread } from './report.ts'

const TARGET = 0.7
/** The cheapest answer there is: with a dearer one, the way to it would count for less. */
const REQUEST = `GET /healthz HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`

export const edgeRequests = async ({ golive, caddy }: EdgeServers): Promise<Result> => {
  const common = { requests: [REQUEST], tls: NAME }
  const ours = { ...common, port: HTTPS_PORT, pids: [golive.pid] }
  const theirs = { ...common, port: CADDY_PORT, pids: [caddy.pid, golive.pid] }
  const { ratios, a, b } = await loadPairs(ours, theirs)
  const measured = spread(ratios)
  return {
    id: 'edge-requests',
    what: 'HTTPS requests a second, 32 connections kept',
    against: 'Caddy in front of the same server',
    target: `≥ ${TARGET}`,
    unit: '×',
    ...measured,
    reached: measured.median >= TARGET,
    details: { pairs: ratios.length, edge: a, caddy: b, cpu_ratio: b.cpuMicros / a.cpuMicros },
  }
}
