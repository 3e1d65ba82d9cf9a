/** One event of a stream (WHATWG HTML, 9.2.6): what it is called and what it holds. */
export interface StreamEvent {
  type: string
  data: string
}

const MOST_CHARACTERS = 1_000_000

/**
 * The events of a stream as they come; comments are signs of life only.
 * @param silenceMs rejects when nothing came for so long: whoever sent it is gone
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<StreamEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await soon(reader.read(), silenceMs)
      if (done) return
      text += decoder.decode(value, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      if (text.length > MOST_CHARACTERS) throw new Error('an event without an end')
      for (const part of parts) yield* parse(part)
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

const parse = (part: string): StreamEvent[] => {
  const valuesOf = (name: string) =>
    part
      .split('\n')
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
  const data = valuesOf('data')
  return data.length === 0
    ? []
    : [{ type: valuesOf('event')[0] ?? 'message', data: data.join('\n') }]
}

const soon = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('nothing came any more')), ms)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
