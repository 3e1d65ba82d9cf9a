import { expect, test } from 'bun:test'
import { Problems } from '../../../src/domain/problems.ts'

const refused = (code: string, room: string | null = null) => ({
  kind: 'join_refused' as const,
  code,
  room,
  identity: 'ann',
  detail: 'no',
})

const make = () => {
  let now = 0
  return new Problems(() => ++now)
}

test('the newest comes first, and the same one again is counted instead of listed twice', () => {
  const problems = make()
  for (const code of ['room_full', 'room_locked', 'room_full']) problems.add('t', refused(code))
  expect(problems.list('t')).toEqual([
    { ...refused('room_full'), at: 3, times: 2 },
    { ...refused('room_locked'), at: 2, times: 1 },
  ])
})

test('what differs in any member is another problem', () => {
  const problems = make()
  const one = refused('room_full', 'a')
  const others = [{ room: 'b' }, { identity: 'bob' }, { detail: 'not' }, { code: 'x' }]
  for (const change of [{}, ...others, { kind: 'api_refused' as const }])
    problems.add('t', { ...one, ...change })
  expect(problems.list('t').map(({ times }) => times)).toEqual([1, 1, 1, 1, 1, 1])
})

test('a tenant has at most 100, the latest, and never those of another', () => {
  const problems = make()
  for (let n = 0; n < 150; n++) problems.add('t', refused(`code_${n}`))
  problems.add('other', refused('room_full'))
  const codes = problems.list('t').map(({ code }) => code)
  expect([codes.length, codes[0], codes.at(-1)]).toEqual([100, 'code_149', 'code_50'])
  expect(problems.list('other')).toHaveLength(1)
  expect(problems.list('nobody')).toEqual([])
})

test('of the tenants those are forgotten that had none for longest', () => {
  const problems = make()
  for (let n = 0; n < 500; n++) problems.add(`t${n}`, refused('room_full'))
  problems.add('t0', refused('room_locked'))
  problems.add('new', refused('room_full'))
  expect([problems.list('t0').length, problems.list('t1').length]).toEqual([2, 0])
})

test('long texts of a request are cut', () => {
  const problems = make()
  const long = 'x'.repeat(70_000)
  problems.add('t', { ...refused('room_full', long), identity: long, detail: long })
  const [{ room, identity, detail } = refused('')] = problems.list('t')
  expect([room?.length, identity?.length, detail.length]).toEqual([200, 200, 200])
})
