import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { signJwt } from '../../../src/lib/jwt.ts'
import { verifyWebhook } from '../../../src/livekit/webhook.ts'

const key = { apiKey: 'golive', apiSecret: 'secret-of-the-child-0123456789-abcdef' }
const body =
  '{"event":"room_started","id":"EV_1","createdAt":"1700000000","room":{"name":"a__b"},"future":1}'
const now = Math.floor(Date.now() / 1000)
const hash = (text: string) => createHash('sha256').update(text).digest('base64')
const sign = (claims: object, secret = key.apiSecret) =>
  signJwt(
    { iss: 'golive', nbf: now, exp: now + 300, sha256: hash(body), ...claims },
    Buffer.from(secret),
  )

test('an event that livekit-server signed is read, fields of later versions included', async () => {
  const event = verifyWebhook(body, sign({}), key)
  expect(event?.event).toBe('room_started')
  expect(event?.room?.name).toBe('a__b')
})

test.each([
  ['without a token', null],
  ['with an empty token', ''],
  ['with no JWT', 'Bearer x'],
  ['signed by another key', sign({}, 'another-secret-0123456789-0123456789')],
  ['of another issuer', sign({ iss: 'somebody' })],
  ['that expired', sign({ nbf: now - 900, exp: now - 600 })],
  ['without a hash', sign({ sha256: undefined })],
  ['whose hash is of other bytes', sign({ sha256: hash(`${body} `) })],
])('a request %s is not ours', async (_, authorization) => {
  expect(verifyWebhook(body, authorization, key)).toBeNull()
})

test('a signed body that is no event is not ours, and does not throw', async () => {
  expect(verifyWebhook('[', sign({ sha256: hash('[') }), key)).toBeNull()
})
