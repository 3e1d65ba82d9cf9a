import { kernelSetting, openFilesLimit } from '../../lib/kernel.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** A connection through the TLS port costs three files, and a flood of idle ones must fit, too. */
const FILES_NEEDED = 16_384
const FILES_SET = 1_048_576

/** Open files that the server and livekit-server may have. */
export const checkFileLimit = (check: Check, { server, processes }: Subject): Finding => {
  const own = [processes.server, processes.livekit].filter((pid) => pid !== null)
  const limits = (server ? own : (['self'] as const)).map(openFilesLimit)
  const known = limits.filter((one) => one !== null)
  if (known.length === 0) return check.skipped('the limit of the running server cannot be read')
  const least = Math.min(...known)
  const said = `${least.toLocaleString('en-US')} at once${server ? '' : ' for what this shell starts'}`
  if (least >= FILES_NEEDED) return check.ok(said)
  return check.warn(
    `${said}, of which many callers need more`,
    `ulimit -n ${FILES_NEEDED}  # in a shell; a service needs LimitNOFILE=${FILES_SET}`,
  )
}

/** What livekit-server itself asks for in production. */
const BUFFER_BYTES = 5_000_000
const SETTINGS = ['net.core.rmem_max', 'net.core.wmem_max']

/** Room for bursts of media packets in the kernel; without it they are lost. */
export const checkUdpBuffers = (check: Check): Finding => {
  const known = SETTINGS.map((name) => ({ name, bytes: kernelSetting(name) }))
  if (known.some(({ bytes }) => bytes === null))
    return check.skipped('the kernel does not tell them here (a container or namespace)')
  const small = known.filter(({ bytes }) => (bytes ?? 0) < BUFFER_BYTES)
  if (small.length === 0)
    return check.ok(known.map(({ name, bytes }) => `${name} is ${bytes}`).join(', '))
  const lines = small.map(({ name }) => `${name}=${BUFFER_BYTES}`)
  return check.warn(
    `${small.map(({ name, bytes }) => `${name} is ${bytes}`).join(', ')}: with many people packets are lost`,
    `sysctl -w ${lines.join(' ')} && printf '%s\\n' ${lines.join(' ')} > /etc/sysctl.d/60-golive.conf`,
  )
}
