-- What the file says about itself. Keys: 'store_id', 'revision' (the newest one committed).
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value ANY  NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('revision', 0);

-- The resources as they are now. Columns are named as the fields of store_record; conditions of a
-- store_query speak of them. `extra` stands last: a basic view never reads past `body`.
CREATE TABLE resource (
    id             INTEGER PRIMARY KEY,
    type           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    parent         TEXT    NOT NULL,
    uid            TEXT    NOT NULL,
    revision       INTEGER NOT NULL,
    create_time_us INTEGER NOT NULL,
    update_time_us INTEGER NOT NULL,
    delete_time_us INTEGER NOT NULL,
    purge_time_us  INTEGER NOT NULL,
    body           BLOB    NOT NULL,
    extra          BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX resource_by_name ON resource (name);
-- A page of one type, or of one type below one parent, is one range of an index. The time of
-- deletion stands behind the name so that deleted rows are stepped over without being read.
CREATE INDEX resource_by_type ON resource (type, name, delete_time_us);
CREATE INDEX resource_by_parent ON resource (parent, type, name, delete_time_us);

-- Every change ever made. id is (revision << 24) + index: appending never moves anything, a run
-- of revisions is a range of rows, and each index below ends in (revision, index) by itself.
CREATE TABLE change (
    id             INTEGER PRIMARY KEY,
    revision       INTEGER AS (id >> 24) VIRTUAL,
    operation      INTEGER NOT NULL,
    time_us        INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    request_id     TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    parent         TEXT    NOT NULL,
    uid            TEXT    NOT NULL,
    create_time_us INTEGER NOT NULL,
    update_time_us INTEGER NOT NULL,
    delete_time_us INTEGER NOT NULL,
    purge_time_us  INTEGER NOT NULL,
    body           BLOB    NOT NULL,
    extra          BLOB    NOT NULL
) STRICT;

CREATE INDEX change_by_name ON change (name);
