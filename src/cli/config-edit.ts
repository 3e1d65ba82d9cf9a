import {
  type Document,
  isMap,
  isNode,
  isScalar,
  parseDocument,
  stringify,
  type YAMLMap,
} from 'yaml'
import type { ConfigFile } from '../config/load.ts'

/** A key of the configuration and what it becomes. */
export interface Change {
  path: string[]
  value: unknown
}

const HEAD = `# GoLive's configuration, begun by golive setup. After a change: golive restart\n\n`

/** The file's text with some keys changed; comments and all other keys stay as they were written. */
export const editConfig = ({ text }: ConfigFile, changes: Change[]): string => {
  if (changes.length === 0) return text
  return changes.reduce(editOne, text === '' ? HEAD : text)
}

const editOne = (text: string, change: Change): string => {
  const document = parseDocument(text)
  const spliced = splice(text, document, change)
  setIn(document, change)
  if (spliced !== null && Bun.deepEquals(parseDocument(spliced).toJS(), document.toJS())) {
    return spliced
  }
  // Flow style, a block of text, a key without a value: rare enough to be written in the usual style.
  return document.toString({ lineWidth: 0 })
}

/** A section whose keys are all commented out is null: no place for a key. */
const setIn = (document: Document, { path, value }: Change): void => {
  const [section = ''] = path
  if (path.length > 1 && !isMap(document.get(section))) {
    document.set(section, document.createNode({}))
  }
  document.setIn(path, value)
}

/** Changes nothing but the one place; null where that place is not plain to see. */
const splice = (text: string, document: Document, { path, value }: Change): string | null => {
  const name = path.at(-1) as string
  const found = document.getIn(path, true)
  const written = stringify(value, { lineWidth: 0 }).trimEnd()
  if (isScalar(found) && found.range) return put(text, found.range[0], found.range[1], written)
  if (found !== undefined) return null
  const line = `${name}: ${written}`
  if (path.length === 1) return append(text, line)
  const [section = ''] = path
  if (!document.has(section)) return append(text, `${section}:\n  ${line}`)
  const at = placeIn(text, document, section)
  return at && put(text, at.offset, at.offset, `${at.indent}${line}\n`)
}

/** Below the last key of a section with its indent, or below the name of an empty one. */
const placeIn = (
  text: string,
  document: Document,
  section: string,
): { offset: number; indent: string } | null => {
  const pair = (document.contents as YAMLMap).items.find(
    ({ key }) => isScalar(key) && key.value === section,
  )
  const last = isMap(pair?.value) ? pair.value.items.at(-1) : undefined
  const key = last?.key ?? pair?.key
  const end = last ? last.value : pair?.key
  if (!isScalar(key) || !key.range || !isNode(end) || !end.range) return null
  const line = text.indexOf('\n', end.range[1])
  const start = text.lastIndexOf('\n', key.range[0]) + 1
  const indent = last ? text.slice(start, key.range[0]) : '  '
  return line < 0 ? null : { offset: line + 1, indent }
}

const put = (text: string, from: number, to: number, piece: string): string =>
  text.slice(0, from) + piece + text.slice(to)

const append = (text: string, lines: string): string =>
  `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${lines}\n`
