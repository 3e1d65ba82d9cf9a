import { configSchema } from '../../../../src/config/schema.ts'
import type { Finding } from '../../../../src/domain/doctor/finding.ts'
import type { RunningServer, Subject } from '../../../../src/domain/doctor/subject.ts'

type Values = Parameters<typeof configSchema.parse>[0]

/** A server in mode domain on a machine with a public address; what a test does not care about is well. */
export const subject = (changes: Partial<Subject> & { values?: Values } = {}): Subject => {
  const { values, ...rest } = changes
  return {
    config: { ...configSchema.parse(values ?? DOMAIN), source: null },
    publicUrl: 'https://live.example.com',
    addresses: {
      host: '203.0.113.7',
      public: '203.0.113.7',
      ipv6: null,
      source: 'interface',
      hairpin: null,
      relay: { offered: true, reason: null },
    },
    door: { name: 'live.example.com', port: 443, via: null },
    listeners: [],
    server: running(),
    silence: null,
    processes: { server: 100, livekit: 200 },
    ...rest,
  }
}

const DOMAIN = { tls: { mode: 'domain', domain: 'live.example.com', email: 'ops@example.com' } }

export const running = (changes: Partial<RunningServer> = {}): RunningServer => ({
  livekit: {
    pid: 200,
    version: '1.13.5',
    state: 'running',
    restart_needed: false,
    last_lines: [],
  },
  certificate: null,
  beginCheck: () => Promise.reject(new Error('no call was to be made')),
  ...changes,
})

/** What is well needs no fix, and what is not needs one. */
export const short = ({ state, detail, fix }: Finding): [string, string, string | null] => [
  state,
  detail,
  fix,
]
