/**
 * One load generator process: reads a {@link Job} from stdin, prints a {@link Count} to stdout.
 * Raw TCP or TLS with the requests' bytes made once: as lean as wrk, where fetch would cost more than
 * the server under test.
 */
import type { Count, Job } from './load.ts'

const HEAD_END = '\r\n\r\n'
const STATUS_AT = 'HTTP/1.1 '.length
const TWO = '2'.charCodeAt(0)
const LENGTH = /\r\ncontent-length: (\d+)/i

/** Bytes of the first answer in `data`, or 0 while it is not all there. */
const answerLength = (data: Buffer): number => {
  const head = data.indexOf(HEAD_END)
  if (head < 0) return 0
  const length = LENGTH.exec(data.toString('latin1', 0, head))
  if (!length) throw new Error('the server sent an answer without Content-Length')
  const total = head + HEAD_END.length + Number(length[1])
  return data.length >= total ? total : 0
}

/** One keep-alive connection: the next request leaves when the answer before it is complete. */
const connection = (
  job: Job,
  ends: number,
  count: Count,
  next: () => Buffer | null,
): Promise<void> =>
  new Promise((done, fail) => {
    // Answers are mostly as long as the one before: then the head need not be searched.
    let usual = 0
    let rest: Buffer | null = null
    const ask = (socket: Bun.Socket): void => {
      const request = job.once || performance.now() < ends ? next() : null
      if (request) socket.write(request)
      else socket.end()
    }
    const socket = {
      open: (socket: Bun.Socket) => void (job.tls || ask(socket)),
      handshake: ask,
      data(socket: Bun.Socket, chunk: Buffer) {
        const data: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk
        if (data.length !== usual) usual = answerLength(data)
        rest = usual === 0 ? data : null
        if (usual === 0) return
        if (data[STATUS_AT] === TWO) count.answers++
        else count.refused++
        ask(socket)
      },
      close: () => done(),
      error: (_: Bun.Socket, error: Error) => fail(error),
    }
    const tls = job.tls && { tls: { serverName: job.tls, rejectUnauthorized: false } }
    Bun.connect({ hostname: '127.0.0.1', port: job.port, socket, ...tls }).catch(fail)
  })

const run = async (job: Job): Promise<Count> => {
  const requests = job.requests.map((text) => Buffer.from(text))
  let turn = 0
  const next = (): Buffer | null => {
    if (job.once && turn >= requests.length) return null
    return requests[turn++ % requests.length] as Buffer
  }
  const count: Count = { answers: 0, refused: 0, seconds: 0 }
  const started = performance.now()
  const ends = started + job.seconds * 1000
  const all = Array.from({ length: job.connections }, () => connection(job, ends, count, next))
  await Promise.all(all)
  count.seconds = (performance.now() - started) / 1000
  return count
}

console.log(JSON.stringify(await run(JSON.parse(await Bun.stdin.text()) as Job)))
