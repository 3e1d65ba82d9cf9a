import { describe, expect, test } from 'bun:test'
import { roomNameSchema, slugSchema } from '../../../src/domain/names.ts'
import { livekitRoomName, splitLivekitRoomName } from '../../../src/domain/room-names.ts'

const slugs = ['a', 'a-', 'a-b', 'ab', 'b', '0', 'acme', 'acme-x', `a${'-'.repeat(38)}b`].filter(
  (slug) => slugSchema.safeParse(slug).success,
)
const rooms = [
  '_',
  '__',
  '___',
  '_x',
  '__x',
  'x',
  'x__',
  'x__y',
  'a__b',
  'b__x',
  'acme__x',
  '_-',
  '_..',
  'r'.repeat(128),
]

describe("a room's name in LiveKit", () => {
  test.each(slugs)('splits back into %p and the room it was joined from', (slug) => {
    for (const room of rooms) {
      expect(roomNameSchema.safeParse(room).success).toBe(true)
      expect(splitLivekitRoomName(livekitRoomName(slug, room))).toEqual({ slug, room })
    }
  })

  test('never is the same for two tenants, however many underscores a room begins with', () => {
    const joined = slugs.flatMap((slug) => rooms.map((room) => livekitRoomName(slug, room)))
    expect(new Set(joined).size).toBe(slugs.length * rooms.length)
  })

  test('fits into the 256 bytes that livekit-server allows, at the longest', () => {
    expect(Buffer.byteLength(livekitRoomName('s'.repeat(40), 'r'.repeat(128)))).toBeLessThanOrEqual(
      256,
    )
  })

  test.each(['', 'x', '_', 'a_b', '__', '__x', '-'])(
    'is not split when it is not one of ours: %p',
    (name) => {
      expect(splitLivekitRoomName(name)).toBeNull()
    },
  )
})
