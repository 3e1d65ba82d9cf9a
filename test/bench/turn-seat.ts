import { randomBytes } from 'node:crypto'
import { SignalResponse } from '@livekit/protocol'
import { NAME } from './edge-servers.ts'

/** Somebody in a call, seen from an address of our choice: whoever wants TURN has to be that. */
export interface Seat {
  username: string
  credential: string
  leave(): void
}

const HEAD_END = '\r\n\r\n'
const TIMEOUT_MS = 5000

/** The payload of the first frame, when all of it is there (RFC 6455 §5.2; servers do not mask). */
const firstFrame = (bytes: Buffer): Buffer | null => {
  if (bytes.length < 4) return null
  const short = (bytes[1] as number) & 127
  if (short === 127) throw new Error('a JoinResponse of more than 64 KiB')
  const start = short === 126 ? 4 : 2
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  return bytes.length < start + length ? null : bytes.subarray(start, start + length)
}

/** The JoinResponse in what came so far, the answer to the upgrade before it. */
const joinResponse = (bytes: Buffer): Buffer | null => {
  const head = bytes.indexOf(HEAD_END)
  if (head < 0) return null
  if (!bytes.toString('latin1', 0, head).startsWith('HTTP/1.1 101'))
    throw new Error(`the upgrade was refused: ${bytes.toString('latin1', 0, head)}`)
  return firstFrame(bytes.subarray(head + HEAD_END.length))
}

const upgradeRequest = (token: string): string =>
  [
    `GET /rtc?protocol=16&sdk=js&version=2.23.0&auto_subscribe=1&access_token=${token} HTTP/1.1`,
    `Host: ${NAME}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n')

/** Joins through the edge by hand: no WebSocket client lets one choose the address it comes from. */
export const takeSeat = async (
  host: string,
  port: number,
  localAddress: string,
  token: string,
): Promise<Seat> => {
  const joined = Promise.withResolvers<Buffer>()
  let bytes = Buffer.alloc(0)
  const socket = await Bun.connect({
    hostname: host,
    port,
    localAddress,
    tls: { serverName: NAME, rejectUnauthorized: false },
    socket: {
      handshake: (socket: Bun.Socket) => void socket.write(upgradeRequest(token)),
      data(_, chunk) {
        bytes = Buffer.concat([bytes, chunk])
        try {
          const frame = joinResponse(bytes)
          if (frame) joined.resolve(frame)
        } catch (error) {
          joined.reject(error)
        }
      },
      close: () => joined.reject(new Error('closed before the JoinResponse')),
      error: (_, error) => joined.reject(error),
    },
    // Bun has it, its types lack it.
  } as Bun.TCPSocketConnectOptions)
  const timer = setTimeout(() => joined.reject(new Error('no JoinResponse')), TIMEOUT_MS)
  const { message } = SignalResponse.fromBinary(await joined.promise)
  clearTimeout(timer)
  if (message.case !== 'join') throw new Error(`${message.case} came instead of a JoinResponse`)
  const server = message.value.iceServers.find(({ urls }) =>
    urls.some((url) => url.startsWith('turns:')),
  )
  if (!server) throw new Error('the JoinResponse offers no TURN server')
  const { username, credential } = server
  return { username, credential, leave: () => socket.end() }
}
