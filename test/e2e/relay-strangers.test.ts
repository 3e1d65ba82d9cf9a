import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { CheckPage } from '../support/check-page.ts'
import { launchChromium } from '../support/chromium.ts'
import type { GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { chromiumInLab } from '../support/lab-browsers.ts'
import { ownAuthority, startInLab } from '../support/lab-golive.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(110_000)

const why = await labMissing()

describe.skipIf(why !== null)('TURN', () => {
  let lab: Lab
  let golive: GoLive

  beforeAll(async () => {
    lab = await Lab.create()
    golive = await startInLab(lab, { mode: 'internal', domain: LAB_NAME })
  })

  afterAll(async () => {
    await golive?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  test('does not bring together two strangers who have no call in common', async () => {
    await using browser = await launchChromium(await chromiumInLab(lab, ownAuthority(golive)))
    await using check = await CheckPage.create(browser)
    await check.page.addInitScript(rememberServers)
    await check.start(golive.url)
    expect(await check.verdict()).toBe('Calls will work well')
    await check.page.evaluate(meetThroughRelays)
    const met = () => check.page.evaluate(() => window.strangers)
    const over = async () => (await met()).states.every((state) => /failed|connected/.test(state))
    await until('it is known whether they meet', over, { timeoutMs: 60_000 })
    expect(await met()).toEqual({ states: ['failed', 'failed'], candidates: [1, 1] })
  })
})

interface Strangers {
  states: string[]
  /** how many relayed candidates each had to offer */
  candidates: number[]
}

declare global {
  interface Window {
    servers: RTCIceServer[]
    strangers: Strangers
  }
}

/** Runs in the page before its own scripts: keeps the TURN servers, with what opens them. */
const rememberServers = (): void => {
  const Before = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Before {
    override setConfiguration(config: RTCConfiguration): void {
      if (config.iceServers?.length) window.servers = config.iceServers
      super.setConfiguration(config)
    }
  }
}

/** Two connections that know each other’s relayed addresses, and no others. */
const meetThroughRelays = async (): Promise<void> => {
  const strangers: Strangers = { states: ['new', 'new'], candidates: [0, 0] }
  window.strangers = strangers
  const make = () =>
    new RTCPeerConnection({ iceServers: window.servers, iceTransportPolicy: 'relay' })
  const pair = [make(), make()] as const
  for (const [at, mine] of pair.entries()) {
    const other = pair[1 - at] as RTCPeerConnection
    mine.onconnectionstatechange = () => {
      strangers.states[at] = mine.connectionState
    }
    mine.onicecandidate = ({ candidate }) => {
      if (!candidate) return
      strangers.candidates[at] = (strangers.candidates[at] ?? 0) + 1
      void other.addIceCandidate(candidate)
    }
  }
  const [caller, callee] = pair
  caller.createDataChannel('words')
  await caller.setLocalDescription(await caller.createOffer())
  await callee.setRemoteDescription(caller.localDescription as RTCSessionDescription)
  await callee.setLocalDescription(await callee.createAnswer())
  await caller.setRemoteDescription(callee.localDescription as RTCSessionDescription)
}
