import { expect, test } from 'bun:test'
import { parse } from 'yaml'
import { type Change, editConfig } from '../../../src/cli/config-edit.ts'

const edit = (text: string, ...changes: Change[]): string =>
  editConfig({ path: 'golive.config.yaml', text }, changes)

const port = (value: number): Change => ({ path: ['server', 'port'], value })
const contact = (value: string): Change => ({ path: ['admin', 'operator_contact'], value })

const WRITTEN = `# ours
data_dir: "./data"   # the folder
server:
    # for the office
    port: 9000 # odd
log:
  # level: debug
`

test('without a change not a byte is touched', () => {
  for (const text of ['', WRITTEN, 'server: {port: 1}']) expect(edit(text)).toBe(text)
})

test('a value changes in its place, with every other byte as it was', () => {
  expect(edit(WRITTEN, port(8081))).toBe(WRITTEN.replace('9000', '8081'))
})

test('a new key goes below the last of its section, with the indent of the section', () => {
  const url = { path: ['server', 'public_url'], value: 'http://127.0.0.1:9' }
  expect(edit(WRITTEN, url)).toBe(
    WRITTEN.replace('# odd\n', '# odd\n    public_url: http://127.0.0.1:9\n'),
  )
})

test('a section that is missing, empty or commented out takes a key and keeps its comments', () => {
  const tail = 'admin:\n  operator_contact: help@example.com\n'
  expect(edit(WRITTEN, contact('help@example.com'))).toBe(WRITTEN + tail)
  expect(edit('admin:\n  # host: null\nlog:\n', contact('help@example.com'))).toBe(
    'admin:\n  operator_contact: help@example.com\n  # host: null\nlog:\n',
  )
  expect(edit('data_dir: x', contact('help@example.com'))).toBe(`data_dir: x\n${tail}`)
})

test('whatever the style of the file, the keys mean what was asked and all others what they did', () => {
  for (const text of [
    'server: {port: 1, host: 127.0.0.1} # flow\nlog: {level: info}\n',
    'server:\n  port:\n  host: 127.0.0.1\n',
    'server:\n  host: 127.0.0.1',
    '{server: {host: 127.0.0.1}}\n',
    'server: null\n',
    '# nothing but a comment\n',
    'server:\r\n  host: 127.0.0.1\r\n  port: 7\r\n',
    'log: &log {level: info}\nserver:\n  host: "::1"\n  port: !!int 5\n',
  ]) {
    const before = parse(text) ?? {}
    const after = parse(edit(text, port(8081), contact('a #b: c')))
    expect(after).toEqual({
      ...before,
      server: { ...before.server, port: 8081 },
      admin: { operator_contact: 'a #b: c' },
    })
    for (const comment of text.match(/# .*/g) ?? []) {
      expect(edit(text, port(8081))).toContain(comment)
    }
  }
})

test('a new file says what it is', () => {
  expect(edit('', port(8081))).toBe(
    "# GoLive's configuration, begun by golive setup. After a change: golive restart\n\nserver:\n  port: 8081\n",
  )
})
