import { expect, test } from 'bun:test'
import { FairQueue } from '../../../src/domain/fair-queue.ts'

const taken = (queue: FairQueue<string>) => {
  const all: { item: string; done: () => void }[] = []
  for (let one = queue.next(); one; one = queue.next()) all.push(one)
  return all
}
const items = (all: { item: string }[]) => all.map(({ item }) => item)

test('groups take turns, however much one of them has waiting', () => {
  const queue = new FairQueue<string>({ total: 4, perGroup: 10 })
  for (let n = 0; n < 20; n++) queue.add('a', `a${n}`, false)
  queue.add('b', 'b0', false)
  queue.add('c', 'c0', false)
  expect(items(taken(queue))).toEqual(['a0', 'b0', 'c0', 'a1'])
})

test('one group never takes every place, and a place that is free again is the next one’s', () => {
  const queue = new FairQueue<string>({ total: 4, perGroup: 2 })
  for (const item of ['a0', 'a1', 'a2']) queue.add('a', item, false)
  const all = taken(queue)
  expect(items(all)).toEqual(['a0', 'a1'])
  all[0]?.done()
  expect(items(taken(queue))).toEqual(['a2'])
})

test('what is doubtful takes half of the places at most', () => {
  const queue = new FairQueue<string>({ total: 8, perGroup: 4 })
  for (const group of ['a', 'b', 'c'])
    for (let n = 0; n < 4; n++) queue.add(group, `${group}${n}?`, true)
  const doubtful = taken(queue)
  expect(doubtful.length).toBe(4)
  queue.add('a', 'a', false)
  queue.add('d', 'd', false)
  expect(items(taken(queue))).toEqual(expect.arrayContaining(['a', 'd']))
  for (const one of doubtful) one.done()
  expect(taken(queue).length).toBe(4)
})
