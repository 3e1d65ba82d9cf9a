import { resolve } from 'node:path'
import { terminatesTls } from '../config/check.ts'
import type { Config } from '../config/schema.ts'

/** The flags of `golive setup`. */
export interface SetupOptions {
  dataDir?: string
  tlsMode?: string
  domain?: string
  certFile?: string
  keyFile?: string
  acmeDirectory?: string
  acmeRoot?: string
  port?: string
  publicUrl?: string
  trustedProxies?: string
  email?: string
  admin?: string
  service?: boolean
}

export type Name = Exclude<keyof SetupOptions, 'admin' | 'service'>

/** A key of the configuration that the set-up asks for. */
export interface Question {
  name: Name
  flag: string
  path: string[]
  /** what a person is asked; without it there is only the flag */
  message?: string
  /** where the answer would do nothing, nobody is asked */
  matters?: (config: Config) => boolean
  /** the key's value in an answer's place; the schema of the key has the last word */
  read(answer: string): unknown
  /** what the key is now, as an answer */
  current(config: Config): string
}

const asIs = (answer: string): unknown => answer
const servesHttp = (config: Config): boolean => !terminatesTls(config)

export const QUESTIONS: readonly Question[] = [
  {
    name: 'dataDir',
    flag: '--data-dir',
    path: ['data_dir'],
    message: 'Which folder may hold the database and the keys?',
    read: (answer) => answer && resolve(answer),
    current: ({ data_dir }) => data_dir,
  },
  {
    name: 'tlsMode',
    flag: '--tls-mode',
    path: ['tls', 'mode'],
    read: asIs,
    current: ({ tls }) => tls.mode,
  },
  {
    name: 'domain',
    flag: '--domain',
    path: ['tls', 'domain'],
    message: 'Under which host name do people reach this server? Nothing: only this machine does.',
    read: asIs,
    current: ({ tls }) => tls.domain ?? '',
  },
  {
    name: 'certFile',
    flag: '--cert-file',
    path: ['tls', 'cert_file'],
    read: (answer) => answer && resolve(answer),
    current: ({ tls }) => tls.cert_file ?? '',
  },
  {
    name: 'keyFile',
    flag: '--key-file',
    path: ['tls', 'key_file'],
    read: (answer) => answer && resolve(answer),
    current: ({ tls }) => tls.key_file ?? '',
  },
  {
    name: 'acmeDirectory',
    flag: '--acme-directory',
    path: ['tls', 'acme_directory'],
    read: asIs,
    current: ({ tls }) => tls.acme_directory,
  },
  {
    name: 'acmeRoot',
    flag: '--acme-root',
    path: ['tls', 'acme_root'],
    read: (answer) => answer && resolve(answer),
    current: ({ tls }) => tls.acme_root ?? '',
  },
  {
    name: 'port',
    flag: '--port',
    path: ['server', 'port'],
    message: 'On which port is HTTP served?',
    matters: servesHttp,
    read: (answer) => (/^\d{1,6}$/.test(answer) ? Number(answer) : answer),
    current: ({ server }) => String(server.port),
  },
  {
    name: 'publicUrl',
    flag: '--public-url',
    path: ['server', 'public_url'],
    message: 'At which address do browsers and apps reach this server?',
    matters: servesHttp,
    read: asIs,
    current: ({ server }) => server.public_url ?? addressOf(server),
  },
  {
    name: 'trustedProxies',
    flag: '--trusted-proxies',
    path: ['server', 'trusted_proxies'],
    read: (answer) => answer.split(',').map((one) => one.trim()),
    current: ({ server }) => server.trusted_proxies.join(','),
  },
  {
    name: 'email',
    flag: '--email',
    path: ['admin', 'operator_contact'],
    message: 'Which e-mail address may tenants write to for help?',
    read: asIs,
    current: ({ admin }) => admin.operator_contact ?? '',
  },
]

/** Where this machine alone reaches it. */
export const addressOf = ({ host, port }: Config['server']): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`
