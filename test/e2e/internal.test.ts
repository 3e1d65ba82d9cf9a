import { expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { statusOf } from '../support/certified.ts'
import { GoLive } from '../support/golive.ts'
import { runCommand } from '../support/lab-machine.ts'
import { freePorts } from '../support/ports.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

const NAME = 'golive.lan'

test('in a local network devices that took the authority believe the server, by OpenSSL, also after a restart', async () => {
  const [https, http, ...ports] = (await freePorts(9)) as [number, number, ...number[]]
  const tls = {
    mode: 'internal',
    domain: NAME,
    host: '127.0.0.1',
    https_port: https,
    http_port: http,
  }
  await using golive = new GoLive({ config: { tls, livekit: { node_ip: '127.0.0.1' } } }, ports)
  const rootFile = join(golive.folder, 'root.pem')
  const believe = async () => {
    const connect = ['-connect', `127.0.0.1:${https}`, '-servername', NAME]
    const strict = ['-verify_return_error', '-verify_hostname', NAME, '-CAfile', rootFile]
    return runCommand(['openssl', 's_client', ...connect, ...strict, '-showcerts'])
  }

  await golive.restartProcess()
  const answer = await until('the plain port answers', () =>
    fetch(`http://127.0.0.1:${http}/ca.pem`),
  )
  expect(answer.headers.get('content-type')).toBe('application/x-x509-ca-cert')
  const root = await answer.text()
  expect(root).not.toContain('KEY')
  writeFileSync(rootFile, root)

  const said = await until('the server is believed', believe)
  expect(said).toContain('Verify return code: 0 (ok)')
  const [leaf = ''] = /-----BEGIN CERTIFICATE-[\s\S]+?-END CERTIFICATE-----\n/.exec(said) ?? []
  writeFileSync(join(golive.folder, 'leaf.pem'), leaf)
  const verify = ['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver']
  await runCommand([...verify, '-CAfile', rootFile, join(golive.folder, 'leaf.pem')])

  const { certificate } = await statusOf(golive)
  expect(certificate).toMatchObject({ issuer: `GoLive at ${NAME}`, temporary: false })
  expect(certificate.names).toContain(NAME)
  for (const file of ['authority.pem', 'internal.pem']) {
    const path = join(golive.dataDir, 'tls', file)
    expect([file, (statSync(path).mode & 0o777).toString(8)]).toEqual([file, '600'])
    expect(golive.log.text()).not.toContain(readFileSync(path, 'utf8').split('\n')[1] as string)
  }

  await golive.stop()
  await golive.restartProcess()
  expect(await until('the server is believed again', believe)).toContain('(ok)')
})
