import { expect, test } from 'bun:test'
import { EXIT } from '../../../src/cli/exit.ts'
import { run } from '../../../src/cli/program.ts'
import { MemoryTerminal } from './memory-terminal.ts'

const golive = async (...argv: string[]) => {
  const terminal = new MemoryTerminal()
  const code = await run(argv, terminal)
  return { code, stdout: terminal.stdout, stderr: terminal.stderr }
}

/** All commands, read from the help itself. */
const commandsBelow = async (path: string[]): Promise<string[][]> => {
  const { stdout } = await golive(...path, '--help')
  const [list = ''] = (stdout.split('\nCommands:\n')[1] ?? '').split('\n\n')
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([line]) => line.trim())
  const below = await Promise.all(names.map((name) => commandsBelow([...path, name])))
  return [path, ...below.flat()]
}

test('every command has a help that shows a command line to copy', async () => {
  const commands = await commandsBelow([])
  expect(commands.map((path) => path.join(' '))).toContain('tenant deactivate')
  for (const path of commands) {
    const { code, stdout, stderr } = await golive(...path, '--help')
    expect({ path, code, stderr }).toEqual({ path, code: 0, stderr: '' })
    expect(stdout).toContain(`Example:\n  $ golive ${path.join(' ')}`.trimEnd())
    expect(stdout).toContain('--json')
  }
})

test('a mistyped command is wrong usage and suggests the right one', async () => {
  for (const [typed, meant] of [
    [['tenat'], 'tenant'],
    [['tenant', 'crate', 'acme'], 'create'],
    [['key', 'rotat'], 'rotate'],
  ] as const) {
    const { code, stdout, stderr } = await golive(...typed)
    expect(code).toBe(2)
    expect(stderr).toContain(`(Did you mean ${meant}?)`)
    expect(stdout).toBe('')
  }
})

test('a wrong option, a missing or spare argument, and a bad number are wrong usage', async () => {
  for (const argv of [
    [],
    ['tenant'],
    ['tenant', 'create'],
    ['tenant', 'create', 'acme', 'more'],
    ['tenant', 'list', '--nmae', 'x'],
    ['token', 'acme', 'room'],
    ['token', 'acme', 'room', '--identity', 'a', '--ttl', '1h'],
    ['key', 'rotate', 'acme', 'lkv_1', '--overlap', '-1'],
    ['--config'],
  ]) {
    const { code, stdout, stderr } = await golive(...argv)
    expect({ argv, code, stdout }).toEqual({ argv, code: 2, stdout: '' })
    expect(stderr).toMatch(/^(golive: |Usage: )/)
  }
})

test('a config that cannot be read is exit code 3, as JSON when asked for', async () => {
  const plain = await golive('status', '--config', '/nowhere/golive.yaml')
  expect(plain.code).toBe(3)
  expect(plain.stderr).toStartWith('golive: /nowhere/golive.yaml: cannot read')
  const json = await golive('--json', 'status', '--config', '/nowhere/golive.yaml')
  expect(JSON.parse(json.stderr)).toMatchObject({ code: 'config_invalid' })
})

test('the help tells the exit codes, the same as README.md', async () => {
  const { stdout } = await golive('--help')
  const readme = await Bun.file(new URL('../../../README.md', import.meta.url)).text()
  for (const code of Object.values(EXIT)) {
    const [, meaning = ''] = new RegExp(`^\\| ${code} \\| (.+) \\|$`, 'm').exec(readme) ?? []
    expect(meaning).not.toBeEmpty()
    expect(stdout).toMatch(new RegExp(`^ {2}${code} +${meaning}$`, 'm'))
  }
})
