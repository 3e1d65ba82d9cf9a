import { expect, test } from 'bun:test'
import { Turns } from '../../../src/lib/turns.ts'

test('many who go on at once with their next part keep nobody else from theirs', async () => {
  const turns = new Turns()
  let [parts, isOver] = [0, false]
  const worker = async () => {
    while (!isOver && parts < 100_000) await turns.take(async () => void parts++)
  }
  const workers = Array.from({ length: 10 }, worker)
  await Bun.sleep(0)
  isOver = true
  await Promise.all(workers)
  expect(parts).toBeLessThan(100_000)
})

test('parts are done one at a time, in the order in which they came, also after one that failed', async () => {
  const turns = new Turns()
  const done: string[] = []
  const part = (name: string) =>
    turns.take(async () => {
      done.push(`${name} begins`)
      await Bun.sleep(1)
      done.push(`${name} ends`)
      if (name === 'a') throw new Error('failed')
      return name
    })
  const all = await Promise.allSettled([part('a'), part('b'), part('c')])
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})
