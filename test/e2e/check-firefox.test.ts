import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Firefox, firefoxMissing } from '../support/firefox.ts'
import type { GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { ownAuthority, startInLab } from '../support/lab-golive.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(110_000)

const why = (await labMissing()) ?? firefoxMissing()

describe.skipIf(why !== null)('the check page', () => {
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

  test('tells the three ways apart in Firefox, too', async () => {
    await using firefox = await Firefox.launch(lab, ownAuthority(golive))
    const found = async (...dropped: string[]) => {
      await lab.client.wall(...dropped)
      const person = await firefox.person()
      await person.open(`${golive.url}/check`, `document.querySelector('button') !== null`)
      await person.evaluate(`document.querySelector('button').click()`)
      const shown = () =>
        person.evaluate<string | null>(`document.querySelector('pre')?.textContent`)
      const report = (await until('the report is there', shown, { timeoutMs: 60_000 })) ?? ''
      const ways = report.matchAll(/^(WebSocket|UDP|TCP|TURN): +([A-Z]\w+)/gm)
      return Object.fromEntries([...ways].map(([, way, words]) => [way, words]))
    }
    const open = { WebSocket: 'Works', UDP: 'Works', TCP: 'Works', TURN: 'Works' }
    expect(await found()).toEqual(open)
    expect(await found('udp dport 7882')).toEqual({ ...open, UDP: 'Blocked' })
    expect(await found('tcp dport 7881')).toEqual({ ...open, TCP: 'Blocked' })
  })
})
