import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserPlace, chromiumProgram } from './chromium.ts'
import type { Lab } from './lab.ts'
import { type Machine, runCommand } from './lab-machine.ts'
import { pageFiles } from './page-files.ts'

/**
 * Chromium in the lab's client. It believes that authority as an installed one, and unlike a Chromium
 * on this machine, has no loopback addresses to be called at.
 */
export const chromiumInLab = async (lab: Lab, ca: string): Promise<BrowserPlace> => {
  const home = mkdtempSync(join(lab.folder, 'chromium-'))
  await makeTrustStore(join(home, '.pki/nssdb'), ca)
  const executable = join(home, 'chromium')
  const command = [...lab.client.prefix, chromiumProgram()].map((word) => `'${word}'`).join(' ')
  writeFileSync(executable, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  return {
    executable,
    flags: [],
    env: { ...process.env, HOME: home },
    serve: async () => ({ origin: await servePage(lab.client), stop: async () => undefined }),
  }
}

/** Serves the test page to browsers of that machine, on a loopback address of it. @returns its origin */
export const servePage = async (machine: Machine): Promise<string> =>
  `http://127.0.0.1:${await machine.serve(await pageFiles())}`

/** A folder of certificates that browsers believe. */
export const makeTrustStore = async (folder: string, ca: string): Promise<void> => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'authority.pem')
  writeFileSync(file, ca)
  const certutil = (...words: string[]) => runCommand(['certutil', '-d', `sql:${folder}`, ...words])
  await certutil('-N', '--empty-password')
  await certutil('-A', '-n', 'authority of the test', '-t', 'C,,', '-i', file)
}
