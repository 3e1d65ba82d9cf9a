/**
 * The edge's thread. It has one of its own because whatever holds up the main thread would hold up
 * relayed media, too. An entry of its own in the executable: see scripts/build.
 */
import { ClientAddresses } from './client-addresses.ts'
import { Edge } from './edge.ts'
import type { Answer, Order } from './edge-messages.ts'

declare const self: {
  onmessage: (event: { data: Order & { id: number } }) => void
  postMessage(answer: Answer): void
}

let edge: Edge | null = null

const carryOut = async (order: Order): Promise<Omit<Answer, 'id'>> => {
  if (order.ask === 'start') {
    const starting = new Edge(order.options, new ClientAddresses(order.memory), order.pem)
    await starting.listen()
    edge = starting
    return {}
  }
  if (!edge) throw new Error('the edge was not started')
  if (order.ask === 'certificate') edge.setCertificate(order.pem)
  else if (order.ask === 'people') edge[order.by === 1 ? 'admit' : 'release'](order.address)
  else if (order.ask === 'stop') edge.close()
  else if (order.ask === 'counts') return { counts: edge.counts }
  else if (order.pem) edge.setChallenge(order.name, order.pem)
  else edge.clearChallenge(order.name)
  return {}
}

self.onmessage = ({ data: { id, ...order } }) => {
  carryOut(order as Order).then(
    (done) => self.postMessage({ id, ...done }),
    (error: NodeJS.ErrnoException) =>
      self.postMessage({ id, error: { message: error.message, code: error.code ?? null } }),
  )
}
