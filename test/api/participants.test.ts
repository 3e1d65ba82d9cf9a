import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  await api.livekitUp()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
})

afterEach(() => api.close())

/** Somebody who is in the call, by our seats and by livekit-server. */
const enter = async (identity: string, issuedAt = api.now) => {
  const room = await api.deps.rooms.get(await api.deps.tenants.get('acme'), 'standup')
  const place = { tenantId: room.tenantId, roomId: room.id, livekitName: room.livekitName }
  const seat = api.deps.presence.take(place, claimsOf(identity, { apiKey: key.api_key, issuedAt }))
  api.deps.presence.answered(seat, `PA_${identity}`)
  api.livekit.crowd.set(identity, {
    identity,
    name: identity.toUpperCase(),
    sid: `PA_${identity}`,
    state: 'active',
    joinedAtMs: api.now,
    metadata: '',
    attributes: { team: 'red' },
    grants: {
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      canUpdateOwnMetadata: false,
      hidden: false,
    },
    tracks: [
      { ...TRACK, sid: 'TR_mic', source: 'microphone' },
      { ...TRACK, sid: 'TR_cam', kind: 'video', source: 'camera', width: 640, height: 360 },
    ],
  })
}

const TRACK = { kind: 'audio', muted: false, simulcast: false, width: 0, height: 0 } as const

const mint = async (identity: string, more: object = {}) => {
  const json = { identity, ...more }
  return (await api.v1('POST', '/rooms/standup/tokens', { key, json })).body.token as string
}

const inspect = async (token: string) =>
  (await api.v1('POST', '/tokens/inspect', { key, json: { token } })).body

const PEOPLE = '/rooms/standup/participants'

describe('who is in a call', () => {
  test('is listed in the order in which they came, with all that is known of them', async () => {
    await enter('ann')
    await enter('bob')
    const { status, body } = await api.v1('GET', PEOPLE, { key })
    expect(status).toBe(200)
    expect(body.data.map(({ identity }: { identity: string }) => identity)).toEqual(['ann', 'bob'])
    expect(body.next_cursor).toBeNull()
    expect(body.data[0]).toEqual({
      identity: 'ann',
      name: 'ANN',
      sid: 'PA_ann',
      state: 'active',
      joined_at: expect.any(String),
      permissions: {
        can_publish: true,
        can_subscribe: true,
        can_publish_data: true,
        can_publish_sources: [],
        can_update_own_metadata: false,
        hidden: false,
      },
      metadata: '',
      attributes: { team: 'red' },
      tracks: [
        { ...TRACK, sid: 'TR_mic', source: 'microphone' },
        { ...TRACK, sid: 'TR_cam', kind: 'video', source: 'camera', width: 640, height: 360 },
      ],
      connection: {
        transport: 'udp',
        sdk: 'js',
        sdk_version: '2.0',
        os: null,
        browser: null,
        address: null,
      },
    })
  })

  test('is nobody in a room without a call, and 404 in a room that is not there', async () => {
    expect((await api.v1('GET', PEOPLE, { key })).body.data).toEqual([])
    const { status, body } = await api.v1('GET', '/rooms/nope/participants', { key })
    expect([status, body.code]).toEqual([404, 'room_not_found'])
  })

  test('cannot be seen by another tenant', async () => {
    await enter('ann')
    const other = await api.tenant('other')
    for (const path of [PEOPLE, `${PEOPLE}/ann`])
      expect((await api.v1('GET', path, { key: other })).body.code).toBe('room_not_found')
  })

  test.each([
    ['GET', `${PEOPLE}/zoe`, undefined],
    ['PATCH', `${PEOPLE}/zoe`, { name: 'Zoe' }],
    ['DELETE', `${PEOPLE}/zoe`, undefined],
    ['POST', `${PEOPLE}/zoe/mute`, { sources: ['camera'] }],
    ['POST', `${PEOPLE}/zoe/mute`, { sources: ['camera'], muted: false }],
    ['POST', `${PEOPLE}/zoe/rpc`, { method: 'hello' }],
    ['POST', '/rooms/standup/data', { payload: 'x', identities: ['ann', 'zoe'] }],
  ])(
    '%s %s of who is not there is 404, and livekit-server is not asked',
    async (method, path, json) => {
      await enter('ann')
      const { status, body } = await api.v1(method, path, { key, ...(json ? { json } : {}) })
      expect([status, body.code]).toEqual([404, 'participant_not_found'])
      expect(api.livekit.asked).toEqual([])
    },
  )

  test('may be named with a slash, a space and other scripts', async () => {
    const identity = 'a/b c ü'
    await enter(identity)
    const { status, body } = await api.v1('GET', `${PEOPLE}/${encodeURIComponent(identity)}`, {
      key,
    })
    expect([status, body.identity]).toEqual([200, identity])
  })
})

