import type { Logger } from '../lib/log.ts'
import type { LivekitKey } from '../livekit/grants.ts'
import { HOOK_EVENTS, HOOK_PATH, verifyWebhook } from '../livekit/webhook.ts'
import type { Presence } from './presence.ts'

interface Deps {
  presence: Presence
  livekitKey: LivekitKey
  log: Logger
}

/** Takes in what livekit-server reports about people in calls. */
export class Intake {
  readonly path = HOOK_PATH
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** False when the report is not livekit-server's. */
  receive(body: string, authorization: string | null): boolean {
    const event = verifyWebhook(body, authorization, this.#deps.livekitKey)
    if (!event) return false
    const { room, participant } = event
    if (room && participant) this.#apply(event.event, room.name, participant)
    return true
  }

  #apply(
    type: string,
    livekitName: string,
    { identity, sid }: { identity: string; sid: string },
  ): void {
    const { presence, log } = this.#deps
    log.debug({ type, room: livekitName, identity }, 'livekit-server reported')
    if (HOOK_EVENTS.includes(type)) presence.left(livekitName, identity, sid)
  }
}
