-- The journal's first format; what is in `upgrades/` makes it of the present one. `events` is the truth and is append-only;
-- the other tables follow from it, or are queues and small stores that are changed in the same transactions.

CREATE TABLE events (
    sequence   INTEGER PRIMARY KEY,
    deployment TEXT NOT NULL,
    time       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    previous   TEXT NOT NULL,
    hash       TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_deployment ON events (deployment, sequence);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- The last line, so that lines missing at the end are noticed.
CREATE TABLE chain (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     TEXT NOT NULL
) STRICT;

CREATE TABLE deployments (
    id          TEXT PRIMARY KEY,
    number      INTEGER NOT NULL UNIQUE,
    application TEXT NOT NULL,
    environment TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT,
    break_glass TEXT,
    status      TEXT NOT NULL,
    open        INTEGER NOT NULL,
    outcome     TEXT,
    release     TEXT,
    version     TEXT,
    commit_id   TEXT,
    failure     TEXT,
    previous    TEXT,
    started     TEXT NOT NULL,
    finished    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX deployments_of_application ON deployments (application, number);
CREATE INDEX deployments_that_are_open ON deployments (application) WHERE open = 1;
CREATE INDEX deployments_that_are_stuck ON deployments (application) WHERE status = 'stuck';
CREATE INDEX deployments_that_succeeded ON deployments (application, number) WHERE outcome = 'succeeded';

CREATE TABLE applications (
    name       TEXT PRIMARY KEY,
    latest     TEXT NOT NULL,
    running    TEXT,
    release    TEXT,
    since      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
    id         INTEGER PRIMARY KEY,
    deployment TEXT NOT NULL,
    time       TEXT NOT NULL,
    source     TEXT NOT NULL,
    level      TEXT NOT NULL,
    message    TEXT NOT NULL
) STRICT;
CREATE INDEX logs_of_deployment ON logs (deployment, id);

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    application TEXT NOT NULL,
    recorder   TEXT NOT NULL,
    deployment TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    event      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    due        INTEGER NOT NULL,
    delivered  TEXT,
    facts      TEXT,
    failure    TEXT
) STRICT;
CREATE INDEX outbox_waiting ON outbox (application, recorder, id) WHERE delivered IS NULL;
CREATE INDEX outbox_of_deployment ON outbox (deployment);

CREATE TABLE quarantine (
    application TEXT NOT NULL,
    release     TEXT NOT NULL,
    version     TEXT NOT NULL,
    -- The one that failed, or the person who says so.
    deployment  TEXT,
    actor       TEXT,
    reason      TEXT NOT NULL,
    since       TEXT NOT NULL,
    PRIMARY KEY (application, release)
) STRICT, WITHOUT ROWID;

CREATE TABLE holders (
    application TEXT PRIMARY KEY,
    actor       TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    boot        TEXT NOT NULL,
    since       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    plugin      TEXT NOT NULL,
    application TEXT NOT NULL,
    key         TEXT NOT NULL,
    value       BLOB NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (plugin, application, key)
) STRICT, WITHOUT ROWID;
-- A key that was removed and comes back goes on counting, so that nobody mistakes it for the one they saw.
CREATE TABLE state_revisions (
    plugin      TEXT NOT NULL,
    application TEXT NOT NULL,
    key         TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (plugin, application, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE freezes (
    application TEXT PRIMARY KEY,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    since       TEXT NOT NULL,
    until       TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
    application TEXT PRIMARY KEY,
    release     TEXT NOT NULL,
    version     TEXT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    since       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Events of triggers that were acted on, so that nobody acts on one twice.
CREATE TABLE triggered (
    trigger     TEXT NOT NULL,
    key         TEXT NOT NULL,
    time        TEXT NOT NULL,
    PRIMARY KEY (trigger, key)
) STRICT, WITHOUT ROWID;
