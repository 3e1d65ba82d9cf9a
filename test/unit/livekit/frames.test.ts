import { describe, expect, test } from 'bun:test'
import {
  AddTrackRequest,
  JoinResponse,
  ParticipantInfo,
  ParticipantUpdate,
  Room,
  RoomMovedResponse,
  SignalRequest,
  SignalResponse,
  SimulateScenario,
} from '@livekit/protocol'
import {
  FrameError,
  isSimulation,
  joinedSid,
  swapRefreshToken,
} from '../../../src/livekit/frames.ts'

const ours = 'ours.our-token.signature'
const swap = (token: string): string => (token === 'theirs' ? ours : `${ours}+${token.length}`)
const never = (): string => {
  throw new Error('there was no token to swap')
}

const binary = (message: SignalResponse['message']): Uint8Array =>
  new SignalResponse({ message }).toBinary()
const text = (message: SignalResponse['message']): string =>
  new SignalResponse({ message }).toJsonString()

const join = new JoinResponse({
  room: new Room({ sid: 'RM_1', name: 'acme__open', metadata: '"refreshToken"' }),
  participant: new ParticipantInfo({
    sid: 'PA_ann',
    identity: 'ann',
    attributes: { refreshToken: 'theirs' },
  }),
  otherParticipants: [new ParticipantInfo({ sid: 'PA_bob', identity: 'bob' })],
  serverVersion: '1.13.5',
})

const ordinary: SignalResponse['message'][] = [
  { case: 'join', value: join },
  {
    case: 'update',
    value: new ParticipantUpdate({ participants: [new ParticipantInfo({ sid: 'PA_1' })] }),
  },
  { case: 'pong', value: BigInt(Date.now()) },
  { case: undefined },
]

describe("LiveKit's refresh token", () => {
  test.each([0, 1, 127, 128, 129, 16_383, 16_384, 70_000])(
    'is swapped for ours in a binary frame, at %p bytes',
    (length) => {
      const frame = binary({ case: 'refreshToken', value: 'x'.repeat(length) })
      const seen = SignalResponse.fromBinary(swapRefreshToken(frame, swap) as Uint8Array)
      expect(seen.message).toEqual({ case: 'refreshToken', value: `${ours}+${length}` })
    },
  )

  test.each([0, 1, 127, 128, 16_384])(
    'may be swapped for one of another length: %p bytes',
    (length) => {
      const frame = binary({ case: 'refreshToken', value: 'theirs' })
      const seen = SignalResponse.fromBinary(
        swapRefreshToken(frame, () => 'y'.repeat(length)) as Uint8Array,
      )
      expect(seen.message).toEqual({ case: 'refreshToken', value: 'y'.repeat(length) })
    },
  )

  test('is swapped in a JSON frame, in both spellings of its name', () => {
    for (const frame of [
      text({ case: 'refreshToken', value: 'theirs' }),
      '{ "refresh_token" : "theirs" }',
    ]) {
      const seen = swapRefreshToken(frame, swap)
      expect(seen).not.toContain('theirs')
      expect(SignalResponse.fromJsonString(seen as string).message).toEqual({
        case: 'refreshToken',
        value: ours,
      })
    }
  })

  test('that cannot be swapped closes the connection instead of reaching the client', () => {
    const frame = binary({ case: 'refreshToken', value: 'theirs' })
    const broken = () => {
      throw new Error('no longer valid')
    }
    expect(() => swapRefreshToken(frame, broken)).toThrow('no longer valid')
    expect(() =>
      swapRefreshToken(text({ case: 'refreshToken', value: 'theirs' }), broken),
    ).toThrow()
  })

  test.each([
    ['cut short', (frame: Uint8Array) => frame.subarray(0, -1)],
    ['with a tail', (frame: Uint8Array) => Buffer.concat([frame, Buffer.of(0x0a, 0)])],
    ['without a length', (frame: Uint8Array) => frame.subarray(0, 2)],
    ['with an endless length', () => Buffer.from([0x82, 0x01, ...Array(20).fill(0xff)])],
  ])('in a frame %s is an error, never passed on', (_, change) => {
    const frame = change(binary({ case: 'refreshToken', value: 'theirs' }))
    expect(() => swapRefreshToken(frame, swap)).toThrow(FrameError)
  })
})