describe('a change of somebody', () => {
  test('keeps every permission that is not named', async () => {
    await enter('ann')
    const json = { permissions: { can_publish: false } }
    const { status, body } = await api.v1('PATCH', `${PEOPLE}/ann`, { key, json })
    expect(status).toBe(200)
    expect(body.permissions).toMatchObject({ can_publish: false, can_subscribe: true })
    expect(api.livekit.asked).toMatchObject([
      { with: { grants: { canPublish: false, canSubscribe: true, canPublishData: true } } },
    ])
  })

  test('holds for the token that was minted before, and not for one minted after', async () => {
    const before = await mint('ann', { metadata: 'first' })
    await enter('ann')
    const json = {
      name: 'Quiet Ann',
      attributes: { hand: 'up' },
      permissions: { can_publish: false },
    }
    await api.v1('PATCH', `${PEOPLE}/ann`, { key, json })
    expect((await inspect(before)).claims).toMatchObject({
      name: 'Quiet Ann',
      permissions: { can_publish: false, can_subscribe: true },
    })
    const after = await mint('ann')
    expect((await inspect(after)).claims).toMatchObject({
      name: null,
      permissions: { can_publish: true },
    })
  })

  test('adds up with an earlier one', async () => {
    const token = await mint('ann')
    await enter('ann')
    for (const permissions of [{ can_publish: false }, { can_publish_data: false }])
      await api.v1('PATCH', `${PEOPLE}/ann`, { key, json: { permissions } })
    expect((await inspect(token)).claims.permissions).toMatchObject({
      can_publish: false,
      can_publish_data: false,
      can_subscribe: true,
    })
  })

  test('with no source left means that nothing may be published, and not everything', async () => {
    const token = await mint('ann')
    await enter('ann')
    const json = { permissions: { can_publish_sources: [] } }
    const { body } = await api.v1('PATCH', `${PEOPLE}/ann`, { key, json })
    expect(body.permissions.can_publish).toBe(false)
    expect((await inspect(token)).claims.permissions.can_publish).toBe(false)
  })

  test('of an attribute does not bring an earlier one back for a token minted in between', async () => {
    const old = await mint('ann', { can_publish: false })
    await enter('ann')
    const change = (json: object) => api.v1('PATCH', `${PEOPLE}/ann`, { key, json })
    await change({ permissions: { can_publish: true } })
    const fresh = await mint('ann', { can_publish: false })
    await change({ attributes: { hand: 'up' } })
    expect((await inspect(old)).claims.permissions.can_publish).toBe(true)
    expect((await inspect(fresh)).claims.permissions.can_publish).toBe(false)
  })

  test.each([
    [[{ can_publish_sources: [] }, { can_publish: true }], false],
    [[{ can_publish_sources: [] }, { can_publish_sources: ['camera'] }], true],
    [[{ can_publish: false }, { can_publish_sources: ['camera'] }], false],
  ])('%j is in the call what it is on the next join: may publish: %p', async (changes, may) => {
    const token = await mint('ann')
    await enter('ann')
    let answer = await api.v1('GET', `${PEOPLE}/ann`, { key })
    for (const permissions of changes)
      answer = await api.v1('PATCH', `${PEOPLE}/ann`, { key, json: { permissions } })
    expect(answer.body.permissions.can_publish).toBe(may)
    expect((await inspect(token)).claims.permissions).toEqual(answer.body.permissions)
  })

  test('made at the same moment as another is not lost', async () => {
    await enter('ann')
    const changes = ['can_publish', 'can_subscribe', 'can_publish_data'].map((name) =>
      api.v1('PATCH', `${PEOPLE}/ann`, { key, json: { permissions: { [name]: false } } }),
    )
    await Promise.all(changes)
    expect((await api.v1('GET', `${PEOPLE}/ann`, { key })).body.permissions).toMatchObject({
      can_publish: false,
      can_subscribe: false,
      can_publish_data: false,
    })
  })

  test('of attributes is bounded together with earlier ones, and refused whole', async () => {
    await enter('ann')
    const change = (name: string) =>
      api.v1('PATCH', `${PEOPLE}/ann`, { key, json: { attributes: { [name]: 'x'.repeat(5000) } } })
    expect((await change('a')).status).toBe(200)
    const { status, body } = await change('b')
    expect([status, body.errors[0].path]).toEqual([422, 'attributes'])
    const { body: after } = await change('a')
    expect(Object.keys(after.attributes)).toEqual(['a'])
  })

  test('of attributes to null removes all of them', async () => {
    await enter('ann')
    await api.v1('PATCH', `${PEOPLE}/ann`, { key, json: { attributes: null } })
    expect(api.livekit.asked).toMatchObject([{ with: { attributes: { team: '' } } }])
  })

  test.each([
    [{ permissions: { room_admin: true } }, 'permissions.room_admin'],
    [{ permissions: { can_publish_sources: ['window'] } }, 'permissions.can_publish_sources.0'],
    [{ name: 'a\u202eb' }, 'name'],
    [{ metadata: 'x'.repeat(8193) }, 'metadata'],
    [{ metadata: null }, 'metadata'],
    [{ metadata: '' }, 'metadata'],
    [{ name: null }, 'name'],
    [{ identity: 'bob' }, 'identity'],
  ])('%j is 422 and changes nothing', async (json, path) => {
    await enter('ann')
    const { status, body } = await api.v1('PATCH', `${PEOPLE}/ann`, { key, json })
    expect([status, body.errors[0].path]).toEqual([422, path])
    expect(api.livekit.asked).toEqual([])
  })
})

