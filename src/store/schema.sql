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
  deleted_at INTEGER,
  purged_at INTEGER
) STRICT;

CREATE UNIQUE INDEX tenants__slug__key ON tenants (slug) WHERE deleted_at IS NULL;
CREATE INDEX tenants__created_at_id__idx ON tenants (created_at, id);

CREATE TABLE tenant_counters (
  tenant_id TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id),
  rooms INTEGER NOT NULL,
  event_seq INTEGER NOT NULL DEFAULT 0,
  limit_told TEXT
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

CREATE INDEX audit__at__idx ON audit (at) WHERE address IS NOT NULL;

-- Audit rows go when their days are over, which is what the settings named here say, and not before.
CREATE TRIGGER audit__no_update BEFORE UPDATE ON audit
WHEN NEW.address IS NOT NULL
  OR OLD.at >= COALESCE(
    (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'audit.addresses_kept_from'), 0)
  OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor
  OR NEW.action IS NOT OLD.action OR NEW.target IS NOT OLD.target
  OR NEW.tenant_id IS NOT OLD.tenant_id OR NEW.tenant_slug IS NOT OLD.tenant_slug
  OR NEW.before IS NOT OLD.before OR NEW.after IS NOT OLD.after
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never changed');
END;

CREATE TRIGGER audit__no_delete BEFORE DELETE ON audit
WHEN OLD.at >= COALESCE(
  (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'audit.kept_from'), 0)
BEGIN
  SELECT RAISE(ABORT, 'audit rows are never deleted before their time');
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

CREATE TABLE events (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  identity TEXT,
  data TEXT NOT NULL,
  reconstructed INTEGER NOT NULL CHECK (reconstructed IN (0, 1)),
  PRIMARY KEY (tenant_id, seq)
) STRICT;
CREATE INDEX events__refused__idx ON events (tenant_id, at, id) WHERE type = 'participant.refused';

-- Rooms by name: what happened in them outlives them.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  room TEXT NOT NULL,
  livekit_sid TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  end_reason TEXT,
  end_accuracy_ms INTEGER NOT NULL,
  peak_participants INTEGER NOT NULL,
  participant_ms INTEGER NOT NULL,
  reconstructed INTEGER NOT NULL CHECK (reconstructed IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX sessions__livekit_sid__key ON sessions (livekit_sid);
CREATE INDEX sessions__tenant_id_started_at_id__idx ON sessions (tenant_id, started_at, id);
CREATE INDEX sessions__tenant_id_room_started_at_id__idx
  ON sessions (tenant_id, room, started_at, id);
CREATE INDEX sessions__open__idx ON sessions (tenant_id, started_at, id) WHERE ended_at IS NULL;

CREATE TABLE session_participants (
  sid TEXT PRIMARY KEY NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  identity TEXT NOT NULL,
  name TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  left_at INTEGER,
  leave_reason TEXT,
  end_accuracy_ms INTEGER NOT NULL,
  reconnected_at TEXT NOT NULL,
  transport TEXT,
  sdk TEXT,
  sdk_version TEXT,
  os TEXT,
  browser TEXT,
  address TEXT,
  reconstructed INTEGER NOT NULL CHECK (reconstructed IN (0, 1))
) STRICT;

CREATE INDEX session_participants__session_id_joined_at_sid__idx
  ON session_participants (session_id, joined_at, sid);
CREATE INDEX session_participants__tenant_id_identity__idx
  ON session_participants (tenant_id, identity);
CREATE INDEX session_participants__session_id__idx
  ON session_participants (session_id) WHERE left_at IS NULL;
CREATE INDEX session_participants__left_at__idx
  ON session_participants (left_at) WHERE address IS NOT NULL;

CREATE TABLE tracks (
  participant_sid TEXT NOT NULL REFERENCES session_participants (sid),
  sid TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  unpublished_at INTEGER,
  mutes TEXT NOT NULL,
  PRIMARY KEY (participant_sid, sid)
) STRICT;

-- One row a day, and one a day and room: a year of a busy tenant is few rows.
CREATE TABLE usage_days (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  day TEXT NOT NULL,
  participant_ms INTEGER NOT NULL,
  participants INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day)
) STRICT;

CREATE INDEX usage_days__day__idx ON usage_days (day);

CREATE TABLE usage_rooms (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  day TEXT NOT NULL,
  room TEXT NOT NULL,
  participant_ms INTEGER NOT NULL,
  participants INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day, room)
) STRICT;

-- The months of rooms: a year of a thousand rooms is then a few thousand rows, too.
CREATE TABLE usage_room_months (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  month TEXT NOT NULL,
  room TEXT NOT NULL,
  participant_ms INTEGER NOT NULL,
  participants INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, month, room)
) STRICT;

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
CREATE INDEX deliveries__webhook_id_seq__idx
  ON deliveries (webhook_id, seq) WHERE response_excerpt IS NOT NULL;

CREATE TABLE erasures (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  identity TEXT NOT NULL,
  pseudonym TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  began_at INTEGER,
  erased_seq INTEGER NOT NULL,
  until_seq INTEGER,
  PRIMARY KEY (tenant_id, identity)
) STRICT;

CREATE INDEX erasures__requested_at__idx ON erasures (requested_at);

CREATE TABLE migrations (
  name TEXT PRIMARY KEY NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;