describe('every other frame', () => {
  test('is passed on as the very same object', () => {
    for (const message of ordinary) {
      const frame = binary(message)
      expect(swapRefreshToken(frame, never)).toBe(frame)
    }
    const empty = new Uint8Array()
    expect(swapRefreshToken(empty, never)).toBe(empty)
  })

  test('says the same in JSON, also when people write "refreshToken" into their own data', () => {
    for (const message of ordinary) {
      const frame = text(message)
      expect(JSON.parse(swapRefreshToken(frame, never) as string)).toEqual(JSON.parse(frame))
    }
  })

  test('that moves the client to another room holds a token, too, and is refused', () => {
    const moved = { case: 'roomMoved', value: new RoomMovedResponse({ token: 'theirs' }) } as const
    expect(() => swapRefreshToken(binary(moved), swap)).toThrow(FrameError)
    expect(() => swapRefreshToken(text(moved), swap)).toThrow(FrameError)
  })
})

describe('the sid of a stay', () => {
  test('is read from a JoinResponse, binary or JSON, and from nothing else', () => {
    expect(joinedSid(binary({ case: 'join', value: join }))).toBe('PA_ann')
    expect(joinedSid(text({ case: 'join', value: join }))).toBe('PA_ann')
    for (const message of ordinary.slice(1)) {
      expect(joinedSid(binary(message))).toBeNull()
      expect(joinedSid(text(message))).toBeNull()
    }
    expect(joinedSid('{"join":')).toBeNull()
  })
})

describe('a request to fake events for the room', () => {
  const speak = new SignalRequest({
    message: {
      case: 'simulate',
      value: new SimulateScenario({ scenario: { case: 'speakerUpdate', value: 3 } }),
    },
  })
  const plain = speak.toBinary()
  const ping = new SignalRequest({ message: { case: 'ping', value: 1n } }).toBinary()

  const spellings: [string, Uint8Array | string][] = [
    ['binary', plain],
    ['binary, behind an unknown field', Buffer.concat([Buffer.of(0xf8, 0x7f, 0x01), plain])],
    ['binary, behind another request, of which the last one counts', Buffer.concat([ping, plain])],
    [
      'binary, with its tag spelled in two bytes',
      Buffer.concat([Buffer.of(0xea, 0x00), plain.subarray(1)]),
    ],
    ['JSON', speak.toJsonString()],
    [
      'JSON, spaced',
      `\n { "simulate" : ${JSON.stringify((speak.toJson() as { simulate: object }).simulate)}}`,
    ],
    ['JSON, behind a field that is null', '{"ping":null,"simulate":{"speakerUpdate":3}}'],
    ['JSON, with its name escaped', '{"\\u0073imulate":{"speakerUpdate":3}}'],
  ]

  test.each(spellings)(
    'is recognized in every spelling that livekit-server reads: %s',
    (_, frame) => {
      // First that this is a spelling at all: the reference decoder takes it for what it is.
      const read =
        typeof frame === 'string'
          ? SignalRequest.fromJsonString(frame)
          : SignalRequest.fromBinary(frame)
      expect(read.message.case).toBe('simulate')
      expect(isSimulation(frame)).toBe(true)
    },
  )

  test('is told from requests that people need, whatever those contain', () => {
    const needed: SignalRequest[] = [
      new SignalRequest({ message: { case: 'ping', value: 13n } }),
      new SignalRequest({
        message: {
          case: 'addTrack',
          value: new AddTrackRequest({ cid: 'simulate', name: '"simulate"' }),
        },
      }),
      new SignalRequest({
        message: {
          case: 'updateMetadata',
          value: {
            metadata: Buffer.from(plain).toString('latin1'),
            name: '{"simulate":1}',
          } as never,
        },
      }),
    ]
    for (const request of needed) {
      expect(isSimulation(request.toBinary())).toBe(false)
      expect(isSimulation(request.toJsonString())).toBe(false)
    }
    expect(isSimulation(new Uint8Array())).toBe(false)
    expect(isSimulation('')).toBe(false)
  })
})

test('20,000 mutated and truncated frames are passed on, swapped or refused, and never hold up anybody', () => {
  let state = 1
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const seeds = [...ordinary, { case: 'refreshToken', value: 'theirs'.repeat(50) } as const].map(
    binary,
  )
  const started = performance.now()
  for (let round = 0; round < 20_000; round++) {
    let frame = Uint8Array.from(seeds[random(seeds.length)] as Uint8Array)
    for (let change = random(4); change > 0 && frame.length > 0; change--)
      frame[random(frame.length)] = random(256)
    if (random(3) === 0) frame = frame.subarray(0, random(frame.length + 1))
    let seen: unknown = null
    try {
      seen = swapRefreshToken(frame, swap)
    } catch (error) {
      expect(error).toBeInstanceOf(FrameError)
    }
    // What starts as a refresh token is never let through unchanged.
    if (frame[0] === 0x82 && frame[1] === 0x01) expect(seen).not.toBe(frame)
    expect(() => joinedSid(frame)).not.toThrow()
    expect(() => isSimulation(frame)).not.toThrow()
  }
  expect(performance.now() - started).toBeLessThan(5000)
})
