-- When the secret before the present one was last used is kept; from where was not.
ALTER TABLE keys ADD COLUMN previous_last_used_from TEXT;

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
