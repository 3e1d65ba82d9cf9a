import type { Logger } from '../lib/log.ts'
import type { LivekitKey } from '../livekit/grants.ts'
import { HOOK_PATH, verifyWebhook, type WebhookEvent } from '../livekit/webhook.ts'
import type { Presence } from './presence.ts'
import type { Recorder } from './recorder.ts'

interface Deps {
  presence: Presence
  recorder: Pick<Recorder, 'report'>
  livekitKey: LivekitKey
  log: Logger
}

/** The ends of a stay; the second is the end of one whose media never came up. */
const ENDS = ['participant_left', 'participant_connection_aborted']

/** Takes in what livekit-server reports about people in calls. */
export class Intake {
  readonly path = HOOK_PATH
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * False when the report is not livekit-server's. Resolves when it is written down, and rejects when
   * it could not be: livekit-server then tries again.
   */
  async receive(body: string, authorization: string | null): Promise<boolean> {
    const event = verifyWebhook(body, authorization, this.#deps.livekitKey)
    if (!event) return false
    const written = this.#deps.recorder.report(event)
    this.#freeSeat(event)
    await written
    return true
  }

  #freeSeat({ event, room, participant }: WebhookEvent): void {
    if (!room || !participant) return
    const { presence, log } = this.#deps
    const { identity, sid } = participant
    log.debug({ type: event, room: room.name, identity }, 'livekit-server reported')
    if (ENDS.includes(event)) presence.left(room.name, identity, sid)
  }
}
