const MAX_LINES = 20_000

/** The newest lines that a process printed, standard output and error together. */
export class LineLog {
  #lines: string[] = []

  /** Reads a stream to its end. */
  async follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of stream) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      this.#add(parts)
    }
    if (rest) this.#add([rest])
  }

  text(): string {
    return this.#lines.join('\n')
  }

  tail(lines = 15): string {
    return this.#lines.slice(-lines).join('\n')
  }

  /** Lines that are JSON objects, parsed: what the server logged. */
  entries(): Record<string, unknown>[] {
    return this.#lines.filter((line) => line.startsWith('{')).flatMap(parse)
  }

  #add(lines: string[]): void {
    this.#lines.push(...lines)
    if (this.#lines.length > MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES / 2)
  }
}

const parse = (line: string): Record<string, unknown>[] => {
  try {
    return [JSON.parse(line) as Record<string, unknown>]
  } catch {
    return []
  }
}
