-- Calls that run are few among all that were, and are asked for in the order in which they began.
DROP INDEX sessions__tenant_id__idx;
CREATE INDEX sessions__open__idx ON sessions (tenant_id, started_at, id) WHERE ended_at IS NULL;
