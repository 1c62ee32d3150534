-- meta gets 'secret' (16 random bytes), 'horizon' (changes of later revisions are all kept),
-- 'logged' (how many of those there are), 'compacted' (up to which change the log was looked
-- through for what may go) and 'index_version' (who made the index below).
INSERT INTO meta (key, value) VALUES ('horizon', 0), ('compacted', 0), ('index_version', 0);
INSERT INTO meta (key, value) SELECT 'logged', count(*) FROM change;

-- document: what conditions and orders look at. places: what the row has in `listing` and `moment`
-- (sqlite_index.c), so that it can be taken out again.
ALTER TABLE resource ADD COLUMN document TEXT NOT NULL DEFAULT '{}';
ALTER TABLE resource ADD COLUMN places BLOB NOT NULL DEFAULT x'';

-- Below which parents a resource is listed: its own and others. A page of a list below a parent is
-- one range. id is the resource's.
CREATE TABLE listing (
    parent         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    delete_time_us INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    PRIMARY KEY (parent, type, name)
) STRICT, WITHOUT ROWID;

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
