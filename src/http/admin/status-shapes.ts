import { z } from 'zod'
import { time } from '../v1/shapes.ts'

const childWire = z.strictObject({
  state: z.enum(['starting', 'running', 'restarting', 'degraded', 'stopped']),
  pid: z.int().nullable(),
  version: z.string(),
  restarts: z.int(),
  started_at: time.nullable(),
  adopted: z.boolean().meta({ description: 'It was running before this server was.' }),
  restart_needed: z.boolean().meta({ description: 'It runs with earlier settings.' }),
  last_exit: z
    .strictObject({
      at: time,
      code: z.int().nullable(),
      signal: z.string().nullable(),
      asked: z.boolean(),
    })
    .nullable(),
  last_lines: z.array(z.string()).meta({ description: 'The end of its log, without secrets.' }),
})

export const statusWire = z.strictObject({
  version: z.string(),
  uptime_seconds: z.int(),
  data_dir: z.string(),
  public_url: z.string(),
  livekit: childWire,
  calls: z.strictObject({
    rooms: z.int(),
    participants: z.int(),
    max_participants: z.int(),
    counted: z.boolean().meta({
      description:
        'false while livekit-server does not answer, or its calls are not counted yet after a start.',
    }),
  }),
  usage: z.strictObject({
    participant_minutes_this_month: z.int().meta({ description: 'Whole minutes, month in UTC.' }),
  }),
  database: z.strictObject({ ok: z.boolean() }),
  disk: z
    .strictObject({ path: z.string(), free_bytes: z.int(), total_bytes: z.int() })
    .nullable()
    .meta({ description: 'The disk that holds `data_dir`.' }),
  certificate: z
    .strictObject({
      names: z.array(z.string()),
      not_after: time,
      issuer: z.string(),
      source: z.enum(['acme', 'files', 'internal']),
      temporary: z
        .boolean()
        .meta({ description: 'true until there is one that browsers believe.' }),
      last_error: z.string().nullable(),
      next_attempt: time.nullable(),
    })
    .nullable()
    .meta({ description: 'null: this server holds none.' }),
  addresses: z.strictObject({
    public_url: z.string(),
    ws_url: z.string(),
    media: z
      .strictObject({ ip: z.string(), udp_port: z.int(), tcp_port: z.int() })
      .meta({ description: 'Where clients are told to send media.' }),
    host: z.string().meta({ description: 'The address of this machine at which that arrives.' }),
    ipv6: z
      .string()
      .nullable()
      .meta({ description: 'A public one of this machine; media does not use it.' }),
    source: z
      .enum(['config', 'interface', 'stun', 'https', 'remembered', 'loopback'])
      .meta({ description: 'How `media.ip` became known.' }),
    hairpin: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether this machine reaches itself at `media.ip`; null: not tried.' }),
    relay: z
      .strictObject({ offered: z.boolean(), reason: z.string().nullable() })
      .meta({ description: 'TURN over TLS, and why it is not offered.' }),
  }),
  warnings: z
    .array(z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }))
    .meta({ description: 'What is not right, each with what to do about it.' }),
})
