import type { Problem } from '../call/preview.ts'
import type { Line, Part } from './checkup.ts'

/** What each part of the way is, for people. */
export const PARTS: Record<Part, { title: string; about: string }> = {
  socket: { title: 'Server', about: 'Finding and joining a call (WebSocket)' },
  udp: { title: 'Direct way', about: 'The fastest way for picture and sound (UDP)' },
  tcp: { title: 'Second way', about: 'For networks that block the first (TCP)' },
  turn: { title: 'Last resort', about: 'Looks like a web page to firewalls (TURN)' },
}

/** How a part is, in a few words. */
export const lineWords = ({ state, roundTripMs }: Line): string => {
  switch (state) {
    case 'ok':
      return roundTripMs === null ? 'Works' : `Works · ${Math.max(1, roundTripMs)} ms`
    case 'failed':
      return 'Blocked'
    case 'not-offered':
      return 'Not offered here'
    case 'running':
      return 'Checking…'
    case 'waiting':
      return 'Waiting'
    case 'unknown':
      return 'Not checked'
  }
}

type Browser = 'chrome' | 'firefox' | 'safari' | 'ios'

/** Every browser on iOS is Safari underneath, and its permissions are Safari's. */
export const browserOf = (userAgent: string): Browser => {
  if (/iPhone|iPad/.test(userAgent)) return 'ios'
  if (userAgent.includes('Firefox/')) return 'firefox'
  return /Chrome\/|Chromium\//.test(userAgent) ? 'chrome' : 'safari'
}

const ALLOW: Record<Browser, string> = {
  chrome: 'Click the symbol left of the address, switch the {device} on, then try again.',
  firefox: 'Click the crossed-out {device} left of the address, remove the block, then try again.',
  safari: 'Choose Safari > Settings for This Website and allow the {device}, then try again.',
  ios: 'Tap the symbol beside the address, choose Website Settings and allow the {device}, then try again.',
}

const ASKED: Record<Browser, string> = {
  chrome: 'Your browser asks below the address bar: choose Allow.',
  firefox: 'Your browser asks below the address bar: choose Allow.',
  safari: 'Your browser asks in the middle of the window: choose Allow.',
  ios: 'Your phone asks on the screen: tap Allow.',
}

/** What to do while the browser waits for an answer. */
export const askedWords = (userAgent: string): string => ASKED[browserOf(userAgent)]

/** What is wrong with a device, and what to do about it. */
export const problemWords = (problem: Problem, device: string, userAgent: string): string => {
  switch (problem) {
    case 'blocked':
      return `Your browser blocks the ${device}. ${ALLOW[browserOf(userAgent)].replace('{device}', device)}`
    case 'missing':
      return `No ${device} was found. Plug one in, then try again.`
    case 'busy':
      return `Another program uses the ${device}. Close it, then try again.`
    case 'insecure':
      return `The ${device} works on pages opened over https only.`
    case 'failed':
      return `The ${device} could not be started. Unplug it or restart the browser, then try again.`
  }
}
