import { expect } from 'bun:test'
import { exchange, openRaw, type RawAnswer, requestText, valuesOf } from './raw-http.ts'

export const GATE_PATHS = ['/rtc', '/rtc/v1'] as const

type Headers = [string, string][]

const query = (token: string | null): string =>
  token === null
    ? ''
    : `?access_token=${encodeURIComponent(token)}&protocol=15&sdk=js&version=2.23.0`

/** Asks for the WebSocket itself, as a client does first. The socket, if one opens, is dropped at once. */
export const askUpgrade = async (
  port: number,
  path: string,
  token: string | null,
): Promise<RawAnswer> => {
  const socket = await openRaw(port, path + query(token))
  socket.destroy()
  return socket.answer
}

/** Asks why the upgrade failed, as livekit-client does next. */
export const askValidate = (
  port: number,
  path: string,
  token: string | null,
  headers: Headers = [],
): Promise<RawAnswer> => {
  const target = `${path}/validate${query(token)}`
  const all: Headers = [
    ['Host', `127.0.0.1:${port}`],
    ['Origin', 'https://app.example.com'],
    ...headers,
  ]
  return exchange(port, requestText('GET', target, all))
}

/** All four ways to ask the gate: both paths, the upgrade and its /validate. */
export const askAll = (port: number, token: string | null): Promise<RawAnswer[]> =>
  Promise.all(
    GATE_PATHS.flatMap((path) => [askUpgrade(port, path, token), askValidate(port, path, token)]),
  )

/** What lets a page on another origin read an answer of the gate; a doubled header hides it again. */
export const expectReadable = (answer: RawAnswer): void => {
  expect(valuesOf(answer, 'access-control-allow-origin')).toEqual(['*'])
  expect(valuesOf(answer, 'access-control-expose-headers')).toEqual([
    'X-GoLive-Code, X-Request-Id, Retry-After',
  ])
  expect(valuesOf(answer, 'access-control-allow-credentials')).toEqual([])
  expect(valuesOf(answer, 'cache-control')).toEqual(['no-store'])
  expect(valuesOf(answer, 'x-request-id')).toHaveLength(1)
}

/** A refusal of the join gate in full. Answers its body, the text that people read. */
export const expectRefusal = (answer: RawAnswer, status: number, code: string): string => {
  expect([answer.status, valuesOf(answer, 'x-golive-code').join()]).toEqual([status, code])
  expect(answer.body).toMatch(new RegExp(`^${code}: \\S+ \\S+[^\\n]*$`))
  expect(valuesOf(answer, 'content-type')).toEqual([expect.stringMatching(/^text\/plain/)])
  expectReadable(answer)
  const waits = status === 503 ? [expect.stringMatching(/^[1-9]\d?$/)] : []
  expect(valuesOf(answer, 'retry-after')).toEqual(waits)
  return answer.body
}
