/**
 * Runs inside of a lab machine and does there what a test asks for: one JSON object a line, in and
 * out. See lab-machine.ts for the other side.
 */
import { connect as connectPlain } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import type { AgentOrder, AgentWord, StaticAnswer, Trust } from './lab-orders.ts'

const MOST_MS = 20_000
const say = (word: AgentWord): void => void process.stdout.write(`${JSON.stringify(word)}\n`)

const sockets = new Map<number, WebSocket>()
const servers: Bun.Server<undefined>[] = []

const trusting = ({ ca, anything }: Trust) => ({
  ...(ca === undefined ? {} : { ca }),
  rejectUnauthorized: anything !== true,
})

const carryOut = async (order: AgentOrder): Promise<unknown> => {
  if (order.ask === 'fetch') return ask(order)
  if (order.ask === 'serve') return serve(order.answers, order)
  if (order.ask === 'open') return open(order)
  if (order.ask === 'exchange') return exchange(order)
  const socket = sockets.get(order.socket)
  if (order.ask === 'send') socket?.send(order.text)
  else socket?.close()
  return null
}

const ask = async ({ url, init, trust }: Extract<AgentOrder, { ask: 'fetch' }>) => {
  const answer = await fetch(url, {
    ...init,
    redirect: 'manual',
    // What is asked over a new connection shows the certificate of now.
    keepalive: false,
    tls: trusting(trust),
    signal: AbortSignal.timeout(MOST_MS),
  } as RequestInit)
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: await answer.text(),
  }
}

const serve = (
  answers: Record<string, StaticAnswer>,
  { host, port, tls }: Extract<AgentOrder, { ask: 'serve' }>,
): number => {
  const server = Bun.serve({
    hostname: host,
    port,
    ...(tls ? { tls } : {}),
    fetch: ({ url }) => {
      const found = answers[new URL(url).pathname]
      if (!found) return new Response('', { status: 404 })
      return new Response(found.body, { status: found.status ?? 200, headers: found.headers ?? {} })
    },
  })
  servers.push(server)
  return server.port as number
}

const open = ({ socket: number, url, trust }: Extract<AgentOrder, { ask: 'open' }>) =>
  new Promise<null>((done, fail) => {
    // The types of browsers know nothing of a second argument like this.
    const socket = new WebSocket(url, { tls: trusting(trust) } as unknown as string[])
    socket.binaryType = 'arraybuffer'
    sockets.set(number, socket)
    socket.onopen = () => done(null)
    socket.onmessage = ({ data }) =>
      typeof data === 'string'
        ? say({ socket: number, text: data })
        : say({ socket: number, base64: Buffer.from(data as ArrayBuffer).toString('base64') })
    socket.onerror = () => fail(new Error(`no WebSocket to ${new URL(url).host}`))
    socket.onclose = ({ code }) => {
      sockets.delete(number)
      fail(new Error(`the WebSocket closed with ${code}`))
      say({ socket: number, closed: code })
    }
  })

/** Sends bytes over a new connection and collects what comes until it is silent or closed. */
const exchange = ({ host, port, base64, tls }: Extract<AgentOrder, { ask: 'exchange' }>) =>
  new Promise<{ base64: string; closed: boolean }>((done, fail) => {
    const socket = tls
      ? connectTls({ host, port, servername: tls.servername, ...trusting(tls) })
      : connectPlain({ host, port })
    const parts: Buffer[] = []
    const end = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      done({ base64: Buffer.concat(parts).toString('base64'), closed })
    }
    const timer = setTimeout(() => end(false), 3000)
    socket.on(tls ? 'secureConnect' : 'connect', () => socket.write(Buffer.from(base64, 'base64')))
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      end(false)
    })
    socket.on('end', () => end(true))
    socket.on('close', () => end(true))
    socket.on('error', (error) => (parts.length > 0 ? end(true) : fail(error)))
  })

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as AgentOrder & { id: number }
  carryOut(order as AgentOrder).then(
    (value) => say({ id, value: value ?? null }),
    (error: Error) => say({ id, error: error.message }),
  )
}
process.exit(0)
