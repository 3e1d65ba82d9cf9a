import { expect, test } from 'bun:test'
import { checkConfig } from '../../../src/config/load.ts'

const read = (text: string, env = {}) => checkConfig({ path: 'golive.yaml', text }, env).retention

test('without any of it, each has its days', () => {
  expect(read('')).toEqual({
    ...{ events_days: 90, sessions_days: 365, deliveries_days: 30 },
    ...{ audit_days: 730, addresses_days: 30 },
  })
})

test('null keeps for ever, in the file and in the environment, but not deliveries', () => {
  expect(read('retention: { events_days: null }').events_days).toBeNull()
  expect(read('', { GOLIVE_RETENTION_SESSIONS_DAYS: 'null' }).sessions_days).toBeNull()
  expect(read('', { GOLIVE_RETENTION_AUDIT_DAYS: '90' }).audit_days).toBe(90)
  expect(() => read('retention:\n  deliveries_days: null')).toThrow(
    'golive.yaml:2: retention.deliveries_days',
  )
})

test.each([
  ['events_days', 6],
  ['sessions_days', 0],
  ['deliveries_days', 2],
  ['audit_days', 29],
  ['addresses_days', 0],
  ['events_days', 1.5],
  ['events_days', 'ten'],
])('%s of %p is refused with its place', (name, value) => {
  expect(() => read(`retention:\n  ${name}: ${value}`)).toThrow(`golive.yaml:2: retention.${name}`)
})
