import { z } from 'zod'
import { secondsOf } from '../../domain/event-data.ts'
import type { Account, Amount, Report } from '../../domain/usage.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { csv } from '../../lib/csv.ts'
import { time } from './shapes.ts'

/** The shapes of answers about what calls used, as JSON and as CSV. */

const day = z.iso.date().meta({ examples: ['2026-11-25'] })

const amount = {
  participant_seconds: z.number().meta({
    description:
      'Of all people together, each day by itself, not rounded; up to now for who is in.',
  }),
  participants: z.int().meta({ description: 'How often somebody came into a call.' }),
  sessions: z.int().meta({ description: 'Calls that began.' }),
}

const total = z.strictObject(amount)

export const usageWire = z.strictObject({
  from: day,
  to: day,
  group_by: z.enum(['day', 'room']),
  data: z.array(
    z.union([z.strictObject({ day, ...amount }), z.strictObject({ room: z.string(), ...amount })]),
  ),
  total,
})

export const ledgerWire = z.strictObject({
  month: z.string().meta({ examples: ['2026-11'] }),
  data: z.array(
    z.strictObject({
      tenant: z.string().meta({ description: 'A slug; a deleted tenant may have had it, too.' }),
      name: z.string().nullable(),
      created_at: time,
      deleted_at: time.nullable(),
      ...amount,
    }),
  ),
  total,
})

export const toAmountWire = ({ participantMs, participants, sessions }: Amount) => ({
  participant_seconds: secondsOf(participantMs),
  participants,
  sessions,
})

const AMOUNTS = ['participant_seconds', 'participants', 'sessions'] as const

const amountCells = ({ participantMs, participants, sessions }: Amount): number[] => [
  secondsOf(participantMs),
  participants,
  sessions,
]

type Usage =
  | { by: 'day'; report: Report<{ day: string }> }
  | { by: 'room'; report: Report<{ room: string }> }

export const toUsageWire = ({ by, report }: Usage): z.input<typeof usageWire> => ({
  from: report.from,
  to: report.to,
  group_by: by,
  data:
    by === 'day'
      ? report.rows.map((row) => ({ day: row.day, ...toAmountWire(row) }))
      : report.rows.map((row) => ({ room: row.room, ...toAmountWire(row) })),
  total: toAmountWire(report.total),
})

export const usageCsv = ({ by, report }: Usage): string =>
  csv(
    [by, ...AMOUNTS],
    by === 'day'
      ? report.rows.map((row) => [row.day, ...amountCells(row)])
      : report.rows.map((row) => [row.room, ...amountCells(row)]),
  )

export const toLedgerWire = (
  month: string,
  { rows, total }: Report<Account>,
): z.input<typeof ledgerWire> => ({
  month,
  data: rows.map((row) => ({
    tenant: row.tenant,
    name: row.name,
    created_at: rfc3339(row.createdAt),
    deleted_at: rfc3339OrNull(row.deletedAt),
    ...toAmountWire(row),
  })),
  total: toAmountWire(total),
})

export const ledgerCsv = (month: string, { rows }: Report<Account>): string =>
  csv(
    ['month', 'tenant', 'name', 'created_at', 'deleted_at', ...AMOUNTS],
    rows.map((row) => [
      ...[month, row.tenant, row.name, rfc3339(row.createdAt), rfc3339OrNull(row.deletedAt)],
      ...amountCells(row),
    ]),
  )

const DAY = 'must be a day of this century, such as 2026-11-25'
const century = z.iso
  .date(DAY)
  .refine((text) => text.startsWith('20'), DAY)
  .meta({ pattern: '^20\\d\\d-\\d\\d-\\d\\d$', examples: ['2026-11-25'] })

export const usageQuery = z.strictObject({
  from: century.optional().meta({ description: 'First day, UTC; the first of the month of `to`.' }),
  to: century.optional().meta({ description: 'Last day, UTC; today, up to now.' }),
  group_by: z.enum(['day', 'room']).default('day'),
})

export const ledgerQuery = z.strictObject({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
    .optional()
    .meta({ description: 'In UTC; this month.', examples: ['2026-11'] }),
})
