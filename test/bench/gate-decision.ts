import { Refusal } from '../../src/domain/refusal.ts'
import { verifyJwt } from '../../src/lib/jwt.ts'
import { TestApi } from '../support/api.ts'
import type { Bench } from './bench.ts'
import { spread } from './report.ts'

const BATCH = 2000
const BATCHES = 30
const WARM_UP_BATCHES = 5

/** Microseconds for each of a batch. */
const timed = async (once: () => unknown): Promise<number> => {
  const started = performance.now()
  for (let n = 0; n < BATCH; n++) await once()
  return ((performance.now() - started) * 1000) / BATCH
}

/** In process, without HTTP and livekit-server: what the rules alone cost, real database included. */
export const decision: Bench = {
  id: 'gate-decision',
  async measure() {
    const api = new TestApi()
    try {
      await api.livekitUp()
      const key = await api.tenant('acme')
      await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
      const json = { identity: 'ann' }
      const { token } = (await api.v1('POST', '/rooms/daily/tokens', { key, json })).body
      return [await compare(api, token)]
    } finally {
      await api.close()
    }
  },
}

const compare = async ({ deps }: TestApi, token: string) => {
  const { gate } = deps
  const decide = async () => {
    const claims = gate.read(token)
    const verdict = claims instanceof Refusal ? claims : await gate.check(claims, null)
    if (verdict instanceof Refusal) throw new Error(verdict.code)
  }
  const key = new Uint8Array(32)
  const pairs: { gate: number; signature: number; garbage: number }[] = []
  for (let batch = 0; batch < WARM_UP_BATCHES + BATCHES; batch++) {
    const pair = {
      gate: await timed(decide),
      signature: await timed(() => verifyJwt(token, key)),
      garbage: await timed(() => gate.read('no.token.ofours')),
    }
    if (batch >= WARM_UP_BATCHES) pairs.push(pair)
  }
  const us = (side: keyof (typeof pairs)[number]) => spread(pairs.map((pair) => pair[side]))
  return {
    id: 'gate-decision',
    what: 'the gate’s decision alone, token to verdict',
    against: 'a signature that does not hold (in details)',
    target: 'reported',
    unit: 'µs' as const,
    ...us('gate'),
    reached: null,
    details: { wrong_signature_us: us('signature'), garbage_us: us('garbage') },
  }
}
