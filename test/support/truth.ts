import type { LivekitParticipant, LivekitTrack } from '../../src/livekit/people.ts'
import type { WebhookEvent } from '../../src/livekit/webhook.ts'
import type { TestApi } from './api.ts'

interface Person {
  identity: string
  sid: string
  joinedAt: number
}

/** What livekit-server would report and list of one room. */
export class Teller {
  readonly #api: TestApi
  readonly room: { name: string; sid: string }
  /** whom it lists, by sid */
  readonly listed = new Map<string, LivekitParticipant>()

  constructor(api: TestApi, name: string, sid: string) {
    this.#api = api
    this.room = { name, sid }
  }

  /** Somebody's media is up. Not reported yet. */
  enters(identity: string, sid = `PA_${identity}`): Person {
    const joinedAt = this.#api.now
    this.listed.set(sid, {
      ...{ identity, sid, name: `${identity}!`, state: 'ACTIVE', joinedAtMs: joinedAt },
      tracks: [],
    })
    return { identity, sid, joinedAt }
  }

  /** Somebody is gone. Not reported yet. */
  leaves({ sid }: Person): void {
    this.listed.delete(sid)
  }

  publishes({ sid }: Person, track: Partial<LivekitTrack> = {}): void {
    this.listed.get(sid)?.tracks.push({
      ...{ sid: 'TR_1', kind: 'audio', source: 'microphone', muted: false },
      ...{ simulcast: false, width: 0, height: 0 },
      ...track,
    })
  }

  unmutes({ sid }: Person): void {
    for (const track of this.listed.get(sid)?.tracks ?? []) track.muted = false
  }

  joined(person: Person): Promise<void> {
    return this.#report('participant_joined', person)
  }

  left(person: Person, disconnectReason = 'CLIENT_INITIATED'): Promise<void> {
    return this.#report('participant_left', person, { disconnectReason })
  }

  aborted(person: Person): Promise<void> {
    return this.#report('participant_connection_aborted', person)
  }

  track(what: 'track_published' | 'track_unpublished', person: Person, sid = 'TR_1') {
    const track = { sid, type: 'AUDIO', source: 'MICROPHONE' }
    return this.#report(what, person, {}, { track })
  }

  finished(): Promise<void> {
    return this.#api.recorder.report({
      event: 'room_finished',
      createdAt: Math.floor(this.#api.now / 1000),
      room: this.room,
    })
  }

  /** livekit-server lists this room. */
  swept(): Promise<void> {
    const { name: livekitName, sid } = this.room
    const rooms = [{ livekitName, sid, people: [...this.listed.values()] }]
    return this.#api.recorder.swept({ askedAt: this.#api.now, rooms })
  }

  #report(
    event: string,
    { identity, sid, joinedAt }: Person,
    more: { disconnectReason?: string } = {},
    rest: Pick<WebhookEvent, 'track'> = {},
  ): Promise<void> {
    return this.#api.recorder.report({
      ...{ event, createdAt: Math.floor(this.#api.now / 1000), room: this.room },
      participant: {
        ...{ identity, sid, name: `${identity}!`, joinedAtMs: joinedAt },
        disconnectReason: more.disconnectReason ?? 'UNKNOWN_REASON',
      },
      ...rest,
    })
  }
}
