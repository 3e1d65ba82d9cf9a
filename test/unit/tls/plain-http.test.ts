import { describe, expect, test } from 'bun:test'
import { PlainHttp } from '../../../src/tls/plain-http.ts'

const NO_ROOT = () => null

const ask = (http: PlainHttp, path: string, method = 'GET'): Response =>
  http.answer(new Request(`http://other.example.net${path}`, { method }))

describe('the plain port', () => {
  test('sends everybody to our own origin, whatever host they asked for', () => {
    const response = ask(
      new PlainHttp('https://live.example.com:8443', NO_ROOT),
      '/call?room=a%20b',
    )
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe('https://live.example.com:8443/call?room=a%20b')
  })

  test.each(['//evil.example.net/', '/\\evil.example.net', '/@evil.example.net', '/.evil'])(
    'leads nowhere else by the path %s',
    (path) => {
      const location = ask(new PlainHttp('https://live.example.com', NO_ROOT), path).headers.get(
        'location',
      )
      expect(new URL(location ?? '').origin).toBe('https://live.example.com')
    },
  )

  test('hands out the authority of a local network, and nothing in its place elsewhere', async () => {
    const inside = ask(new PlainHttp('https://golive.lan', () => 'PEM of the root'), '/ca.pem')
    expect(inside.headers.get('content-type')).toBe('application/x-x509-ca-cert')
    expect(await inside.text()).toBe('PEM of the root')
    expect(ask(new PlainHttp('https://live.example.com', NO_ROOT), '/ca.pem').status).toBe(308)
  })

  test('answers challenges while they are there, and 404 when they are not', async () => {
    const http = new PlainHttp('https://live.example.com', NO_ROOT)
    const path = '/.well-known/acme-challenge/token-1'
    expect(ask(http, path).status).toBe(404)
    http.setChallenge('token-1', 'token-1.thumbprint')
    expect(await ask(http, path).text()).toBe('token-1.thumbprint')
    http.setChallenge('token-1', null)
    expect(ask(http, path).status).toBe(404)
  })

  test('takes no other methods: what they carry was sent in clear already', () => {
    expect(
      ask(new PlainHttp('https://live.example.com', NO_ROOT), '/api/v1/rooms', 'POST').status,
    ).toBe(400)
  })
})
