import { within } from '../../lib/deadline.ts'
import { checkCertificate } from './certificate.ts'
import { checkLivekit, checkServer } from './child.ts'
import { checkClock } from './clock.ts'
import { checkDataFiles } from './data-files.ts'
import { checkDatabase } from './database.ts'
import { checkDisk, checkInodes } from './disk.ts'
import { Check, type Finding, type Report, verdictOn } from './finding.ts'
import { checkFileLimit, checkUdpBuffers } from './limits.ts'
import { checkMedia } from './media.ts'
import { checkName } from './name.ts'
import { checkPorts } from './ports.ts'
import { adviseFirewall, checkRelay, checkRelayed } from './relay.ts'
import type { Subject } from './subject.ts'

type Answer = Finding | Finding[] | Promise<Finding | Finding[]>
type Step = [check: Check, look: (check: Check, subject: Subject) => Answer]

const MACHINE: Step[] = [
  [new Check('server', 'Server'), checkServer],
  [new Check('livekit', 'livekit-server'), checkLivekit],
  [new Check('name', 'DNS'), checkName],
  [new Check('clock', 'Clock'), checkClock],
  [new Check('ports', 'Ports'), (_, subject) => checkPorts(subject)],
  [new Check('certificate', 'Certificate'), checkCertificate],
  [new Check('relay', 'Relay'), checkRelay],
  [new Check('relay_reach', 'Behind the relay'), checkRelayed],
  [new Check('firewall', 'Firewall'), adviseFirewall],
  [new Check('data_dir', 'Data folder'), checkDataFiles],
  [new Check('disk', 'Disk'), checkDisk],
  [new Check('inodes', 'Inodes'), checkInodes],
  [new Check('open_files', 'Open files'), checkFileLimit],
  [new Check('udp_buffers', 'UDP buffers'), checkUdpBuffers],
]
const MEDIA: Step = [new Check('media', 'Media'), (_, subject) => checkMedia(subject)]
const DATABASE: Step = [new Check('database', 'Database'), checkDatabase]

const MACHINE_MS = 12_000
const MEDIA_MS = 25_000

/**
 * All checks, in well under a minute. The database comes last, since reading it blocks this process
 * and would make every time that is measured a wrong one.
 */
export const examine = async (subject: Subject): Promise<Report> => {
  const [media, ...machine] = await Promise.all([
    take(MEDIA, subject, MEDIA_MS),
    ...MACHINE.map((step) => take(step, subject, MACHINE_MS)),
  ])
  const database = await take(DATABASE, subject, MACHINE_MS)
  const data = [...machine.flat(), ...database, ...media]
  return { data, verdict: verdictOn(data) }
}

/** One check that goes wrong in a way of its own must not cost the others. */
const take = async ([check, look]: Step, subject: Subject, ms: number): Promise<Finding[]> => {
  try {
    return [await within(ms, Promise.resolve(look(check, subject)))].flat()
  } catch (error) {
    return [check.skipped(`it could not be found out: ${(error as Error).message}`)]
  }
}
