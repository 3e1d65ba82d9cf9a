import { expect, test } from 'bun:test'
import { Batches } from '../../../src/store/batches.ts'
import type { Db } from '../../../src/store/db.ts'

/** Counts transactions; what was written in one that failed is gone. */
const memory = () => {
  const seen = { transactions: 0, written: [] as string[] }
  let inside: string[] = []
  const write = (text: string) => void inside.push(text)
  const transaction = async <T>(work: (tx: never) => Promise<T>): Promise<T> => {
    seen.transactions++
    inside = []
    await Bun.sleep(1)
    const result = await work(undefined as never)
    seen.written.push(...inside)
    return result
  }
  return { seen, write, batches: new Batches({ transaction }) }
}

test('what comes while another is written shares a transaction, in its order', async () => {
  const { seen, write, batches } = memory()
  const names = Array.from({ length: 20 }, (_, n) => `w${n}`)
  const answers = await Promise.all(
    names.map((name) =>
      batches.write(async (_: Db) => {
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