describe('putting somebody out', () => {
  test('refuses the tokens they had, and not one that is minted afterwards', async () => {
    const before = await mint('ann')
    const others = await mint('bob')
    await enter('ann')
    expect((await api.v1('DELETE', `${PEOPLE}/ann`, { key })).status).toBe(204)
    expect(api.livekit.removed).toEqual(['ann'])
    expect(await inspect(before)).toMatchObject({ admitted: false, code: 'token_revoked' })
    expect(await inspect(others)).toMatchObject({ admitted: true })
    expect(await inspect(await mint('ann'))).toMatchObject({ admitted: true })
  })

  test('with a ban refuses whatever they hold, until it ends', async () => {
    await enter('ann')
    expect((await api.v1('DELETE', `${PEOPLE}/ann?ban_seconds=60`, { key })).status).toBe(204)
    const token = await mint('ann')
    expect(await inspect(token)).toMatchObject({ admitted: false, code: 'identity_banned' })
    api.now += 61_000
    expect(await inspect(token)).toMatchObject({ admitted: true })
  })

  test('for good is listed, also of who was never there, and can be lifted', async () => {
    await api.v1('DELETE', `${PEOPLE}/zoe?ban=true`, { key })
    const { body } = await api.v1('GET', '/rooms/standup/bans', { key })
    expect(body.data).toEqual([{ identity: 'zoe', banned_at: expect.any(String), ends_at: null }])
    const token = await mint('zoe')
    expect((await inspect(token)).code).toBe('identity_banned')
    expect((await api.v1('DELETE', '/rooms/standup/bans/zoe', { key })).status).toBe(204)
    expect((await inspect(token)).admitted).toBe(true)
    const again = await api.v1('DELETE', '/rooms/standup/bans/zoe', { key })
    expect([again.status, again.body.code]).toEqual([404, 'ban_not_found'])
  })

  test('ends with the room: one of the same name made later knows no bans', async () => {
    await api.v1('DELETE', `${PEOPLE}/ann?ban=true`, { key })
    await api.v1('DELETE', '/rooms/standup', { key })
    await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
    expect((await api.v1('GET', '/rooms/standup/bans', { key })).body.data).toEqual([])
    expect((await inspect(await mint('ann'))).admitted).toBe(true)
  })

  test.each(['ban=yes', 'ban_seconds=0', 'ban_seconds=1e3', 'reason=x'])(
    '?%s is 422',
    async (query) => {
      await enter('ann')
      expect((await api.v1('DELETE', `${PEOPLE}/ann?${query}`, { key })).status).toBe(422)
      expect(api.livekit.removed).toEqual([])
    },
  )
})

