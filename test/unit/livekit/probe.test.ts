import { expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import {
  ICEServer,
  JoinResponse,
  LeaveRequest,
  ParticipantInfo,
  Room,
  SessionDescription,
  SignalRequest,
  SignalResponse,
  SignalTarget,
  TrickleRequest,
} from '@livekit/protocol'
import { encode, parse, STUN } from '../../../src/lib/stun.ts'
import { askOverTcp, askOverUdp } from '../../../src/livekit/probe/ice.ts'
import { answerRequest, leaveRequest, readResponse } from '../../../src/livekit/probe/messages.ts'
import {
  answerTo,
  candidatesIn,
  credentialsIn,
  readCandidate,
} from '../../../src/livekit/probe/sdp.ts'

const told = (message: SignalResponse['message']) =>
  readResponse(new SignalResponse({ message }).toBinary())

test('the servers for STUN and TURN are read from a JoinResponse, all of them', () => {
  const iceServers = [
    new ICEServer({
      urls: ['turns:a.example:443?transport=tcp', 'turn:a.example:3478'],
      username: 'ann',
      credential: 'pässword',
    }),
    new ICEServer({ urls: ['stun:192.0.2.1:3478'] }),
  ]
  const value = new JoinResponse({
    room: new Room({ sid: 'RM_1', name: 'acme__open' }),
    participant: new ParticipantInfo({ sid: 'PA_1', identity: 'ann' }),
    iceServers,
    serverVersion: '1.13.5',
  })
  expect(told({ case: 'join', value })).toEqual({
    iceServers: [
      {
        urls: ['turns:a.example:443?transport=tcp', 'turn:a.example:3478'],
        username: 'ann',
        credential: 'pässword',
      },
      { urls: ['stun:192.0.2.1:3478'], username: '', credential: '' },
    ],
  })
})

test('offer, candidate and leave are told apart, and all else is passed over', () => {
  const offer = new SessionDescription({ type: 'offer', sdp: 'v=0\r\n' })
  expect(told({ case: 'offer', value: offer })).toEqual({ offer: 'v=0\r\n' })
  const trickle = new TrickleRequest({
    candidateInit: JSON.stringify({ candidate: 'candidate:1' }),
    target: SignalTarget.SUBSCRIBER,
  })
  for (const isLast of [false, true]) {
    trickle.final = isLast
    expect(told({ case: 'trickle', value: trickle })).toEqual({ candidate: 'candidate:1', isLast })
  }
  expect(told({ case: 'leave', value: new LeaveRequest() })).toEqual({ left: true })
  expect(told({ case: 'refreshToken', value: 'secret' })).toBeNull()
  expect(() => readResponse(Buffer.from([0x0a, 0x7f, 0x01]))).not.toThrow()
})

test('what is sent is what livekit-server reads', () => {
  const { message } = SignalRequest.fromBinary(answerRequest('v=0\r\n'.repeat(100)))
  expect(message).toMatchObject({
    case: 'answer',
    value: { type: 'answer', sdp: 'v=0\r\n'.repeat(100) },
  })
  expect(SignalRequest.fromBinary(leaveRequest()).message.case).toBe('leave')
})

const OFFER = [
  'v=0',
  'o=- 1 2 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=setup:actpass',
  'a=mid:0',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:their-password',
  'a=candidate:1 1 udp 2130706431 203.0.113.7 7882 typ host',
  'a=candidate:2 1 tcp 1671430143 203.0.113.7 7881 typ host tcptype passive',
  'a=candidate:3 1 tcp 1671430143 203.0.113.7 9 typ host tcptype active',
  '',
].join('\r\n')

test('the offer is read: credentials, and every address that takes media', () => {
  expect(credentialsIn(OFFER)).toEqual({ ufrag: 'theirs', pwd: 'their-password' })
  expect(candidatesIn(OFFER)).toEqual([
    { transport: 'udp', address: '203.0.113.7', port: 7882, type: 'host' },
    { transport: 'tcp', address: '203.0.113.7', port: 7881, type: 'host' },
  ])
  expect(readCandidate('')).toBeNull()
  expect(readCandidate('candidate:1 1 udp 1 2001:db8::7 7882 typ srflx')).toMatchObject({
    address: '2001:db8::7',
    type: 'srflx',
  })
  expect(() => credentialsIn('v=0')).toThrow('no ICE credentials')
})

test('the answer takes what was offered, with our own credentials', () => {
  const answer = answerTo(OFFER, { ufrag: 'ours', pwd: 'our-password' })
  expect(credentialsIn(answer)).toEqual({ ufrag: 'ours', pwd: 'our-password' })
  for (const line of [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=mid:0',
    'a=setup:active',
  ])
    expect(answer.split('\r\n')).toContain(line)
  expect(answer).not.toContain('theirs')
})

const SESSION = {
  local: { ufrag: 'ours', pwd: 'our-password' },
  remote: { ufrag: 'theirs', pwd: 'their-password' },
}

/** Answers connectivity checks, signed with a key of its own choosing. */
const signedAnswer = (packet: Buffer, key: string): Buffer => {
  const request = parse(packet)
  if (!request) throw new Error('not a STUN message')
  const { transaction } = request
  return encode({ type: STUN.bindingSuccess, transaction, attributes: [] }, { key })
}

const udpPeer = async (key: string) => {
  const socket = createSocket('udp4')
  socket.on('message', (packet, { port, address }) =>
    socket.send(signedAnswer(packet, key), port, address),
  )
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  const candidate = {
    transport: 'udp' as const,
    address: '127.0.0.1',
    port: socket.address().port,
    type: 'host',
  }
  return { candidate, [Symbol.dispose]: () => socket.close() }
}

test('an answer over UDP counts when the other side of the call has signed it, and only then', async () => {
  using right = await udpPeer('their-password')
  expect((await askOverUdp(SESSION, right.candidate, 2000)).ms).toBeGreaterThan(0)
  using wrong = await udpPeer('somebody-else')
  expect(askOverUdp(SESSION, wrong.candidate, 300)).rejects.toThrow('no answer within 0.3 seconds')
})

test('an answer over TCP is found in whatever pieces it comes', async () => {
  const server = createServer((socket) =>
    socket.once('data', (bytes: Buffer) => {
      const packet = signedAnswer(bytes.subarray(2), 'their-password')
      const framed = Buffer.concat([Buffer.from([0, packet.length]), packet])
      const noise = Buffer.from([0, 3, 1, 2, 3])
      for (const byte of Buffer.concat([noise, framed])) socket.write(Buffer.from([byte]))
    }),
  )
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  const { port } = server.address() as AddressInfo
  const candidate = { transport: 'tcp' as const, address: '127.0.0.1', port, type: 'host' }
  expect((await askOverTcp(SESSION, candidate, 2000)).ms).toBeGreaterThan(0)
  server.close()
  expect(askOverTcp(SESSION, { ...candidate, port: 9 }, 2000)).rejects.toThrow('was refused')
})
