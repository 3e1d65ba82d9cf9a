import { afterAll, beforeEach, expect, test } from 'bun:test'
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signJwt } from '../../../src/lib/jwt.ts'
import { ChildLog, scrub } from '../../../src/livekit/child-log.ts'

const dir = mkdtempSync(join(tmpdir(), 'golive-log-'))
const path = join(dir, 'livekit.log')
const TEN_MB = 10 * 1024 * 1024
afterAll(() => rmSync(dir, { recursive: true, force: true }))
beforeEach(() => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name))
})

const log = () => new ChildLog(path, ['the-secret'])
const sizes = () =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, statSync(join(dir, name)).size]))

test('a log that nobody wrote yet has no lines', () => {
  expect(log().lines(20)).toEqual([])
  expect(log().takenPort()).toBeNull()
})

test('a run appends to what is there', () => {
  writeFileSync(path, 'before\n')
  const fd = log().open()
  writeSync(fd, 'after\n')
  closeSync(fd)
  expect(log().lines(20)).toEqual(['before', 'after'])
  expect(log().lines(1)).toEqual(['after'])
})

test('a log over 10 MB is put aside when a run begins, and three are kept', () => {
  for (let run = 0; run < 6; run++) {
    writeFileSync(path, Buffer.alloc(TEN_MB + run + 1, '.'))
    closeSync(log().open())
  }
  expect(sizes()).toEqual({
    'livekit.log': 0,
    'livekit.log.1': TEN_MB + 6,
    'livekit.log.2': TEN_MB + 5,
    'livekit.log.3': TEN_MB + 4,
  })
})

test('a log that grows over 10 MB under a running child is emptied, and the child writes on', async () => {
  const childLog = log()
  const fd = childLog.open()
  writeSync(fd, Buffer.alloc(TEN_MB, '.'))
  await childLog.trim()
  expect(sizes()).toEqual({ 'livekit.log': TEN_MB })
  writeSync(fd, 'x\n')
  await childLog.trim()
  writeSync(fd, 'first line after\n')
  expect(sizes()).toEqual({ 'livekit.log': 17, 'livekit.log.1': TEN_MB + 2 })
  expect(childLog.lines(20)).toEqual(['first line after'])
  closeSync(fd)
})

test('a port is taken only when the child of this run says so', () => {
  writeFileSync(path, 'listen tcp 127.0.0.1:7880: bind: address already in use\n')
  const childLog = log()
  closeSync(childLog.open())
  expect(childLog.takenPort()).toBeNull()
  appendFileSync(path, 'listen tcp :7881: bind: address already in use\n')
  expect(childLog.takenPort()).toEqual({ protocol: 'tcp', port: 7881 })
})

test.each([
  ['listen udp 127.0.0.1:7882: bind: address already in use', { protocol: 'udp', port: 7882 }],
  ['listen tcp4 0.0.0.0:80: bind: address already in use', { protocol: 'tcp', port: 80 }],
  ['listen tcp [::1]:80: bind: address already in use', { protocol: 'tcp', port: 80 }],
  ['listen tcp 127.0.0.1:80: bind: permission denied', null],
] as const)('the port is read from "%s"', (line, expected) => {
  const childLog = log()
  closeSync(childLog.open())
  appendFileSync(path, `${line}\n`)
  expect(childLog.takenPort()).toEqual(expected)
})

test('lines show no token and no secret, also none that the tail begins in the middle of', () => {
  const token = signJwt({ sub: 'alice', pad: 'x'.repeat(5_000) }, Buffer.from('k'))
  const line = `{"error":"invalid token: ${token}, error","url":"/rtc?access_token=abc.d&join_request=e_f-g"}`
  writeFileSync(path, `${`${line}\n`.repeat(20)}api_secret: the-secret\n`)
  const lines = log().lines(20)
  expect(lines.at(-1)).toBe('api_secret: [secret]')
  expect(lines.at(-2)).toBe(
    '{"error":"invalid token: [token], error","url":"/rtc?access_token=[token]&join_request=[token]"}',
  )
  const body = token.split('.')[1] as string
  expect(lines.join('\n')).not.toContain(body.slice(-40))
  expect(lines.join('\n')).not.toContain(body.slice(100, 140))
})

test('lines are cut to 500 characters and hold nothing that moves a terminal', () => {
  expect(scrub('\u001b[2J\u202Eevil\ttab\r', [])).toBe('[2Jevil\ttab')
  writeFileSync(path, `${'y'.repeat(2_000)}\n`)
  expect(log().lines(1)[0]).toBe('y'.repeat(500))
})
