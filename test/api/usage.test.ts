import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { addSession, addStay } from '../support/history.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const HOUR = 3600_000
const CSV = { accept: 'text/csv' }

const usage = (query = '', headers = {}) => api.v1('GET', `/usage${query}`, { key, headers })

/** Somebody in a room from one time to another; null while it goes on. */
const call = async (room: string, from: string, to: string | null, slug = 'acme') => {
  const id = `${slug}${room}${Date.parse(from)}`
  const startedAt = Date.parse(from)
  const endedAt = to === null ? null : Date.parse(to)
  await addSession(api, slug, { id, room, startedAt, endedAt })
  await addStay(api, slug, { session: id, sid: id, room, joinedAt: startedAt, leftAt: endedAt })
}

describe('usage', () => {
  test('is this month so far, by day, cut at midnight in UTC, to the millisecond', async () => {
    await call('a', '2026-11-02T23:59:59.500Z', '2026-11-03T00:00:01.234Z')
    await call('a', '2026-10-31T23:00:00.000Z', '2026-11-01T01:00:00.000Z')
    const { status, body } = await usage()
    expect(status).toBe(200)
    expect(body).toEqual({
      from: '2026-11-01',
      to: '2026-11-25',
      group_by: 'day',
      data: [
        { day: '2026-11-01', participant_seconds: 3600, participants: 0, sessions: 0 },
        { day: '2026-11-02', participant_seconds: 0.5, participants: 1, sessions: 1 },
        { day: '2026-11-03', participant_seconds: 1.234, participants: 0, sessions: 0 },
      ],
      total: { participant_seconds: 3601.734, participants: 1, sessions: 1 },
    })
  })

  test('counts who is in a call up to now, also the days before, and once when they left', async () => {
    await call('a', '2026-11-23T22:00:00.000Z', null)
    api.now = Date.parse('2026-11-25T01:00:00.000Z')
    const days = (await usage()).body.data
    expect(days.map((one: { day: string }) => one.day)).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
    ])
    expect([days[0].participant_seconds, days[1].participant_seconds]).toEqual([7200, 86_400])
    expect(days[2].participant_seconds).toBeCloseTo(3600, 1)
    const clipped = (await usage('?from=2026-11-24&to=2026-11-24')).body
    expect(clipped.total.participant_seconds).toBe(86_400)
    expect((await usage('?from=2026-11-01&to=2026-11-22')).body.data).toEqual([])
  })

  test('by room adds up days and whole months alike, whatever the range', async () => {
    for (const day of ['08-31', '09-01', '09-30', '10-15', '11-01', '11-25'])
      await call('a', `2026-${day}T08:00:00.000Z`, `2026-${day}T09:00:00.000Z`)
    await call('b', '2026-10-31T23:30:00.000Z', '2026-11-01T00:30:00.000Z')
    const hours = async (from: string, to: string) => {
      const { body } = await usage(`?group_by=room&from=2026-${from}&to=2026-${to}`)
      return body.data.map((one: { room: string; participant_seconds: number }) => [
        one.room,
        one.participant_seconds / 3600,
      ])
    }
    expect(await hours('09-01', '10-31')).toEqual([
      ['a', 3],
      ['b', 0.5],
    ])
    expect(await hours('08-31', '11-25')).toEqual([
      ['a', 6],
      ['b', 1],
    ])
    expect(await hours('09-02', '11-01')).toEqual([
      ['a', 3],
      ['b', 1],
    ])
    expect(await hours('09-02', '09-29')).toEqual([])
    expect(await hours('09-30', '10-15')).toEqual([['a', 2]])
    expect(await hours('11-01', '11-01')).toEqual([
      ['a', 1],
      ['b', 0.5],
    ])
  })

  test('refuses ranges that are no range, or longer than 400 days', async () => {
    for (const query of [
      'from=2026-11-02&to=2026-11-01',
      'from=2025-10-21&to=2026-11-25',
      'from=2026-02-30',
      'to=yesterday',
      'group_by=hour',
      'since=2026-11-01',
    ])
      expect([query, (await usage(`?${query}`)).status]).toEqual([query, 422])
    expect((await usage('?from=2025-10-22&to=2026-11-25')).status).toBe(200)
  })

  test('knows no days of another century, whose months would be those of all time', async () => {
    await call('a', '2026-11-02T10:00:00.000Z', '2026-11-02T11:00:00.000Z')
    for (const days of ['from=9999-12-01&to=9999-12-31', 'from=1999-12-31&to=2000-01-01']) {
      const { status, body } = await usage(`?group_by=room&${days}`)
      expect([days, status]).toEqual([days, 422])
      expect(body.errors[0]).toEqual({
        path: expect.stringMatching(/^(from|to)$/),
        message: 'must be a day of this century, such as 2026-11-25',
      })
    }
    for (const days of ['from=2000-01-01&to=2000-12-31', 'from=2099-12-01&to=2099-12-31'])
      expect((await usage(`?group_by=room&${days}`)).body.data).toEqual([])
  })

  test('is a table for who asks for one, named after tenant and days', async () => {
    await call('a', '2026-11-02T10:00:00.000Z', '2026-11-02T10:00:01.250Z')
    const { headers, text } = await usage('', CSV)
    expect(headers.get('content-type')).toStartWith('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="usage-acme-2026-11-01-2026-11-25.csv"',
    )
    expect(headers.get('x-request-id')).not.toBeNull()
    expect(text).toBe('day,participant_seconds,participants,sessions\r\n2026-11-02,1.25,1,1\r\n')
    const rooms = await usage('?group_by=room', { accept: 'application/json;q=0.5, text/csv' })
    expect(rooms.text).toBe('room,participant_seconds,participants,sessions\r\na,1.25,1,1\r\n')
    for (const accept of [
      '*/*',
      'application/json',
      'text/csv;q=0',
      'application/json, text/csv;q=0.9',
    ])
      expect((await usage('', { accept })).body.group_by).toBe('day')
    expect((await usage('?from=x', CSV)).body.code).toBe('validation_failed')
  })

  test("of another tenant is not in one's own", async () => {
    await api.tenant('other')
    await call('a', '2026-11-02T10:00:00.000Z', null, 'other')
    expect((await usage()).body.data).toEqual([])
    expect((await usage('?group_by=room')).body.data).toEqual([])
  })

  test('of this month is part of /me', async () => {
    await call('a', '2026-10-31T23:00:00.000Z', '2026-11-01T00:00:01.500Z')
    await call('a', '2026-11-02T10:00:00.000Z', '2026-11-02T10:00:01.000Z')
    const { body } = await api.v1('GET', '/me', { key })
    expect(body.usage).toMatchObject({
      participant_seconds_this_month: 2.5,
      participants_this_month: 1,
      sessions_this_month: 1,
    })
  })
})

