import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { CheckPage } from '../support/check-page.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import type { GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { chromiumInLab } from '../support/lab-browsers.ts'
import { ownAuthority, startInLab } from '../support/lab-golive.ts'

setDefaultTimeout(110_000)

const why = await labMissing()

describe.skipIf(why !== null)('the check page on the internet', () => {
  let lab: Lab
  let golive: GoLive
  let browser: Chromium

  beforeAll(async () => {
    lab = await Lab.create()
    golive = await startInLab(lab, { mode: 'internal', domain: LAB_NAME })
    browser = await launchChromium(await chromiumInLab(lab, ownAuthority(golive)))
  })

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await golive?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  /** Runs the check behind a firewall that drops what is named, and says so to nobody. */
  const checkBehind = async (...dropped: string[]): Promise<CheckPage> => {
    await lab.client.wall(...dropped)
    const check = await CheckPage.create(browser)
    await check.start(golive.url)
    return check
  }

  test('an open network has all three ways, TURN on 443 among them', async () => {
    await using check = await checkBehind()
    expect(await check.verdict()).toBe('Calls will work well')
    expect(await check.parts()).toMatchObject({
      socket: 'Works',
      udp: 'Works',
      tcp: 'Works',
      turn: 'Works',
    })
    expect(await check.report()).toContain(`TURN at:    turns:${LAB_NAME}:443`)
    expect(check.call.origins).toEqual(new Set([LAB_NAME]))
    expect(await check.call.violations()).toEqual([])
  })

  test('without UDP calls work over TCP, and the page says which port to open', async () => {
    await using check = await checkBehind('udp dport 7882')
    expect(await check.verdict()).toBe('Calls will work, but not at their best')
    expect(await check.parts()).toMatchObject({ udp: 'Blocked', tcp: 'Works', turn: 'Works' })
    expect(await check.openings()).toEqual([
      `Allow outgoing UDP to ${lab.server.address} port 7882.`,
    ])
    expect(await check.look('without-udp')).toEqual([])
  })

  test('without TCP 7881, too, TURN on 443 is left', async () => {
    await using check = await checkBehind('udp dport 7882', 'tcp dport 7881')
    expect(await check.verdict()).toBe('Calls will work, but not at their best')
    expect(await check.parts()).toMatchObject({ udp: 'Blocked', tcp: 'Blocked', turn: 'Works' })
  })

  test('when nothing gets through the page says so, and what to ask for', async () => {
    await lab.server.block('udp dport 7882', 'udp sport 7882', 'tcp sport 7881')
    await using check = await checkBehind()
    expect(await check.verdict()).toBe('Calls will not work on this network')
    expect(await check.parts()).toMatchObject({ udp: 'Blocked', tcp: 'Blocked', turn: 'Blocked' })
    expect(await check.openings()).toEqual([
      `Allow outgoing UDP to ${lab.server.address} port 7882.`,
      `Allow outgoing TCP to ${lab.server.address} port 7881.`,
      `Allow outgoing TCP to ${LAB_NAME} port 443 without inspection of the TLS inside.`,
    ])
    expect(await check.look('nothing')).toEqual([])
    await lab.server.unblock()
  })
})
