/**
 * Runs in namespaces of its own, where it may give itself addresses and listen on 443: starts GoLive with
 * its edge, and Caddy in front of the same GoLive's HTTP port. Prints the rows as JSON.
 * usage: edge-inside.ts <golive> <caddy> <folder>
 */
import { $ } from 'bun'
import { edgeHandshakes } from './edge-handshakes.ts'
import { edgeRequests } from './edge-requests.ts'
import {
  type EdgeServers,
  FIRST_ECHO_PORT,
  MEDIA_PORT,
  PEOPLE,
  SERVER_ADDRESS,
  startServers,
} from './edge-servers.ts'
import { edgeTurn, LANES } from './edge-turn.ts'
import type { Result } from './report.ts'

const MEASURES: ((servers: EdgeServers) => Promise<Result>)[] = [
  edgeRequests,
  edgeHandshakes,
  edgeTurn,
]

const giveAddresses = async (): Promise<void> => {
  await $`ip link set lo up`.quiet()
  await $`ip link add public0 type veth peer name public1`.quiet()
  await $`ip address add ${SERVER_ADDRESS}/24 dev public0`.quiet()
  for (const end of ['public0', 'public1']) await $`ip link set ${end} up`.quiet()
  for (const address of PEOPLE) await $`ip address add ${address}/32 dev lo`.quiet()
}

/** What relays send to the media port goes to echoes in turn; what those answer seems to come from it. */
const leadToEchoes = async (): Promise<void> => {
  const ports = Array.from({ length: LANES }, (_, n) => `${n} : ${FIRST_ECHO_PORT + n}`)
  const echo = `numgen inc mod ${LANES} map { ${ports.join(', ')} }`
  const rules = new Response(`table ip bench {
  chain out {
    type nat hook output priority -100;
    udp dport ${MEDIA_PORT} dnat to ${SERVER_ADDRESS} : ${echo}
  }
}
`)
  await $`nft -f - < ${rules}`.quiet()
}

const main = async ([golive, caddy, folder]: string[]): Promise<void> => {
  if (!golive || !caddy || !folder)
    throw new Error('usage: edge-inside.ts <golive> <caddy> <folder>')
  await giveAddresses()
  await leadToEchoes()
  const servers = await startServers(golive, caddy, folder)
  const rows: Result[] = []
  try {
    for (const measure of MEASURES) {
      console.error(`  ${measure.name} …`)
      rows.push(await measure(servers))
    }
  } finally {
    await servers.stop()
  }
  console.log(JSON.stringify(rows))
}

await main(process.argv.slice(2))
