-- What the agent found about what runs after its deployment had ended. It follows from the lines, and goes when something else
-- runs. An older agent takes such lines for damage.
CREATE TABLE concerns (
    application TEXT NOT NULL,
    about       TEXT NOT NULL,
    deployment  TEXT NOT NULL,
    what        TEXT NOT NULL,
    since       TEXT NOT NULL,
    PRIMARY KEY (application, about)
) STRICT, WITHOUT ROWID;
