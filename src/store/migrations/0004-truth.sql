-- What happened in calls: the log of events, sessions, who was in them, and what that used.
ALTER TABLE tenant_counters ADD COLUMN event_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenant_counters ADD COLUMN limit_told TEXT;

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

-- What was counted before there were sessions, on the first day of its month.
INSERT INTO usage_days (tenant_id, day, participant_ms, participants, sessions)
  SELECT tenant_id, month || '-01', milliseconds, 0, 0 FROM usage_months;

DROP TABLE usage_months;
