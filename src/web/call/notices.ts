import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client'

/** A screen that stands in for the call: what happened, and what one can do about it. */
export interface Notice {
  tone: 'link' | 'over' | 'warning' | 'danger'
  title: string
  text: string
  /** Label of the button that goes back to the lobby with the same link; null when that is no use. */
  again: string | null
  /** A check of the connection may find out why. */
  mayCheck?: true
}

export const NO_LINK: Notice = {
  tone: 'link',
  title: 'Open your call link',
  text: 'This page joins a call from a personal link. Use the link you were given; it holds your access.',
  again: null,
}

export const RELOADED: Notice = {
  tone: 'link',
  title: 'Open your link again',
  text: 'This page was reloaded. For your safety the access in your link is never stored, so please open the link once more.',
  again: null,
}

export const BROKEN_LINK: Notice = {
  tone: 'warning',
  title: 'This link is incomplete',
  text: 'Part of it seems to be missing. Copy the whole link and open it again, or ask for a new one.',
  again: null,
}

export const CRASHED: Notice = {
  tone: 'danger',
  title: 'Something went wrong here',
  text: 'This page stopped working. Open your link again to get back into the call.',
  again: null,
}

const UNREACHABLE: Notice = {
  tone: 'warning',
  title: 'The call server did not answer',
  text: 'Check your internet connection and try again in a moment.',
  again: 'Try again',
  mayCheck: true,
}

const REFUSAL_TITLES: Record<string, string> = {
  token_missing: 'This link is incomplete',
  token_invalid: 'This link is not valid',
  token_expired: 'This link has expired',
  token_not_yet_valid: 'This link is not valid yet',
  token_revoked: 'This link no longer works',
  tenant_deactivated: 'Calls are not available',
  room_not_found: 'This call does not exist',
  room_locked: 'This call is locked',
  room_not_open: 'This call has not opened yet',
  room_closed: 'This call has closed',
  room_full: 'This call is full',
  tenant_full: 'There is no free seat right now',
  identity_banned: 'You cannot join this call',
  minutes_exhausted: 'Calls are not available',
  duplicate_identity: 'You are already in this call',
}

/** Refusals that the same link can outlive. */
const PASSING =
  /^(token_not_yet_valid|room_(locked|not_open|full|not_found)|tenant_full|duplicate_identity)$/

/** The server refuses with `<code>: <sentence>`; the sentence is shown as it is. */
export const refused = (body: string): Notice => {
  const [, code = '', sentence = body] = /^([a-z][a-z_]*): (.*)$/s.exec(body.trim()) ?? []
  return {
    tone: 'warning',
    title: REFUSAL_TITLES[code] ?? 'You cannot join this call',
    text: sentence.trim().slice(0, 500) || 'The server did not say why. Ask for a new link.',
    again: code === '' || PASSING.test(code) ? 'Try again' : null,
  }
}

/** Why a join failed. */
export const joinFailed = (error: unknown): Notice => {
  if (!(error instanceof ConnectionError)) return UNREACHABLE
  if (error.reason === ConnectionErrorReason.NotAllowed) return refused(error.message)
  if (error.reason === ConnectionErrorReason.LeaveRequest)
    return left(error.context as DisconnectReason)
  return UNREACHABLE
}

const LEFT: Partial<Record<DisconnectReason, Notice>> = {
  [DisconnectReason.CLIENT_INITIATED]: {
    tone: 'over',
    title: 'You left the call',
    text: 'You can come back as long as this page is open.',
    again: 'Rejoin',
  },
  [DisconnectReason.DUPLICATE_IDENTITY]: {
    tone: 'warning',
    title: 'You joined from somewhere else',
    text: 'The same link was opened in another tab or on another device, and the call moved there.',
    again: 'Use this page instead',
  },
  [DisconnectReason.SERVER_SHUTDOWN]: {
    tone: 'warning',
    title: 'The call server was stopped',
    text: 'Whoever runs this server shut it down. Try again once it is back.',
    again: 'Rejoin',
  },
  [DisconnectReason.PARTICIPANT_REMOVED]: {
    tone: 'warning',
    title: 'You were removed from the call',
    text: 'A host of this call took you out of it.',
    again: 'Rejoin',
  },
  [DisconnectReason.ROOM_DELETED]: {
    tone: 'over',
    title: 'The call has ended',
    text: 'A host ended it for everyone.',
    again: null,
  },
  [DisconnectReason.ROOM_CLOSED]: {
    tone: 'over',
    title: 'The call has ended',
    text: 'Everyone has left.',
    again: 'Rejoin',
  },
  [DisconnectReason.MEDIA_FAILURE]: {
    tone: 'danger',
    title: 'Sound and video could not connect',
    text: 'A firewall or VPN may block the call. Try another network, or switch the VPN off.',
    again: 'Try again',
    mayCheck: true,
  },
}

/** Why a call that ran is over. */
export const left = (reason: DisconnectReason | undefined): Notice =>
  LEFT[reason ?? DisconnectReason.UNKNOWN_REASON] ?? {
    tone: 'danger',
    title: 'The connection was lost',
    text: 'We tried to reconnect and could not. Check your internet connection and join again.',
    again: 'Rejoin',
    mayCheck: true,
  }

/** Whether the client itself does not know why the call ended, so that the server should be asked. */
export const isUnexplained = (reason: DisconnectReason | undefined): boolean =>
  LEFT[reason ?? DisconnectReason.UNKNOWN_REASON] === undefined
