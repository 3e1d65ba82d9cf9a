/** `scripts/soak [rounds] [seed]`: as the test of 20 rounds, for as long as is asked for. */
import { startGolive } from '../test/support/golive.ts'
import { runRounds } from '../test/support/truth-check.ts'

const soak = async (rounds: number, seed: number): Promise<number> => {
  if (!(rounds > 0) || !Number.isInteger(seed))
    throw new Error('usage: scripts/soak [rounds] [seed]')
  console.log(`${rounds} rounds, seed ${seed}`)
  await using golive = await startGolive()
  const { wrongs, written } = await runRounds(golive, await golive.tenant('acme'), {
    rounds,
    seed,
  })
  for (const wrong of wrongs) console.log(wrong)
  const { stays, events } = written
  const verdict = wrongs.length === 0 ? 'all true' : 'NOT TRUE'
  console.log(`${stays.length} stays, ${events.length} events, ${verdict}`)
  return wrongs.length === 0 ? 0 : 1
}

const [rounds = '200', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
process.exit(await soak(Number(rounds), Number(seed)))
