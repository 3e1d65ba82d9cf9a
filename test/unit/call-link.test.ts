import { expect, test } from 'bun:test'
import { readLink } from '../../src/web/call/link.ts'

const jwt = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

const claims = { sub: 'user-1', name: 'Jürgen ☕', video: { room: 'acme__team__standup' } }

test('a link is read from #token= and from a bare fragment alike, with text beyond ASCII', () => {
  const token = jwt(claims)
  const link = {
    token,
    room: 'team__standup',
    name: 'Jürgen ☕',
    publishes: { camera: true, microphone: true },
  }
  expect(readLink(`#token=${token}`)).toEqual(link)
  expect(readLink(`#${token}`)).toEqual(link)
  expect(readLink(`#token=${token}&ws_url=wss://elsewhere.invalid`)).toEqual(link)
})

test('without a name the identity is shown, and only what may be published is asked for', () => {
  const video = { room: 'plain', canPublish: true, canPublishSources: ['microphone'] }
  const speaker = readLink(`#${jwt({ sub: 'user-1', video })}`)
  const watcher = readLink(`#${jwt({ sub: 'user-1', video: { ...video, canPublish: false } })}`)
  expect(speaker).toMatchObject({ name: 'user-1', room: 'plain' })
  expect(speaker).toMatchObject({ publishes: { camera: false, microphone: true } })
  expect(watcher).toMatchObject({ publishes: { camera: false, microphone: false } })
})

test('no fragment is no link, and what cannot be a token is broken, never an exception', () => {
  expect(readLink('')).toBeNull()
  expect(readLink('#')).toBeNull()
  for (const text of [
    'x',
    'a.b',
    'a.%.c',
    'token=',
    jwt([1]),
    'e30.bnVsbA.x',
    'a'.repeat(70_000),
  ]) {
    expect(readLink(`#${text}`)).toBe('broken')
  }
})