describe('the ledger', () => {
  const ledger = (query = '', headers = {}) => api.admin('GET', `/usage${query}`, { headers })

  test('has each tenant, those without calls and those deleted since, and what they used', async () => {
    await api.tenant('gone')
    await api.tenant('idle')
    await call('a', '2026-11-02T10:00:00.000Z', '2026-11-02T11:00:00.000Z')
    await call('a', '2026-11-25T09:00:00.000Z', null)
    await call('a', '2026-11-03T10:00:00.000Z', '2026-11-03T10:00:00.001Z', 'gone')
    await api.admin('DELETE', '/tenants/gone?confirm=gone')
    api.now = Date.parse('2026-11-25T10:00:00.000Z') + HOUR
    const { body } = await ledger('?month=2026-11')
    expect(body.month).toBe('2026-11')
    const of = (slug: string) => body.data.find((one: { tenant: string }) => one.tenant === slug)
    expect(body.data.map((one: { tenant: string }) => one.tenant)).toEqual(['acme', 'gone', 'idle'])
    expect(of('acme').participant_seconds).toBeCloseTo(3 * 3600, 1)
    expect(of('gone')).toMatchObject({
      participant_seconds: 0.001,
      participants: 1,
      sessions: 1,
      deleted_at: expect.stringMatching(/^2026-11-25T/),
    })
    expect(of('idle')).toMatchObject({ participant_seconds: 0, participants: 0, deleted_at: null })
    expect(body.total).toMatchObject({ participants: 3, sessions: 3 })
  })

  test('of a month before a tenant was there does not name it, and December ends with its last day', async () => {
    expect((await ledger('?month=2026-10')).body.data).toEqual([])
    await call('a', '2026-12-31T23:00:00.000Z', '2027-01-01T01:00:00.000Z')
    const total = async (month: string) =>
      (await ledger(`?month=${month}`)).body.total.participant_seconds
    expect([await total('2026-12'), await total('2027-01')]).toEqual([3600, 3600])
  })

  test('is a table that no spreadsheet runs', async () => {
    const name = '=HYPERLINK("http://evil.example","a, b")'
    await api.admin('PATCH', '/tenants/acme', { json: { name } })
    const { headers, text } = await ledger('', CSV)
    expect(headers.get('content-disposition')).toContain('golive-usage-2026-11.csv')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(text.split('\r\n')[0]).toBe(
      'month,tenant,name,created_at,deleted_at,participant_seconds,participants,sessions',
    )
    expect(text).toContain(
      `2026-11,acme,"'=HYPERLINK(""http://evil.example"",""a, b"")",2026-11-25T`,
    )
  })

  test('refuses what is no month', async () => {
    for (const month of ['2026-13', '2026-1', '26-11', '2026-11-01'])
      expect([month, (await ledger(`?month=${month}`)).status]).toEqual([month, 422])
  })
})

test('the operator sees the usage of a tenant as the tenant does', async () => {
  await call('a', '2026-11-02T10:00:00.000Z', '2026-11-02T11:00:00.000Z')
  for (const query of ['', '?group_by=room']) {
    const asked = await api.admin('GET', `/tenants/acme/usage${query}`)
    expect(asked.body).toEqual((await usage(query)).body)
  }
})
