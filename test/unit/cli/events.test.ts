import { expect, test } from 'bun:test'
import { readEvents } from '../../../src/cli/event-reader.ts'

const bodyOf = (parts: string[], ends = true) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part))
      if (ends) controller.close()
    },
  })

const all = async (parts: string[]) => {
  const found = []
  for await (const event of readEvents(bodyOf(parts), 1000)) found.push(event)
  return found
}

test('events are found however the network cuts them, and signs of life are none', async () => {
  const text =
    'retry: 2000\nevent: stream\ndata: {"a":1}\n\n: \n\nid: 1\nevent: x\ndata: {"é":2}\n\n'
  const events = [
    { type: 'stream', data: '{"a":1}' },
    { type: 'x', data: '{"é":2}' },
  ]
  expect(await all([text])).toEqual(events)
  expect(await all([...text])).toEqual(events)
})

test('an event that was cut off is none', async () => {
  expect(await all(['data: 1\n\nda', 'ta: 2\n'])).toEqual([{ type: 'message', data: '1' }])
})

test('a stream that is silent for too long is given up', async () => {
  const reading = readEvents(bodyOf(['data: 1\n\n'], false), 20)
  expect((await reading.next()).value).toEqual({ type: 'message', data: '1' })
  expect(reading.next()).rejects.toThrow('nothing came any more')
})
