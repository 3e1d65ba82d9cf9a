/**
 * What people write today: a token route in Express with LiveKit's own server SDK, behind Basic
 * auth. Plain JavaScript, since Node runs it.
 */
import express from 'express'
import { AccessToken } from 'livekit-server-sdk'

const { BENCH_PORT, BENCH_KEY, BENCH_SECRET } = process.env
const expected = `Basic ${Buffer.from(`${BENCH_KEY}:${BENCH_SECRET}`).toString('base64')}`

const app = express()
app.use(express.json())
app.get('/ready', (_request, response) => response.send('ready'))
app.post('/api/v1/rooms/:room/tokens', async (request, response) => {
  if (request.headers.authorization !== expected)
    return response.status(401).json({ error: 'unauthorized' })
  const { identity, name, can_publish, can_subscribe, can_publish_data, ttl_seconds } = request.body
  const token = new AccessToken(BENCH_KEY, BENCH_SECRET, { identity, name, ttl: ttl_seconds })
  token.addGrant({
    roomJoin: true,
    room: request.params.room,
    canPublish: can_publish,
    canSubscribe: can_subscribe,
    canPublishData: can_publish_data,
  })
  response.json({
    token: await token.toJwt(),
    ws_url: `ws://127.0.0.1:${BENCH_PORT}`,
    room: request.params.room,
    identity,
    expires_in: ttl_seconds,
  })
})
app.listen(Number(BENCH_PORT), '127.0.0.1')
