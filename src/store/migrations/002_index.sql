-- meta gets 'secret' (16 random bytes), 'horizon' (changes of later revisions are all kept),
-- 'logged' (how many of those there are), 'compacted' (up to which change the log was looked
-- through for what may go) and 'index_version' (who made the index below).
INSERT INTO meta (key, value) VALUES ('horizon', 0), ('compacted', 0), ('index_version', 0);
INSERT INTO meta (key, value) SELECT 'logged', count(*) FROM change;

-- document: what conditions and orders look at. places: what the row has in `listing` and `moment`
-- (sqlite_index.c), so that it can be taken out again.
ALTER TABLE resource ADD COLUMN document TEXT NOT NULL DEFAULT '{}';
ALTER TABLE resource ADD COLUMN places BLOB NOT NULL DEFAULT x'';

-- Facts by which a million events are filtered and ordered: document ->> '$.type', '$.date.first' and
-- '$.date.last' of events, NULL of all else. They are columns of the indices below, which partly are
-- of events only. Every index holds them all, so that a filter on them reads no rows.
ALTER TABLE resource ADD COLUMN event_type TEXT;
ALTER TABLE resource ADD COLUMN event_first INTEGER;
ALTER TABLE resource ADD COLUMN event_last INTEGER;

DROP INDEX resource_by_type;
CREATE INDEX resource_by_type
    ON resource (type, name, delete_time_us, event_type, event_first, event_last);
CREATE INDEX resource_event_by_type
    ON resource (event_type, name, delete_time_us, event_first, event_last)
    WHERE type = 'Event';
CREATE INDEX resource_event_by_date
    ON resource (event_first, event_last DESC, name, delete_time_us, event_type)
    WHERE type = 'Event';

-- Below which parents a resource is listed: its own and others. A page of a list below a parent is
-- one range. id is the resource's; the facts are, too: whenever it is written, so is this.
CREATE TABLE listing (
    parent         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    delete_time_us INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    event_type     TEXT,
    event_first    INTEGER,
    event_last     INTEGER,
    PRIMARY KEY (parent, type, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX listing_event_by_type
    ON listing (parent, event_type, name, delete_time_us, event_first, event_last, id)
    WHERE type = 'Event';
CREATE INDEX listing_event_by_date
    ON listing (parent, event_first, event_last DESC, name, delete_time_us, event_type, id)
    WHERE type = 'Event';

INSERT INTO listing (parent, type, name, delete_time_us, id)
SELECT parent, type, name, delete_time_us, id FROM resource ORDER BY parent, type, name;

DROP INDEX resource_by_parent;

CREATE INDEX resource_by_purge ON resource (purge_time_us) WHERE purge_time_us > 0;

-- The search tokens of what is not deleted; rowid is the resource's id. Every byte from 0x80 on
-- belongs to a token, so the tokens are those of the registry, whatever the script.
CREATE VIRTUAL TABLE search USING fts5 (
    c0, c1, c2, c3, c4, tokenize = 'ascii', detail = 'column', columnsize = 0
);

-- The moments of what is not deleted, once in each scope; the scope of all is ''.
CREATE TABLE moment (
    scope     TEXT    NOT NULL,
    first     INTEGER NOT NULL,
    precision INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    path      TEXT    NOT NULL,
    last      INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    PRIMARY KEY (scope, first, precision, kind, name, path)
) STRICT, WITHOUT ROWID;

-- What writes answered. n ascends with the time.
CREATE TABLE request (
    n           INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL,
    fingerprint INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    time_us     INTEGER NOT NULL,
    answer      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX request_by_id ON request (id);
