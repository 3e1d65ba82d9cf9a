import type { Config } from '../../config/schema.ts'
import type { Listener } from '../../lib/sockets.ts'
import type { Addresses } from '../../livekit/addresses.ts'
import type { Invitation } from '../../livekit/probe/self-call.ts'
import type { Door } from './door.ts'
import type { OwnProcesses } from './own-processes.ts'

/** The machine and the server that are looked at. */
export interface Subject {
  config: Config
  /** origin that people and SDKs use */
  publicUrl: string
  addresses: Addresses
  door: Door
  /** taken by whoever started the examination: root sees the holders of all */
  listeners: Listener[]
  /** null while none answers */
  server: RunningServer | null
  /** why a server that is there does not answer; null when it does, or when there is none */
  silence: string | null
  processes: OwnProcesses
}

/** What a running server says of itself, and does for us. */
export interface RunningServer {
  livekit: {
    pid: number | null
    version: string
    state: string
    restart_needed: boolean
    last_lines: string[]
  }
  certificate: { last_error: string | null; next_attempt: string | null } | null
  /** Lets us into a call of our own. */
  beginCheck(): Promise<Invitation>
}
