import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pebble } from '../support/pebble.ts'
import { canBootSystemd, Systemd } from '../support/systemd.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(120_000)

const NAME = 'live.example.test'
const AUTHORITY = 'ca.example.test'
const ADDRESS = '203.0.113.10'
const ADMIN = 'ops@example.com'
/** Where an administrator puts the root that the authority itself is reached with. */
const ROOT_FILE = '/etc/ssl/authority.pem'

const why = !canBootSystemd()
  ? 'no systemd can be booted here'
  : process.env.PEBBLE
    ? null
    : 'PEBBLE names no folder with pebble'
if (why) console.log(`left out: ${why}`)

describe.skipIf(why !== null)('on a bare machine with a certificate authority, one command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-authority-'))
  let machine: Systemd
  let pebble: Pebble
  let words: string[]

  beforeAll(async () => {
    machine = await Systemd.boot()
    machine.network.setHosts({ [NAME]: ADDRESS, [AUTHORITY]: ADDRESS })
    pebble = await Pebble.create(machine.network, { name: AUTHORITY, folder })
    await pebble.start({ [NAME]: ADDRESS })
    await machine.shell(`echo ${ADDRESS} ${NAME} ${AUTHORITY} >> /etc/hosts`)
    await write(ROOT_FILE, readFileSync(pebble.rootFile, 'utf8'))
    await write('/root/issuing.pem', await pebble.issuingRoot())
    // As an organisation installs the root of its own authority.
    await machine.shell('cat /root/issuing.pem >> /etc/ssl/certs/ca-certificates.crt')
    machine.network.trust = { ca: await pebble.issuingRoot() }
    const authority = ['--acme-directory', pebble.directory, '--acme-root', ROOT_FILE]
    words = ['setup', '--domain', NAME, '--email', ADMIN, ...authority]
  })

  afterAll(async () => {
    for (const part of [pebble, machine]) await part?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const certificate = async () =>
    JSON.parse((await machine.run('golive', 'status', '--json')).stdout).certificate

  const write = (path: string, text: string) => machine.shell(`cat > ${path} <<'END'\n${text}\nEND`)

  test('goes from nothing to a page over HTTPS that is believed, and the doctor finds nothing broken', async () => {
    const { code, stdout, stderr } = await machine.run('/opt/golive', ...words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^ok +Certificate +for live\.example\.test, by Pebble .*, chain complete$/m,
    )
    for (const way of ['UDP', 'TCP', 'TURN'])
      expect(stdout).toMatch(new RegExp(`^ok +Media over ${way} `, 'm'))
    expect(stdout.match(/^FAIL.*/gim)).toBeNull()
    expect(stdout).toMatch(/^(Nothing is broken|All that was checked is well)/m)
    expect(stdout).toContain('\nThe service runs.')
    const page = await machine.network.fetch(`https://${NAME}/check`)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html;charset=utf-8',
    ])
    expect(page.headers.get('strict-transport-security')).toContain('max-age=')
    const plain = await machine.network.fetch(`http://${NAME}/check`)
    expect(plain.headers.get('location')).toBe(`https://${NAME}/check`)
  })

  test('made the first admin, whose link signs in there, once', async () => {
    const reset = ['admin', 'reset', ADMIN, '--print-link']
    const { stdout } = await machine.run('golive', ...reset)
    const link = new RegExp(`https://${NAME}/ui/#link=([\\w-]{40,})`).exec(stdout)?.[1]
    const signIn = () =>
      machine.network.fetch(`https://${NAME}/admin/session`, {
        method: 'POST',
        headers: { origin: `https://${NAME}`, 'content-type': 'application/json' },
        body: JSON.stringify({ link }),
      })
    const first = await signIn()
    expect(first.status).toBe(200)
    const cookie = first.headers.get('set-cookie')
    expect(cookie).toMatch(/; Secure\b/i)
    const headers = { cookie: cookie?.split(';')[0] ?? '' }
    const who = await machine.network.fetch(`https://${NAME}/admin/session`, { headers })
    expect(await who.json()).toMatchObject({ admin: { email: ADMIN } })
    expect((await signIn()).status).toBe(401)
  })

  test('has nothing more to do the second time, and asks the authority for nothing', async () => {
    const shown = await certificate()
    const { code, stdout, stderr } = await machine.run('/opt/golive', ...words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('(unchanged)')
    expect(stdout).toContain('\nThe server runs.\n')
    expect(stdout).toMatch(/^ok +Certificate /m)
    expect(stdout.match(/^FAIL.*/gim)).toBeNull()
    expect(await certificate()).toEqual(shown)
    await machine.shell('systemctl restart golive')
    await until('it serves again', async () => (await certificate()).temporary === false)
    expect(await certificate()).toEqual(shown)
  })
})
