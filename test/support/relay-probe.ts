/**
 * Joins a call and asks its TURN server for what nobody may have, as somebody with a modified client
 * would: bun relay-probe.ts <ws_url> <token>. Prints what it found, as JSON.
 */
import { SelfCall } from '../../src/livekit/probe/self-call.ts'
import { relayTo } from '../../src/livekit/probe/turn.ts'

const [, , ws_url = '', token = ''] = process.argv
const call = SelfCall.join({ ws_url, token }, null)
const offered = await call.offered(8000)
const server = offered.iceServers.find(({ urls }) => urls.some((url) => url.startsWith('turns:')))
const peer = offered.candidates.find(({ transport }) => transport === 'udp')
if (!server || !peer) throw new Error('the call offers no relay')
process.stdout.write(JSON.stringify(await relayTo(server, offered, peer, null, 5000)))
call.leave()
process.exit(0)
