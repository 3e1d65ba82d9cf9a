import { expect, test } from 'bun:test'
import { Batches } from '../../../src/lib/batches.ts'

/** Counts transactions; what was written in one that failed is gone. */
const memory = () => {
  const seen = { transactions: 0, written: [] as string[] }
  let inside: string[] = []
  const write = (text: string) => void inside.push(text)
  const together = async (run: (context: null) => Promise<void>): Promise<void> => {
    seen.transactions++
    inside = []
    await Bun.sleep(1)
    await run(null)
    seen.written.push(...inside)
  }
  return { seen, write, batches: new Batches({ most: 100, together }) }
}

test('what comes while another is written shares a transaction, in its order', async () => {
  const { seen, write, batches } = memory()
  const names = Array.from({ length: 20 }, (_, n) => `w${n}`)
  const answers = await Promise.all(
    names.map((name) =>
      batches.write(async () => {
        write(name)
        return name
      }),
    ),
  )
  expect(answers).toEqual(names)
  expect(seen.written).toEqual(names)
  expect(seen.transactions).toBe(2)
})

test('one that fails is told so alone; the others are written once', async () => {
  const { seen, write, batches } = memory()
  const put = (name: string) =>
    batches.write(async () => {
      if (name === 'bad') throw new Error('no')
      write(name)
      return name
    })
  const answers = await Promise.allSettled(['first', 'a', 'bad', 'b'].map(put))
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(seen.written).toEqual(['first', 'a', 'b'])
})

test('drained waits for all that was asked for, also what came meanwhile', async () => {
  const { seen, write, batches } = memory()
  const put = (name: string) => batches.write(async () => write(name))
  void put('a').then(() => put('b'))
  await batches.drained()
  expect(seen.written).toEqual(['a', 'b'])
})
