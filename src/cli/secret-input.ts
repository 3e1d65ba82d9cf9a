import { CliError, EXIT } from './exit.ts'

/** No body of a request may have more. */
const MOST_CHARACTERS = 64 * 1024

/** All that is piped in, without the white space around it. @throws CliError when it is too much */
export const readPiped = async (input: NodeJS.ReadStream): Promise<string> => {
  let text = ''
  input.setEncoding('utf8')
  for await (const piece of input) {
    text += piece
    if (text.length > MOST_CHARACTERS) throw tooLong()
  }
  return text.trim()
}

/**
 * One line from a terminal, not shown while it is typed or pasted; null when the person walks away.
 * In raw mode, because the system's line editing cuts a line off after 4095 bytes without a word.
 * @param ask shows the question, once nothing is shown of an answer any more
 * @throws CliError when it is too long
 */
export const readHidden = async (
  input: NodeJS.ReadStream,
  ask: () => Promise<void>,
): Promise<string | null> => {
  input.setEncoding('utf8')
  input.setRawMode(true)
  const typed = new Promise<string | null>((done, fail) => {
    let text = ''
    input.on('data', (piece: string) => {
      const line = typeOn(text, piece)
      text = line.text
      if (text.length > MOST_CHARACTERS) fail(tooLong())
      else if (line.end !== null) done(line.end === 'entered' ? text.trim() : null)
    })
    input.once('end', () => done(null))
  })
  try {
    const [answer] = await Promise.all([typed, ask()])
    return answer
  } finally {
    input.removeAllListeners('data')
    input.setRawMode(false)
    input.pause()
  }
}

interface Line {
  text: string
  /** null while it goes on */
  end: 'entered' | 'left' | null
}

/** What a terminal's own line editing would do with Enter, Ctrl-C, Ctrl-D, Backspace and Ctrl-U. */
const typeOn = (before: string, piece: string): Line => {
  let text = before
  for (const key of piece) {
    if (key === '\r' || key === '\n') return { text, end: 'entered' }
    if (key === '\x03' || (key === '\x04' && text === '')) return { text, end: 'left' }
    if (key === '\x7f' || key === '\b') text = text.slice(0, -1)
    else if (key === '\x15') text = ''
    else if (key >= ' ') text += key
  }
  return { text, end: null }
}

const tooLong = (): CliError =>
  new CliError(EXIT.usage, { code: 'usage', detail: 'this is too long to be a token' })
