import { expect, test } from 'bun:test'
import { checkLivekit, checkServer } from '../../../../src/domain/doctor/child.ts'
import { Check, type State, verdictOn } from '../../../../src/domain/doctor/finding.ts'
import { running, short, subject } from './subject.ts'

const check = new Check('any', 'Any')
const found = (...states: State[]) =>
  states.map((state) => ({ id: state, title: state, state, detail: '', fix: null }))

test('the verdict says the worst first and counts what was not checked', () => {
  expect(verdictOn(found('ok', 'ok'))).toBe('All that was checked is well.')
  expect(verdictOn(found('ok', 'warn', 'skipped'))).toBe(
    'Nothing is broken; 1 thing could be better. 1 thing was not checked.',
  )
  expect(verdictOn(found('fail', 'fail', 'warn', 'skipped', 'skipped'))).toBe(
    '2 things must be mended, and 1 thing could be better. 2 things were not checked.',
  )
})

test('a server that does not run is no fault of its machine, and is started how?', () => {
  const stopped = subject({ server: null, processes: { server: null, livekit: null } })
  expect(checkServer(check, stopped)).toMatchObject({
    state: 'warn',
    fix: expect.stringContaining('golive serve'),
  })
  expect(checkLivekit(check, stopped).state).toBe('skipped')
})

test('a server that is there and does not answer is a fault', () => {
  const silence = 'the server on /data did not answer within 10 seconds'
  const found = checkServer(check, subject({ server: null, silence }))
  expect(found).toMatchObject({ state: 'fail', detail: silence })
})

test('livekit-server is told by state, version and settings, and a dead one with its last line', () => {
  const { livekit } = running()
  const look = (changes: object) =>
    short(
      checkLivekit(check, subject({ server: running({ livekit: { ...livekit, ...changes } }) })),
    )
  expect(look({})).toEqual(['ok', '1.13.5 runs (pid 200)', null])
  expect(look({ version: '1.0.0' })[0]).toBe('warn')
  expect(look({ restart_needed: true })[1]).toContain('earlier settings')
  const [state, detail] = look({ state: 'degraded', last_lines: ['first', 'port is taken'] })
  expect([state, detail]).toEqual([
    'fail',
    'it is degraded, so nobody can join; its last line: port is taken',
  ])
})
