import { expect, test } from 'bun:test'
import { CliError, EXIT, explain, problemText } from '../../../src/cli/exit.ts'
import { ConfigError } from '../../../src/config/load.ts'
import { GoLiveError, StartError } from '../../../src/domain/errors.ts'

test('what keeps a server from starting is exit code 3, with its sentence', () => {
  for (const error of [new ConfigError('a.yaml:1: wrong'), new StartError('taken')]) {
    const { exit, problem } = explain(error)
    expect(exit).toBe(EXIT.cannotStart)
    expect(problem.detail).toBe(error.message)
  }
})

test('a refusal is exit code 1 and keeps its hint and its fields', () => {
  const errors = [{ path: 'slug', message: 'expected letters' }]
  const error = new GoLiveError('validation_failed', 'not valid', { hint: 'Use letters.', errors })
  expect(explain(error)).toEqual({
    exit: EXIT.failed,
    problem: { code: 'validation_failed', detail: 'not valid', hint: 'Use letters.', errors },
  })
})

test('whatever else is thrown is exit code 1 and one line without a stack', () => {
  for (const thrown of [new TypeError('odd'), 'odd']) {
    const { exit, problem } = explain(thrown)
    expect(exit).toBe(EXIT.failed)
    expect(problemText(problem)).toBe('golive: odd\n')
  }
})

test('a failure is told as a sentence, its fields and what to do', () => {
  const { problem } = new CliError(EXIT.unreachable, {
    code: 'x',
    detail: 'one\ntwo',
    errors: [{ path: 'a.b', message: 'bad' }],
    hint: 'Do this.',
  })
  expect(problemText(problem)).toBe('golive: one\ngolive: two\n  a.b: bad\n  Do this.\n')
})

test('what the sentence says already is not said once more', () => {
  const errors = [{ path: 'action', message: 'unknown' }]
  const detail = 'action: unknown'
  expect(problemText({ code: 'x', detail, errors })).toBe('golive: action: unknown\n')
  expect(problemText({ code: 'x', detail: `${detail} (and 1 more)`, errors })).toContain(
    '\n  action',
  )
})
