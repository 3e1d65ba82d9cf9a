import { type Machine, runCommand } from './lab-machine.ts'

/**
 * What is between server and client. `plain`: the public address is the server's own. The others have
 * it themselves and lead all that comes there to the server (1:1 NAT), `hairpin` also what the server
 * itself sends there, `one-way` not.
 */
export type Router = 'plain' | 'hairpin' | 'one-way'

/** The address that the internet knows. */
export const OUTSIDE = '203.0.113.9'
const BEHIND = '10.0.0.5'
export const SERVER_BEHIND: Record<Router, string> = {
  plain: OUTSIDE,
  hairpin: BEHIND,
  'one-way': BEHIND,
}

interface Machines {
  server: Machine
  client: Machine
  router: Machine
}

/** Lays both cables. The server has a bridge such as Docker's, which comes first in order. */
export const connectByRouter = async (
  { server, client, router }: Machines,
  kind: Router,
): Promise<void> => {
  const ip = (machine: Machine, text: string) =>
    runCommand(['ip', '-n', machine.namespace, ...text.split(' ')])
  for (const { namespace } of [server, client, router])
    await runCommand(['ip', 'netns', 'add', namespace])
  await ip(server, 'link add docker0 type veth peer name container')
  await ip(server, `link add eth0 type veth peer name inside netns ${router.namespace}`)
  await ip(client, `link add eth0 type veth peer name outside netns ${router.namespace}`)
  const inside = server.address.replace(/\d+$/, '1')
  const outside = client.address.replace(/\d+$/, '1')
  await ip(server, 'addr add 172.17.0.1/16 dev docker0')
  await ip(server, `addr add ${server.address}/24 dev eth0`)
  await ip(client, `addr add ${client.address}/24 dev eth0`)
  await ip(router, `addr add ${inside}/24 dev inside`)
  await ip(router, `addr add ${outside}/24 dev outside`)
  for (const name of ['lo', 'docker0', 'container', 'eth0']) await ip(server, `link set ${name} up`)
  for (const name of ['lo', 'eth0']) await ip(client, `link set ${name} up`)
  for (const name of ['lo', 'inside', 'outside']) await ip(router, `link set ${name} up`)
  await ip(server, `route add default via ${inside}`)
  await ip(client, `route add default via ${outside}`)
  await router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  if (kind !== 'plain') await runCommand([...router.prefix, 'nft', '-f', '-'], translation(kind))
}

const translation = (kind: Router): string => `
table ip nat {
  chain before {
    type nat hook prerouting priority dstnat
    ${kind === 'hairpin' ? '' : 'iifname outside'} ip daddr ${OUTSIDE} dnat to ${BEHIND}
  }
  chain after {
    type nat hook postrouting priority srcnat
    ip saddr ${BEHIND} snat to ${OUTSIDE}
  }
}
`
