-- Version 1. Ids are UUIDv7 texts, so the order of ids is the order in time. Times are seconds
-- since the epoch. Text that is not valid Unicode is kept as a BLOB in the same column (rows.py).
BEGIN IMMEDIATE;

-- What decided about deliveries, and about how many of them; one that is left without is deleted.
CREATE TABLE configurations (
    digest     TEXT NOT NULL PRIMARY KEY,
    deliveries INTEGER NOT NULL DEFAULT 0,
    first_seen REAL NOT NULL,
    snapshot   TEXT NOT NULL
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

-- `arrival` counts the tasks in the order in which they were recorded. `turn` is a task's place in
-- the line of those that may start: twice its arrival or, where it had to wait or was put back, one
-- more than that of the newest then. Neither needs a clock. A pending task may start unless it is
--   waiting: for the time `next_attempt_at`, or
--   blocked: an earlier task of its source and key is pending or running.
-- Of each source and key at most one such task is not blocked.
--
-- `worker` and `lease_until` are set while a task is running. Few tasks run at a time, so what
-- concerns them is found by their status. The params stand last: they may be large.
CREATE TABLE tasks (
    arrival         INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    delivery_id     TEXT NOT NULL,
    source          TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    event_id        TEXT,
    rule            TEXT NOT NULL,
    program         TEXT NOT NULL,
    key             TEXT,
    priority        INTEGER NOT NULL,
    burst_key       TEXT,
    burst_ends_at   REAL,
    status          TEXT NOT NULL DEFAULT 'pending',
    waiting         INTEGER NOT NULL,
    blocked         INTEGER NOT NULL,
    turn            INTEGER NOT NULL,
    created_at      REAL NOT NULL,
    next_attempt_at REAL NOT NULL,
    started_at      REAL,
    finished_at     REAL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    attempts_before INTEGER NOT NULL DEFAULT 0,
    cut_short       INTEGER NOT NULL DEFAULT 0,
    superseded_by   TEXT,
    error           TEXT,
    worker          TEXT,
    lease_until     REAL,
    params          TEXT NOT NULL
);

CREATE INDEX tasks_ready ON tasks (source, program, priority DESC, turn)
    WHERE status = 'pending' AND NOT waiting AND NOT blocked;
CREATE INDEX tasks_waiting ON tasks (next_attempt_at)
    WHERE status = 'pending' AND waiting AND NOT blocked;
CREATE INDEX tasks_waiting_since ON tasks (coalesce(started_at, created_at))
    WHERE status = 'pending' AND waiting AND NOT blocked;
CREATE INDEX tasks_of_key ON tasks (source, key)
    WHERE key IS NOT NULL AND status IN ('pending', 'running');
CREATE INDEX tasks_of_burst ON tasks (source, rule, program, burst_key)
    WHERE burst_key IS NOT NULL AND status = 'pending' AND attempts = 0;
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

-- How many tasks are pending and how large the bodies of their deliveries are, so that a record need
-- not count them. Whatever changes the status of a task is counted here, whoever does it. Inserted
-- tasks are counted by who inserts them, many at once: with a trigger an INSERT costs a third more.
CREATE TABLE backlog (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    tasks INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
INSERT INTO backlog VALUES (1, 0, 0);

CREATE TRIGGER tasks_begin_to_pend AFTER UPDATE OF status ON tasks
WHEN NEW.status = 'pending' AND OLD.status <> 'pending'
BEGIN
    UPDATE backlog SET
        tasks = tasks + 1,
        bytes = bytes + coalesce(
            (SELECT length(body) FROM deliveries WHERE id = NEW.delivery_id), 0
        )
    WHERE id = 1;
END;

CREATE TRIGGER tasks_cease_to_pend AFTER UPDATE OF status ON tasks
WHEN NEW.status <> 'pending' AND OLD.status = 'pending'
BEGIN
    UPDATE backlog SET
        tasks = tasks - 1,
        bytes = bytes - coalesce(
            (SELECT length(body) FROM deliveries WHERE id = OLD.delivery_id), 0
        )
    WHERE id = 1;
END;

-- 'hkgt': tells this file from any other SQLite database.
PRAGMA application_id = 0x686b6774;
PRAGMA user_version = 1;

COMMIT;
