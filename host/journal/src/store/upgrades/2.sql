-- From format 1 to format 2: events that a recorder will never take are set aside, and recorders are asked what they
-- answered before.

-- Events of the outbox that a recorder will never take, until a person says something about each.
CREATE TABLE set_aside (
    key         TEXT PRIMARY KEY,
    application TEXT NOT NULL,
    recorder    TEXT NOT NULL,
    deployment  TEXT NOT NULL,
    code        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    hint        TEXT,
    since       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_answers ON outbox (application, recorder, id) WHERE facts IS NOT NULL;
