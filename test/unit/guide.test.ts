import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderGuide } from '../../src/http/guide.ts'
import { SAMPLES } from '../../src/http/guide-samples.ts'
import { API_TROUBLES, GATE_TROUBLES } from '../../src/http/guide-troubles.ts'

const source = (path: string): string =>
  readFileSync(join(import.meta.dir, '../../src', path), 'utf8')

const facts = {
  publicUrl: 'https://live.example.com',
  wsUrl: 'wss://live.example.com',
  operatorContact: null,
}

/** The members of a union of texts, as its source has them. */
const membersOf = (path: string, union: string): string[] => {
  const text = source(path)
  const from = text.slice(text.indexOf(`export type ${union} =`))
  return [...from.slice(0, from.indexOf('\n\n')).matchAll(/\| '([a-z_]+)'/g)].map(
    ([, code]) => code as string,
  )
}

test('the troubleshooting table has every code of the join gate, and of the API only real ones', () => {
  const gate = membersOf('domain/refusal.ts', 'RefusalCode')
  const api = membersOf('domain/errors.ts', 'ErrorCode')
  expect(gate.length).toBeGreaterThan(10)
  expect(Object.keys(GATE_TROUBLES).sort()).toEqual(gate.sort())
  expect(Object.keys(API_TROUBLES).filter((code) => !api.includes(code))).toEqual([])
})

test('the page leaves no placeholder unfilled, shows every sample, and fails on an unknown one', () => {
  const html = renderGuide(source('web/guide/index.html'), facts)
  expect(html).not.toMatch(/\{\{[a-z_:-]+\}\}/)
  expect(html).toContain('https://live.example.com/api/v1/rooms')
  for (const name of Object.keys(SAMPLES)) expect(html).toContain(`id="sample-${name}"`)
  expect(() => renderGuide('{{sample:cobol}}', facts)).toThrow('the guide has no sample:cobol')
  expect(() => renderGuide('{{constructor}}', facts)).toThrow()
})

describe('whom to ask', () => {
  const ask = (operatorContact: string | null) =>
    renderGuide('{{contact}}', { ...facts, operatorContact })

  test('an address and a link can be clicked, other text is shown as it is', () => {
    expect(ask('ops@example.com')).toBe('<a href="mailto:ops@example.com">ops@example.com</a>')
    expect(ask('https://help.example.com/?a=1&b=2')).toStartWith(
      '<a href="https://help.example.com/?a=1&amp;b=2"',
    )
    expect(ask('Ann, room 5')).toBe('Ann, room 5')
    expect(ask(null)).toContain('who gave you')
  })

  test('markup stays text, and a link of another kind is none', () => {
    expect(ask('<img src=x onerror=alert(1)>')).toBe('&lt;img src=x onerror=alert(1)&gt;')
    expect(ask('javascript:alert(1)')).toBe('javascript:alert(1)')
    expect(ask('https://x/"onclick="alert(1)')).not.toContain('"onclick')
    expect(ask('{{ws_url}}')).toBe('{{ws_url}}')
  })
})

interface Names {
  /** Names of the SDK that were found in its published documentation or sources. */
  sdk: string
  /** The language, the platform, and what the sample itself introduces. */
  other: string
}

const MOBILE: Record<string, Names> = {
  // github.com/livekit/client-sdk-swift: README, Room, RoomDelegate, LocalParticipant, Participant,
  // SwiftUIVideoView
  ios: {
    sdk: `LiveKit Room RoomDelegate RemoteParticipant RemoteTrackPublication VideoTrack
      SwiftUIVideoView layoutMode fit connect url token disconnect delegate localParticipant setCamera
      setMicrophone enabled remoteParticipants videoTracks track room participant didSubscribeTrack
      didUnsubscribeTrack publication`,
    other: `Array CallModel CallView Decodable ForEach Join MainActor ObservableObject Published
      StateObject String SwiftUI Task Text VStack View _ as async await body call catch class
      compactMap do enumerated error final flatMap func id import in join lazy leave let
      localizedDescription nonisolated notice offset person private refresh self some start struct
      task tracks true try values var ws_url`,
  },
  // github.com/livekit/client-sdk-android: README, Room, RoomEvent, TextureViewRenderer
  android: {
    sdk: `io livekit android LiveKit create connect disconnect events collect RoomEvent
      TrackSubscribed track VideoTrack addRenderer renderer TextureViewRenderer initVideoRenderer Room
      room localParticipant setCameraEnabled setMicrophoneEnabled`,
    other: `AppCompatActivity Bundle CallActivity Exception LENGTH_LONG R Toast activity_call androidx
      app appcompat applicationContext as catch class coroutines error event findViewById fun
      getStringExtra id if import intent is kotlinx lateinit launch layout lifecycle lifecycleScope
      makeText message onCreate onDestroy os override private savedInstanceState setContentView show
      super this token true try val var widget wsUrl`,
  },
  // github.com/livekit/client-sdk-react-native: README, hooks.ts, LiveKitRoom.tsx
  'react-native': {
    sdk: `AudioSession startAudioSession stopAudioSession LiveKitRoom serverUrl token connect audio
      video onError onDisconnected useTracks Track Source Camera VideoTrack trackRef isTrackReference
      participant identity`,
    other: `Call FlatList People Text View const data error export from function height if import item
      join keyExtractor message notice renderItem return setNotice style track tracks useEffect
      useState ws_url`,
  },
  // github.com/livekit/client-sdk-flutter: README, events.dart, room.dart
  flutter: {
    sdk: `Room RoomOptions roomOptions adaptiveStream dynacast connect disconnect dispose
      createListener EventsListener RoomEvent on TrackSubscribedEvent TrackUnsubscribedEvent
      RoomDisconnectedEvent track VideoTrack VideoTrackRenderer localParticipant setCameraEnabled
      setMicrophoneEnabled`,
    other: `BuildContext Call Column Expanded Future State StatefulWidget String Text Widget _
      _CallState add as async await build catch child children class const context createState error
      event events extends final for if import in initState is join key late mounted notice override
      remove required room say setState super text this token tracks true try void widget wsUrl`,
  },
}

const wordsOf = (text: string): string[] => text.split(/\s+/)

/** What is named in a sample, without its comments and texts. */
const identifiersOf = (sample: string): string[] => {
  const code = sample.replace(/\/\/.*$|\/\*\*.*?\*\/|"[^"]*"|'[^']*'/gm, '')
  return [...new Set(code.match(/[A-Za-z_]\w*/g))].sort()
}

describe('a mobile sample names only what its SDK documents', () => {
  for (const [name, { sdk, other }] of Object.entries(MOBILE)) {
    test(name, () => {
      const known = [...new Set([...wordsOf(sdk), ...wordsOf(other)])].sort()
      expect(identifiersOf(SAMPLES[name] ?? '')).toEqual(known)
    })
  }
})
