-- Endpoints of tenants that are told of events, and what was sent to them.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  url TEXT NOT NULL,
  types TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  disabled_reason TEXT,
  sealed_secret BLOB NOT NULL,
  previous_sealed_secret BLOB,
  previous_expires_at INTEGER,
  created_at INTEGER NOT NULL,
  last_success_at INTEGER,
  last_failure_at INTEGER
) STRICT;

CREATE INDEX webhooks__tenant_id_created_at_id__idx ON webhooks (tenant_id, created_at, id);

-- How far the log of events was delivered: what comes next is read from there.
CREATE TABLE webhook_runs (
  id TEXT PRIMARY KEY NOT NULL,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id),
  next_seq INTEGER NOT NULL,
  last_seq INTEGER,
  unfiltered INTEGER NOT NULL CHECK (unfiltered IN (0, 1)),
  attempt INTEGER NOT NULL,
  first_attempt_at INTEGER,
  next_attempt_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_runs__webhook_id__idx ON webhook_runs (webhook_id);

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY NOT NULL,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  status_code INTEGER,
  duration_ms INTEGER,
  error TEXT,
  response_excerpt TEXT,
  next_attempt_at INTEGER
) STRICT;

CREATE INDEX deliveries__webhook_id_at_id__idx ON deliveries (webhook_id, at, id);
