CREATE TABLE settings (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE tenants (
  id TEXT PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL,
  name TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'deactivated')),
  limits TEXT NOT NULL,
  tokens_revoked_before INTEGER,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX tenants__slug__key ON tenants (slug) WHERE deleted_at IS NULL;
CREATE INDEX tenants__created_at_id__idx ON tenants (created_at, id);

CREATE TABLE tenant_counters (
  tenant_id TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id),
  rooms INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  api_key TEXT PRIMARY KEY NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  label TEXT,
  sealed_secret BLOB NOT NULL,
  previous_sealed_secret BLOB,
  previous_expires_at INTEGER,
  previous_last_used_at INTEGER,
  tokens_revoked_before INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  last_used_from TEXT,
  deleted_at INTEGER
) STRICT;

CREATE INDEX keys__tenant_id_created_at__idx ON keys (tenant_id, created_at);

CREATE TABLE rooms (
  id TEXT PRIMARY KEY NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  max_participants INTEGER,
  empty_timeout_seconds INTEGER NOT NULL,
  departure_timeout_seconds INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  locked INTEGER NOT NULL CHECK (locked IN (0, 1)),
  opens_at INTEGER,
  closes_at INTEGER,
  max_duration_seconds INTEGER,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX rooms__tenant_id_name__key ON rooms (tenant_id, name);
CREATE INDEX rooms__tenant_id_created_at_id__idx ON rooms (tenant_id, created_at, id);
