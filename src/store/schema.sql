-- The database as it is after all migrations; a test compares the two.
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
  deleted_at INTEGER,
  previous_last_used_from TEXT
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

CREATE TABLE admins (
  id TEXT PRIMARY KEY NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT,
  created_at INTEGER NOT NULL,
  last_sign_in_at INTEGER
) STRICT;

CREATE UNIQUE INDEX admins__email__key ON admins (email);

CREATE TABLE sign_in_links (
  hash TEXT PRIMARY KEY NOT NULL,
  admin_id TEXT NOT NULL REFERENCES admins (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE INDEX sign_in_links__admin_id__idx ON sign_in_links (admin_id);

CREATE TABLE admin_sessions (
  id TEXT PRIMARY KEY NOT NULL,
  hash TEXT NOT NULL,
  admin_id TEXT NOT NULL REFERENCES admins (id),
  by_link INTEGER NOT NULL CHECK (by_link IN (0, 1)),
  address TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX admin_sessions__hash__key ON admin_sessions (hash);
CREATE INDEX admin_sessions__admin_id__idx ON admin_sessions (admin_id);

CREATE TABLE admin_tokens (
  id TEXT PRIMARY KEY NOT NULL,
  hash TEXT NOT NULL,
  label TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
  tenant_id TEXT REFERENCES tenants (id),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  last_used_from TEXT
) STRICT;

CREATE UNIQUE INDEX admin_tokens__hash__key ON admin_tokens (hash);
CREATE INDEX admin_tokens__created_at_id__idx ON admin_tokens (created_at, id);

-- No reference to tenants: what was done stays on record when a tenant's data is purged.
CREATE TABLE audit (
  id TEXT PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  address TEXT,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  tenant_id TEXT,
  tenant_slug TEXT,
  before TEXT,
  after TEXT
) STRICT;

CREATE INDEX audit__at_id__idx ON audit (at, id);
CREATE INDEX audit__tenant_slug_at_id__idx ON audit (tenant_slug, at, id);

CREATE TRIGGER audit__no_update BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never changed');
END;

CREATE TRIGGER audit__no_delete BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never deleted');
END;

CREATE TABLE members (
  room_id TEXT NOT NULL REFERENCES rooms (id),
  identity TEXT NOT NULL,
  banned_at INTEGER,
  ban_ends_at INTEGER,
  tokens_revoked_before INTEGER,
  changes TEXT,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (room_id, identity)
) STRICT;

CREATE INDEX members__updated_at__idx ON members (updated_at);

CREATE TABLE revocations (
  id TEXT PRIMARY KEY NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  room_id TEXT REFERENCES rooms (id),
  identity TEXT,
  api_key TEXT,
  revoked_before INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations__tenant_id_created_at__idx ON revocations (tenant_id, created_at);
CREATE INDEX revocations__room_id__idx ON revocations (room_id);

CREATE TABLE roles (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  grants TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE usage_months (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  month TEXT NOT NULL,
  milliseconds INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, month)
) STRICT;

CREATE TABLE migrations (
  name TEXT PRIMARY KEY NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;
