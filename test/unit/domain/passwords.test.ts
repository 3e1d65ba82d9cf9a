import { expect, test } from 'bun:test'
import { GoLiveError } from '../../../src/domain/errors.ts'
import { Passwords } from '../../../src/domain/passwords.ts'

test('a password is right for its own hash and for no other, and is not in it', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash('correct horse battery')
  expect(hash).toStartWith('$argon2id$v=19$m=32768,t=3,p=1$')
  expect(hash).not.toContain('correct')
  expect(await passwords.verify('correct horse battery', hash)).toBe(true)
  expect(await passwords.verify('correct horse batterY', hash)).toBe(false)
})

test('one text typed in two Unicode spellings is one password', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash('caf\u00e9 caf\u00e9 caf\u00e9')
  expect(await passwords.verify('cafe\u0301 cafe\u0301 cafe\u0301', hash)).toBe(true)
})

test('without a hash nothing is right, and it costs what a comparison costs', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash('correct horse battery')
  const time = async (against: string | null) => {
    const start = performance.now()
    expect(await passwords.verify('wrong horse battery', against)).toBe(false)
    return performance.now() - start
  }
  const known = Math.min(await time(hash), await time(hash), await time(hash))
  const unknown = Math.min(await time(null), await time(null), await time(null))
  expect(unknown / known).toBeWithin(0.5, 2)
})

test('at most two are computed at once, and who finds a long queue is told to come again', async () => {
  const passwords = new Passwords()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, () => passwords.verify('x', null)),
  )
  const refused = outcomes.filter((one) => one.status === 'rejected')
  expect(refused).toHaveLength(60 - 42)
  const reason = (refused[0] as PromiseRejectedResult).reason as GoLiveError
  expect([reason instanceof GoLiveError, reason.code]).toEqual([true, 'rate_limited'])
  // Whoever was refused left no place taken.
  expect(await passwords.verify('x', null)).toBe(false)
}, 20_000)
