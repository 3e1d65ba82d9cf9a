import { portsToOpen, terminatesTls } from '../config/check.ts'
import type { ConfigFile } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Finding } from '../domain/doctor/finding.ts'
import { type Invitation, linkLines } from './admin.ts'
import { reportLines } from './doctor.ts'
import { fields } from './output.ts'
import type { BroughtUp } from './setup-service.ts'

/** All that will be done, checked before any of it is. */
export interface Plan {
  file: ConfigFile
  /** the configuration as it was and as it will be, the latter as text, too */
  before: Config
  config: Config
  text: string
  /** whose account is needed; null when there are accounts and none was asked for */
  admin: string | null
  asService: boolean
}

/** What came of it. */
export interface Done {
  invitation: Invitation | null
  /** before this set-up did anything */
  serverRuns: boolean
}

/** And of all that comes after. */
interface All extends Done, BroughtUp {
  /** where the name leads; null without one */
  name: Finding | null
}

/**
 * The set-up for programs. Standard output may be a journal, which keeps what it gets.
 * @param shown whether a terminal, and nothing else, shows it
 */
export const resultOf = (
  { file, config, text, admin }: Plan,
  { invitation, name, service, doctor }: All,
  shown: boolean,
): object => ({
  config: file.path,
  config_changed: text !== file.text,
  data_dir: config.data_dir,
  operator_contact: config.admin.operator_contact,
  admin,
  admin_created: invitation !== null,
  sign_in_url: shown ? (invitation?.sign_in_url ?? null) : null,
  tls_mode: config.tls.mode,
  ports_to_open: portsToOpen(config),
  ports_to_keep_closed: portsToClose(config),
  dns: name,
  service,
  doctor,
})

/** The same for people. */
export const report = (plan: Plan, done: All, shown: boolean): string[] => {
  const { file, before, config, text, admin } = plan
  const { invitation } = done
  const state = file.text === '' ? 'written' : text === file.text ? 'unchanged' : 'changed'
  return [
    ...fields([
      ['configuration', `${file.path} (${state})`],
      ['data', config.data_dir],
      ['contact', config.admin.operator_contact ?? 'none'],
      ...(admin === null ? [] : [['admin', accountOf(admin, invitation)] as [string, string]]),
      ...firewall(config),
    ]),
    ...moved(file, before, config),
    '',
    ...(invitation ? signIn(invitation, shown) : []),
    ...(done.doctor ? [...reportLines(done.doctor), ''] : []),
    ...next(plan, done),
  ]
}

const accountOf = (admin: string, invitation: Invitation | null): string =>
  invitation ? `${invitation.email} (created)` : `${admin} (was there already)`

const signIn = (invitation: Invitation, shown: boolean): string[] => [
  ...(shown
    ? linkLines(invitation, Date.now())
    : [`For a sign-in link, run on a terminal: golive admin reset ${invitation.email}`]),
  '',
]

const next = ({ file, text, config }: Plan, { serverRuns, service }: All): string[] => {
  if (serverRuns) {
    return [
      text === file.text && service?.restart_needed !== true
        ? 'The server runs.'
        : 'The server runs; it takes up the change on: golive restart',
    ]
  }
  if (service) return ['The service runs. How it is: golive service status']
  const start = `Start the server with: golive serve --config ${file.path}`
  return config.tls.mode === 'localhost'
    ? [start]
    : [start, 'Then have all examined: golive doctor']
}

const moved = ({ text }: ConfigFile, before: Config, after: Config): string[] =>
  text === '' || before.data_dir === after.data_dir
    ? []
    : ['', `What is in ${before.data_dir} stays there, and a server that runs on it goes on.`]

/** Ports that are bound on an address of this machine, and are nobody's business outside. */
const portsToClose = (config: Config): string[] =>
  terminatesTls(config) ? [`${config.livekit.turn_port}/tcp`] : []

const firewall = (config: Config): [string, string][] => {
  const ports = portsToOpen(config)
  if (ports.length === 0) return [['firewall', 'open nothing: all of it is for this machine only']]
  if (config.tls.mode === 'localhost')
    return [
      [
        'firewall',
        `open ${ports.join(' and ')} for audio and video; HTTP is for this machine only`,
      ],
    ]
  const closed = portsToClose(config)
  return [
    ['firewall', `open ${ports.join(', ')}`],
    ...(closed.length === 0 ? [] : [['', `keep closed ${closed.join(', ')}`] as [string, string]]),
  ]
}
