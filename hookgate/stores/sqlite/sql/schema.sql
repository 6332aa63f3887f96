-- Version 1. Ids are UUIDv7 texts, so the order of ids is the order in time. Times are seconds
-- since the epoch. Text that is not valid Unicode is kept as a BLOB in the same column (rows.py).
BEGIN IMMEDIATE;

CREATE TABLE configurations (
    digest     TEXT NOT NULL PRIMARY KEY,
    snapshot   TEXT NOT NULL,
    first_seen REAL NOT NULL
);

-- The body stands last: a list that leaves it out need not read it.
CREATE TABLE deliveries (
    id          TEXT NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    event_type  TEXT NOT NULL,
    event_id    TEXT,
    outcome     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    received_at REAL NOT NULL,
    method      TEXT NOT NULL,
    path        TEXT NOT NULL,
    query       TEXT NOT NULL,
    headers     TEXT NOT NULL,
    peer        TEXT NOT NULL,
    auth        TEXT NOT NULL,
    rules       TEXT NOT NULL,
    digest      TEXT NOT NULL,
    body        BLOB NOT NULL
);

CREATE UNIQUE INDEX deliveries_by_event ON deliveries (source, event_id)
    WHERE outcome = 'accepted' AND event_id IS NOT NULL;
CREATE INDEX deliveries_by_source ON deliveries (source, id);
CREATE INDEX deliveries_by_event_type ON deliveries (event_type, id);
CREATE INDEX deliveries_by_outcome ON deliveries (outcome, id);
CREATE INDEX deliveries_by_age ON deliveries (received_at);

-- `worker` and `lease_until` are set while a task is running. Few tasks run at a time, so what
-- concerns them is found by their status.
CREATE TABLE tasks (
    id              TEXT NOT NULL PRIMARY KEY,
    delivery_id     TEXT NOT NULL,
    source          TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    event_id        TEXT,
    rule            TEXT NOT NULL,
    program         TEXT NOT NULL,
    params          TEXT NOT NULL,
    status          TEXT NOT NULL DEFAULT 'pending',
    created_at      REAL NOT NULL,
    next_attempt_at REAL NOT NULL,
    started_at      REAL,
    finished_at     REAL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    error           TEXT,
    worker          TEXT,
    lease_until     REAL
);

CREATE INDEX tasks_due ON tasks (next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX tasks_by_delivery ON tasks (delivery_id, id);
CREATE INDEX tasks_by_status ON tasks (status, id);
CREATE INDEX tasks_by_source ON tasks (source, id);
CREATE INDEX tasks_by_program ON tasks (program, id);

CREATE TABLE attempts (
    task_id     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    trigger     TEXT NOT NULL,
    status      TEXT NOT NULL,
    started_at  REAL NOT NULL,
    finished_at REAL,
    exit_code   INTEGER,
    error       TEXT,
    output      TEXT NOT NULL DEFAULT '',
    stderr      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (task_id, number)
) WITHOUT ROWID;

-- 'hkgt': tells this file from any other SQLite database.
PRAGMA application_id = 0x686b6774;
PRAGMA user_version = 1;

COMMIT;
