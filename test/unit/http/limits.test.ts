import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Tenant } from '../../../src/domain/tenants.ts'
import { type Kind, RequestLimits } from '../../../src/http/limits.ts'

const tenantOf = (requests: number, mints: number, id = 'acme'): Tenant =>
  ({
    id,
    limits: { api_requests_per_second: requests, token_mints_per_second: mints },
  }) as Tenant

const KINDS: Kind[] = ['reads', 'writes', 'mints']

test('as many requests as the limit says come through at once, and not one more', () => {
  for (const limit of [1, 3, 7, 1000]) {
    const limits = new RequestLimits()
    const take = () => limits.take(tenantOf(limit, limit), 'writes', 5000)
    const answers = Array.from({ length: limit + 1 }, take)
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(limit)
    expect(answers.map(({ remaining }) => remaining)).toEqual([
      ...Array.from({ length: limit }, (_, at) => limit - 1 - at),
      0,
    ])
  }
})

test('whoever waits a second, as Retry-After says, comes through, however often they asked before', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 200 }),
      (limit, pauses) => {
        const limits = new RequestLimits()
        const tenant = tenantOf(limit, limit)
        let now = 1e9 + 0.1
        for (const pause of pauses) {
          now += pause
          limits.take(tenant, 'mints', now)
        }
        expect(limits.take(tenant, 'mints', now + 1000).allowed).toBe(true)
      },
    ),
  )
})

test('never does more come through than one full bucket and what flows in meanwhile', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 200 }),
      (limit, pauses) => {
        const limits = new RequestLimits()
        const tenant = tenantOf(limit, limit)
        let passed = 0
        let now = 0
        for (const pause of pauses) {
          now += pause
          if (limits.take(tenant, 'reads', now).allowed) passed++
        }
        expect(passed).toBeLessThanOrEqual(Math.floor(limit + (now / 1000) * limit + 1e-6))
      },
    ),
  )
})

test('each kind and each tenant has a bucket of its own, and mints a limit of their own', () => {
  const limits = new RequestLimits()
  for (const kind of KINDS) {
    const most = kind === 'mints' ? 2 : 5
    for (const id of ['acme', 'other']) {
      const first = limits.take(tenantOf(5, 2, id), kind, 0)
      expect([kind, id, first]).toEqual([
        kind,
        id,
        { limit: most, remaining: most - 1, allowed: true },
      ])
      for (let at = 0; at < 10; at++) limits.take(tenantOf(5, 2, id), kind, 0)
    }
  }
})

test('many tenants are not kept for ever, and none is forgotten while its bucket is not full', () => {
  const limits = new RequestLimits()
  limits.take(tenantOf(1, 1, 'busy'), 'reads', 0)
  for (let at = 0; at < 10_000; at++) limits.take(tenantOf(1, 1, `t${at}`), 'reads', 500)
  expect(limits.take(tenantOf(1, 1, 'busy'), 'reads', 900).allowed).toBe(false)
})
