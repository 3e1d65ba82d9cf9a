/**
 * Bun lays the style sheets of pages into an executable in the order of a hash map with a random seed.
 * This puts them in the order of their names, so that the same sources give the same bytes. The layout
 * is that of StandaloneModuleGraph in Bun 1.4: the graph, 32 bytes about it, the trailer.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const TRAILER = '\n---- Bun! ----\n'
const OFFSETS = 32
const RECORD = 52
/** Where a record has the offset and length of the name and of the content of a module. */
const NAME = 0
const CONTENT = 8

const spanOf = (graph: Buffer, record: Buffer, at: number): Buffer => {
  const start = record.readUInt32LE(at)
  return graph.subarray(start, start + record.readUInt32LE(at + 4))
}

/** Views: what is written to them lands in the executable. */
const graphOf = (executable: Buffer): { graph: Buffer; records: Buffer[] } => {
  const offsets = executable.lastIndexOf(TRAILER) - OFFSETS
  const start = offsets - Number(executable.readBigUInt64LE(offsets))
  const graph = executable.subarray(start, offsets)
  const table = spanOf(graph, executable.subarray(offsets), 8)
  if (table.length % RECORD !== 0) throw new Error('this version of Bun has other records')
  const records = Array.from({ length: table.length / RECORD }, (_, index) =>
    table.subarray(index * RECORD, (index + 1) * RECORD),
  )
  return { graph, records }
}

/** Lays what these records point to side by side in their order, each ended by a zero. */
const layOut = (graph: Buffer, records: Buffer[], at: number): void => {
  const first = Math.min(...records.map((record) => record.readUInt32LE(at)))
  const ends = records.map((record) => record.readUInt32LE(at) + record.readUInt32LE(at + 4))
  const spans = records.map((record) => Buffer.from(spanOf(graph, record, at)))
  const laid = Buffer.concat(spans.flatMap((span) => [span, Buffer.alloc(1)]))
  if (first + laid.length !== Math.max(...ends) + 1) throw new Error('something lies in between')
  laid.copy(graph, first)
  let offset = first
  for (const [index, record] of records.entries()) {
    record.writeUInt32LE(offset, at)
    offset += (spans[index] as Buffer).length + 1
  }
}

const main = (path: string | undefined): void => {
  if (!path) throw new Error('usage: bun scripts/sort-styles.ts <executable>')
  const executable = readFileSync(path)
  const { graph, records } = graphOf(executable)
  const nameOf = (record: Buffer): string => spanOf(graph, record, NAME).toString()
  const places = records.filter((record) => nameOf(record).endsWith('.css'))
  const sorted = places
    .map((record) => Buffer.from(record))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  layOut(graph, sorted, NAME)
  layOut(graph, sorted, CONTENT)
  for (const [index, record] of sorted.entries()) record.copy(places[index] as Buffer)
  writeFileSync(path, executable)
}

main(process.argv[2])
