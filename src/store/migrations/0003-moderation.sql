-- What a tenant decided about one person in one room, whatever token that person holds.
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
