import { expect, test } from 'bun:test'
import { kernelSetting, openFilesLimit, serviceOf } from '../../../src/lib/kernel.ts'

test('a process is told how many files it may open, and one that is not there is not', () => {
  expect(openFilesLimit('self')).toBeGreaterThan(0)
  expect(openFilesLimit(process.pid)).toBe(openFilesLimit('self'))
  expect(openFilesLimit(999_999_999)).toBeNull()
})

test('the limit is the one that holds, not the one that it may be raised to', async () => {
  const shell = Bun.spawn(['bash', '-c', 'ulimit -Sn 123 && echo ready && exec sleep 5'], {
    stdout: 'pipe',
  })
  for await (const _ of shell.stdout) break
  expect(openFilesLimit(shell.pid)).toBe(123)
  shell.kill()
})

test('a kernel setting is a number, and one that does not exist is null', () => {
  expect(kernelSetting('kernel.pid_max')).toBeGreaterThan(300)
  expect(kernelSetting('kernel.no_such_thing')).toBeNull()
})

test('a process outside of any service has none', () => {
  expect(serviceOf(999_999_999)).toBeNull()
})