describe('muting', () => {
  const muted = async (json: object) => api.v1('POST', `${PEOPLE}/ann/mute`, { key, json })

  test('is by source or by track', async () => {
    await enter('ann')
    expect((await muted({ sources: ['microphone'], track_sids: ['TR_cam'] })).status).toBe(200)
    expect(api.livekit.asked).toEqual([
      { method: 'mute', with: { identity: 'ann', sid: 'TR_mic', muted: true } },
      { method: 'mute', with: { identity: 'ann', sid: 'TR_cam', muted: true } },
    ])
  })

  test('of a track that is not theirs is 404; of a source that they do not publish is nothing', async () => {
    await enter('ann')
    const { status, body } = await muted({ track_sids: ['TR_other'] })
    expect([status, body.code]).toEqual([404, 'track_not_found'])
    expect((await muted({ sources: ['screen_share'] })).status).toBe(200)
    expect(api.livekit.asked).toEqual([])
  })

  test('cannot be undone from afar unless the operator allows it', async () => {
    await enter('ann')
    const { status, body } = await muted({ sources: ['camera'], muted: false })
    expect([status, body.code]).toEqual([403, 'unmute_not_allowed'])
    expect(api.livekit.asked).toEqual([])
  })

  test('needs to say what', async () => {
    await enter('ann')
    for (const json of [{}, { sources: [] }, { sources: ['window'] }])
      expect((await muted(json)).status).toBe(422)
  })
})

describe('data and RPC', () => {
  const send = (json: object) => api.v1('POST', '/rooms/standup/data', { key, json })

  test('reach those named, or everybody', async () => {
    await enter('ann')
    await enter('bob')
    const all = await send({ payload: 'hé', topic: 'chat' })
    expect([all.status, all.body]).toEqual([202, { recipients: 2 }])
    const one = await send({ payload_base64: '/w==', identities: ['ann'], reliable: false })
    expect(one.body).toEqual({ recipients: 1 })
    expect(api.livekit.asked).toEqual([
      {
        method: 'data',
        with: { data: Buffer.from('hé'), reliable: true, topic: 'chat', identities: [] },
      },
      {
        method: 'data',
        with: { data: Buffer.from([255]), reliable: false, topic: null, identities: ['ann'] },
      },
    ])
  })

  test('are sent to nobody when nobody is there', async () => {
    expect((await send({ payload: 'x' })).body).toEqual({ recipients: 0 })
    expect(api.livekit.asked).toEqual([])
  })

  test('may be larger than other bodies, up to 96 KiB', async () => {
    await enter('ann')
    expect(
      (await send({ payload_base64: Buffer.alloc(64 * 1024).toString('base64') })).status,
    ).toBe(202)
    expect((await send({ payload: 'x'.repeat(64 * 1024 + 1) })).status).toBe(422)
    expect((await send({ payload: 'x'.repeat(97 * 1024) })).status).toBe(413)
    const elsewhere = { key, json: { metadata: 'x'.repeat(66 * 1024) } }
    expect((await api.v1('PATCH', `${PEOPLE}/ann`, elsewhere)).status).toBe(413)
  })

  test.each([{}, { payload: 'x', payload_base64: 'eA==' }, { payload_base64: '%' }])(
    '%j is 422',
    async (json) => {
      await enter('ann')
      expect((await send(json)).status).toBe(422)
    },
  )

  test('answer with what the app answered, or say why not', async () => {
    await enter('ann')
    const call = (method: string) =>
      api.v1('POST', `${PEOPLE}/ann/rpc`, { key, json: { method, payload: '{}' } })
    expect((await call('raise')).body).toEqual({ response: 'raise of ann' })
    const broken = await call('broken')
    expect([broken.status, broken.body.code, broken.body.rpc_code]).toEqual([
      502,
      'rpc_failed',
      1500,
    ])
    const late = await call('late')
    expect([late.status, late.body.code]).toEqual([504, 'rpc_timeout'])
  })

  test('that wait are bounded for each tenant: others are not held up', async () => {
    await enter('ann')
    const path = `${PEOPLE}/ann/rpc`
    for (let waiting = 0; waiting < 32; waiting++)
      void api.v1('POST', path, { key, json: { method: 'never' } })
    await api.v1('GET', PEOPLE, { key })
    const { status, body } = await api.v1('POST', path, { key, json: { method: 'raise' } })
    expect([status, body.code]).toEqual([429, 'rate_limited'])
  })
})
