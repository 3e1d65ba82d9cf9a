import { expect, test } from 'bun:test'
import { RwLocks } from '../../../src/lib/rw-lock.ts'

/** Work that notes its start, and ends when told. */
const gate = () => Promise.withResolvers<void>()
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

const setUp = () => {
  const locks = new RwLocks()
  const started: string[] = []
  const work = (name: string, until: Promise<void>) => () => {
    started.push(name)
    return until
  }
  return { locks, started, work }
}

test('sharers run at once; the excluding one waits for all of them and runs alone', async () => {
  const { locks, started, work } = setUp()
  const [a, b, c, d] = [gate(), gate(), gate(), gate()]
  const all = [
    locks.shared('room', work('a', a.promise)),
    locks.shared('room', work('b', b.promise)),
    locks.exclusive('room', work('c', c.promise)),
    locks.exclusive('room', work('d', d.promise)),
  ]
  await settle()
  expect(started).toEqual(['a', 'b'])
  a.resolve()
  await settle()
  expect(started).toEqual(['a', 'b'])
  b.resolve()
  await settle()
  expect(started).toEqual(['a', 'b', 'c'])
  c.resolve()
  await settle()
  expect(started).toEqual(['a', 'b', 'c', 'd'])
  d.resolve()
  await Promise.all(all)
})

test('later sharers queue behind the excluding one, so it is not starved', async () => {
  const { locks, started, work } = setUp()
  const [a, b, c] = [gate(), gate(), gate()]
  const all = [
    locks.shared('room', work('a', a.promise)),
    locks.exclusive('room', work('b', b.promise)),
    locks.shared('room', work('c1', c.promise)),
    locks.shared('room', work('c2', c.promise)),
  ]
  await settle()
  expect(started).toEqual(['a'])
  a.resolve()
  await settle()
  expect(started).toEqual(['a', 'b'])
  b.resolve()
  await settle()
  expect(started).toEqual(['a', 'b', 'c1', 'c2'])
  c.resolve()
  await Promise.all(all)
})

test('other names are not concerned', async () => {
  const { locks, started, work } = setUp()
  const a = gate()
  const held = locks.exclusive('one', work('a', a.promise))
  await locks.exclusive('two', work('b', Promise.resolve()))
  expect(started).toEqual(['a', 'b'])
  a.resolve()
  await held
})

test('work that throws, at once or later, passes its error on and frees the lock', async () => {
  const { locks } = setUp()
  const outcomes = await Promise.allSettled([
    locks.exclusive('room', () => {
      throw new Error('at once')
    }),
    locks.exclusive('room', () => Promise.reject(new Error('later'))),
    locks.exclusive('room', async () => 'next'),
  ])
  expect(outcomes).toMatchObject([
    { reason: { message: 'at once' } },
    { reason: { message: 'later' } },
    { value: 'next' },
  ])
})

test('a thousand mixed users never overlap an excluding one', async () => {
  const locks = new RwLocks()
  let readers = 0
  let writers = 0
  let worst = 0
  const user = (n: number) =>
    n % 3 === 0
      ? locks.exclusive('room', async () => {
          writers++
          worst = Math.max(worst, readers + writers)
          await Promise.resolve()
          worst = Math.max(worst, readers + writers)
          writers--
        })
      : locks.shared('room', async () => {
          readers++
          if (writers > 0) worst = 99
          await Promise.resolve()
          readers--
        })
  await Promise.all(Array.from({ length: 1000 }, (_, n) => user(n)))
  expect(worst).toBe(1)
})
