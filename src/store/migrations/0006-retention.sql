-- What is kept only for a time, and what makes people who are to be forgotten unrecognisable.
ALTER TABLE tenants ADD COLUMN purged_at INTEGER;

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

CREATE INDEX session_participants__left_at__idx
  ON session_participants (left_at) WHERE address IS NOT NULL;
CREATE INDEX deliveries__webhook_id_seq__idx
  ON deliveries (webhook_id, seq) WHERE response_excerpt IS NOT NULL;
CREATE INDEX audit__at__idx ON audit (at) WHERE address IS NOT NULL;

-- Audit rows go when their days are over, which is what the settings named here say, and not before.
DROP TRIGGER audit__no_update;
DROP TRIGGER audit__no_delete;

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
