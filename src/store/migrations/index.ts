import init from './0001-init.sql' with { type: 'text' }
import operators from './0002-operators.sql' with { type: 'text' }
import moderation from './0003-moderation.sql' with { type: 'text' }
import truth from './0004-truth.sql' with { type: 'text' }
import webhooks from './0005-webhooks.sql' with { type: 'text' }
import retention from './0006-retention.sql' with { type: 'text' }

export interface Migration {
  name: string
  sql: string
}

/** In order, append-only: a released file never changes. Static imports, so that the executable holds them. */
export const migrations: readonly Migration[] = [
  { name: '0001-init', sql: init },
  { name: '0002-operators', sql: operators },
  { name: '0003-moderation', sql: moderation },
  { name: '0004-truth', sql: truth },
  { name: '0005-webhooks', sql: webhooks },
  { name: '0006-retention', sql: retention },
]
