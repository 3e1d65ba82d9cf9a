/** Answers STUN in a lab machine, as the public servers do: bun stun-server.ts <address> */
import { StunResponder } from '../../src/tls/stun-responder.ts'

const [, , address = ''] = process.argv
await new StunResponder().start([address], 3478)
process.stdout.write('answers\n')
