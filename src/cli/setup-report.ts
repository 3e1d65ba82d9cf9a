import { isLoopback } from '../config/check.ts'
import type { ConfigFile } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Invitation, linkLines } from './admin.ts'
import { fields } from './output.ts'

/** All that will be done, checked before any of it is. */
export interface Plan {
  file: ConfigFile
  /** the configuration as it was and as it will be, the latter as text, too */
  before: Config
  config: Config
  text: string
  /** whose account is needed; null when there are accounts and none was asked for */
  admin: string | null
}

/** What came of it. */
export interface Done {
  invitation: Invitation | null
  serverRuns: boolean
}

/**
 * The set-up for programs. Standard output may be a journal, which keeps what it gets.
 * @param shown whether a terminal, and nothing else, shows it
 */
export const resultOf = (
  { file, config, text, admin }: Plan,
  { invitation }: Done,
  shown: boolean,
): object => ({
  config: file.path,
  config_changed: text !== file.text,
  data_dir: config.data_dir,
  operator_contact: config.admin.operator_contact,
  admin,
  admin_created: invitation !== null,
  sign_in_url: shown ? (invitation?.sign_in_url ?? null) : null,
  ports_to_open: portsToOpen(config),
})

/** The same for people. */
export const report = (plan: Plan, { invitation, serverRuns }: Done, shown: boolean): string[] => {
  const { file, before, config, text, admin } = plan
  const state = file.text === '' ? 'written' : text === file.text ? 'unchanged' : 'changed'
  return [
    ...fields([
      ['configuration', `${file.path} (${state})`],
      ['data', config.data_dir],
      ['contact', config.admin.operator_contact ?? 'none'],
      ...(admin === null ? [] : [['admin', accountOf(admin, invitation)] as [string, string]]),
      ['firewall', firewall(config)],
    ]),
    ...moved(file, before, config),
    '',
    ...(invitation ? signIn(invitation, shown) : []),
    ...next(file, text, serverRuns),
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

const next = ({ path, text: old }: ConfigFile, text: string, serverRuns: boolean): string[] => {
  if (!serverRuns) return [`Start the server with: golive serve --config ${path}`]
  return [
    text === old
      ? 'The server runs.'
      : 'The server runs; it takes up the change on: golive restart',
  ]
}

const moved = ({ text }: ConfigFile, before: Config, after: Config): string[] =>
  text === '' || before.data_dir === after.data_dir
    ? []
    : ['', `What is in ${before.data_dir} stays there, and a server that runs on it goes on.`]

/** Ports that people outside of this machine have to reach. */
const portsToOpen = ({ livekit: { node_ip, tcp_port, udp_port } }: Config): string[] =>
  node_ip === 'auto' || isLoopback(node_ip) ? [] : [`${tcp_port}/tcp`, `${udp_port}/udp`]

const firewall = (config: Config): string => {
  const ports = portsToOpen(config)
  return ports.length === 0
    ? 'open nothing: all of it is for this machine only'
    : `open ${ports.join(' and ')} for audio and video; HTTP is for this machine only`
}
