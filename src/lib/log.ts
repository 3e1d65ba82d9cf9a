import pino from 'pino'

export type Logger = pino.Logger
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Names under which a secret could be handed to the log by mistake; their values never print. */
const SECRET_NAMES = [
  'token',
  'access_token',
  'join_request',
  'authorization',
  'api_secret',
  'secret',
  'password',
  'cookie',
]

/**
 * JSON lines on standard output. Synchronous: pino's worker transports do not run in a compiled
 * executable, and a line must not be lost when the process dies.
 */
export const createLogger = (level: LogLevel, destination?: pino.DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  )

/** A logger for where nobody reads: in-process CLI calls, tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' })
