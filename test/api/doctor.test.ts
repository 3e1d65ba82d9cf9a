import { afterEach, beforeEach, expect, test } from 'bun:test'
import { TestApi } from '../support/api.ts'
import { until } from '../support/wait.ts'

let api: TestApi

beforeEach(() => {
  api = new TestApi()
})

afterEach(() => api.close())

const REPORT = {
  data: [
    { id: 'media_udp', title: 'Media over UDP', state: 'fail', detail: 'no answer', fix: 'ufw' },
    { id: 'name', title: 'DNS', state: 'skipped', detail: 'not used', fix: null },
  ],
  verdict: '1 thing must be mended. 1 thing was not checked.',
}

test('the report is the one that golive doctor prints', async () => {
  api.doctor = async () => JSON.stringify(REPORT)
  const { status, body } = await api.admin('POST', '/doctor')
  expect([status, body]).toEqual([200, REPORT])
})

test('who asks while an examination runs gets the report of that one, and the next one is a new one', async () => {
  let started = 0
  const { promise, resolve } = Promise.withResolvers<string>()
  api.doctor = () => {
    started++
    return promise
  }
  const asked = [api.admin('POST', '/doctor'), api.admin('POST', '/doctor')]
  await until('one runs', () => started > 0)
  resolve(JSON.stringify(REPORT))
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200])
  expect(started).toBe(1)
  expect((await api.admin('POST', '/doctor')).status).toBe(200)
  expect(started).toBe(2)
})

test('an examination that comes to no end is told as one, without what it printed, and the next may run', async () => {
  const broken = ['', 'not json', '{"data":[]}', JSON.stringify({ ...REPORT, more: 'lks_secret' })]
  for (const text of broken) {
    api.doctor = async () => text
    const answer = await api.admin('POST', '/doctor')
    expect([answer.status, answer.body.code]).toEqual([500, 'internal_error'])
    expect(answer.body.hint).toContain('golive doctor')
    expect(answer.text).not.toContain('lks_secret')
  }
  api.doctor = async () => JSON.stringify(REPORT)
  expect((await api.admin('POST', '/doctor')).status).toBe(200)
})

test('only an operator with all rights starts one', async () => {
  await api.tenant('acme')
  api.doctor = () => Promise.reject(new Error('it was started'))
  const tokens = [
    { label: 'reader', scope: 'read' },
    { label: 'tied', scope: 'write', tenant: 'acme' },
  ]
  for (const json of tokens) {
    const { body } = await api.admin('POST', '/tokens', { json })
    const headers = { authorization: `Bearer ${body.token}` }
    expect((await api.remote('POST', '/doctor', { headers })).status).toBe(403)
  }
  expect((await api.remote('POST', '/doctor')).status).toBe(401)
})
