import type { Place, Way } from './one-way.ts'
import { beginSession, type NoSession } from './session.ts'
import { type Session, type Trial, tryWay } from './trial.ts'

/** How one part of the way to the server is. */
export type State = 'waiting' | 'running' | 'ok' | 'failed' | 'not-offered' | 'unknown'

export interface Line {
  state: State
  roundTripMs: number | null
}

export type Part = 'socket' | Way

export interface Network {
  lines: Record<Part, Line>
  /** why nothing could be checked */
  trouble: NoSession | 'unsupported' | null
  /** where media goes at this server, for those who open firewalls */
  places: Place[]
  turnUrls: string[]
  over: boolean
}

const WAITING: Line = { state: 'waiting', roundTripMs: null }

const FRESH: Network = {
  lines: { socket: WAITING, udp: WAITING, tcp: WAITING, turn: WAITING },
  trouble: null,
  places: [],
  turnUrls: [],
  over: false,
}

/** Tries each part of the way to the server, one after the other: they share one seat. */
export class Checkup {
  #state: Network = FRESH
  readonly #watchers = new Set<() => void>()

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  readonly snapshot = (): Network => this.#state

  async run(): Promise<void> {
    this.#line('socket', 'running')
    try {
      const session = supported() ? await beginSession() : 'unsupported'
      if (typeof session === 'string') this.#stop(session)
      else await this.#tryAll(session)
    } catch {
      // Extensions that forbid calls leave something in the place of RTCPeerConnection that fails.
      this.#stop('unsupported')
    }
    this.#put({ over: true })
  }

  async #tryAll(session: Session): Promise<void> {
    const first = await this.#try(session, 'udp')
    if (first.refused) return this.#stop('full')
    this.#line('socket', first.signaled ? 'ok' : 'failed')
    if (!first.signaled) {
      for (const way of ['udp', 'tcp', 'turn'] as const) this.#line(way, 'unknown')
      return
    }
    this.#settle(
      'udp',
      first,
      first.offered.some(({ protocol }) => protocol === 'udp'),
    )
    const second = await this.#try(session, 'tcp')
    this.#settle(
      'tcp',
      second,
      second.offered.some(({ protocol }) => protocol === 'tcp'),
    )
    if (first.turnUrls.length === 0) return this.#line('turn', 'not-offered')
    this.#settle('turn', await this.#try(session, 'turn'), true)
  }

  async #try(session: Session, way: Way): Promise<Trial> {
    if (this.#state.lines.socket.state === 'ok') this.#line(way, 'running')
    const trial = await tryWay(session, way)
    const known = new Map(
      [...this.#state.places, ...trial.offered].map((place) => [JSON.stringify(place), place]),
    )
    this.#put({
      places: [...known.values()],
      turnUrls: trial.turnUrls.length > 0 ? trial.turnUrls : this.#state.turnUrls,
    })
    return trial
  }

  #settle(way: Way, { connected, signaled, roundTripMs }: Trial, isOffered: boolean): void {
    if (connected) this.#line(way, 'ok', roundTripMs)
    else if (!signaled) this.#line(way, 'unknown')
    else this.#line(way, isOffered ? 'failed' : 'not-offered')
  }

  #stop(trouble: Network['trouble']): void {
    const unknown: Line = { state: 'unknown', roundTripMs: null }
    this.#put({ trouble, lines: { socket: unknown, udp: unknown, tcp: unknown, turn: unknown } })
  }

  #line(part: Part, state: State, roundTripMs: number | null = null): void {
    this.#put({ lines: { ...this.#state.lines, [part]: { state, roundTripMs } } })
  }

  #put(change: Partial<Network>): void {
    this.#state = { ...this.#state, ...change }
    for (const watcher of this.#watchers) watcher()
  }
}

const supported = (): boolean =>
  typeof RTCPeerConnection === 'function' && typeof WebSocket === 'function'
