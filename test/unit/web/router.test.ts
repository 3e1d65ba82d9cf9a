import { expect, test } from 'bun:test'
import { asking, tenantPath } from '../../../src/web/dashboard/router.tsx'

test('an address asks for what is set and keeps the rest of what it asked', () => {
  expect(asking('/ui/usage', { month: '2026-10' })).toBe('/ui/usage?month=2026-10')
  expect(asking('/ui/usage', { month: null })).toBe('/ui/usage')
  expect(asking('/ui', { room: 'a&b=c' }, '?types=x&room=old')).toBe('/ui?types=x&room=a%26b%3Dc')
  expect(asking('/ui', { room: null }, '?room=old')).toBe('/ui')
})

test('names are data in an address', () => {
  expect(tenantPath('acme', 'calls', 'a/b?c')).toBe('/ui/tenants/acme/calls/a%2Fb%3Fc')
})
