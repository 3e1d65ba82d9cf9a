import { describe, expect, test } from 'bun:test'
import { PlainHttp } from '../../../src/tls/plain-http.ts'

const ask = (http: PlainHttp, path: string, method = 'GET'): Response =>
  http.answer(new Request(`http://other.example.net${path}`, { method }))

describe('the plain port', () => {
  test('sends everybody to our own origin, whatever host they asked for', () => {
    const response = ask(new PlainHttp('https://live.example.com:8443'), '/call?room=a%20b')
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe('https://live.example.com:8443/call?room=a%20b')
  })

  test.each(['//evil.example.net/', '/\\evil.example.net', '/@evil.example.net', '/.evil'])(
    'leads nowhere else by the path %s',
    (path) => {
      const location = ask(new PlainHttp('https://live.example.com'), path).headers.get('location')
      expect(new URL(location ?? '').origin).toBe('https://live.example.com')
    },
  )

  test('answers challenges while they are there, and 404 when they are not', async () => {
    const http = new PlainHttp('https://live.example.com')
    const path = '/.well-known/acme-challenge/token-1'
    expect(ask(http, path).status).toBe(404)
    http.setChallenge('token-1', 'token-1.thumbprint')
    expect(await ask(http, path).text()).toBe('token-1.thumbprint')
    http.setChallenge('token-1', null)
    expect(ask(http, path).status).toBe(404)
  })

  test('takes no other methods: what they carry was sent in clear already', () => {
    expect(ask(new PlainHttp('https://live.example.com'), '/api/v1/rooms', 'POST').status).toBe(400)
  })
})
