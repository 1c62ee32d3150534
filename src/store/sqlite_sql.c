#include "store/sqlite.h"

#include <stdlib.h>

// In the order of sqlite_column.
#define COMMON "type, name, parent, uid, "
#define TIMES  "create_time_us, update_time_us, delete_time_us, purge_time_us, body, "
#define ROW    COMMON "revision, " TIMES
#define LOGGED ", 0, operation, id, time_us, actor, request_id"

#define LISTED                                                                                     \
    "r.type, r.name, r.parent, r.uid, r.revision, r.create_time_us, r.update_time_us, "            \
    "r.delete_time_us, r.purge_time_us, r.body, "

// What migration 2 calls facts.
#define FACT(type, document, path)                                                                 \
    "CASE WHEN " type " = 'Event' THEN " document " ->> '$." path "' END"

static const char *const texts[STATEMENT_LIST] = {
    [STATEMENT_BEGIN] = "BEGIN",
    [STATEMENT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_SAVEPOINT] = "SAVEPOINT writer",
    [STATEMENT_ROLLBACK_TO] = "ROLLBACK TO writer",
    [STATEMENT_RELEASE] = "RELEASE writer",
    [STATEMENT_META] = "SELECT value FROM meta WHERE key = ?1",
    [STATEMENT_SET_META] = "UPDATE meta SET value = ?2 WHERE key = ?1",
    [STATEMENT_SET_REVISION] =
        "UPDATE meta SET value = CASE key WHEN 'revision' THEN ?1 ELSE value + ?2 END"
        " WHERE key IN ('revision', 'logged')",
    [STATEMENT_GET] = "SELECT " ROW "NULL, id FROM resource WHERE name = ?1",
    [STATEMENT_GET_EXTRA] = "SELECT " ROW "extra, id FROM resource WHERE name = ?1",
    [STATEMENT_ROW] = "SELECT " ROW "NULL, id FROM resource WHERE id = ?1",
    [STATEMENT_ROW_EXTRA] = "SELECT " ROW "extra, id FROM resource WHERE id = ?1",
    [STATEMENT_GET_AT] = "SELECT " ROW "NULL" LOGGED " FROM change"
                         " WHERE name = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1",
    [STATEMENT_GET_AT_EXTRA] = "SELECT " ROW "extra" LOGGED " FROM change"
                               " WHERE name = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1",
    [STATEMENT_CHANGES] =
        "SELECT " ROW "extra" LOGGED " FROM change WHERE id > ?1 AND id <= ?2"
        " AND substr(name, 1, length(?3)) = ?3 AND (?4 = '' OR instr(?4, ' ' || type || ' '))"
        " ORDER BY id",
    [STATEMENT_CHANGE_AFTER] = "SELECT id FROM change WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
    [STATEMENT_CHANGES_OF] = "SELECT " ROW "extra" LOGGED " FROM change"
                             " WHERE name = ?1 AND id < ?2 AND (id > ?3 OR operation <> ?4 AND"
                             " id = (SELECT max(id) FROM change WHERE name = ?1 AND id <= ?3))"
                             " ORDER BY id DESC",
    [STATEMENT_EXPIRED] = "SELECT " ROW "NULL, id FROM resource"
                          " WHERE purge_time_us > 0 AND purge_time_us <= ?1"
                          " ORDER BY purge_time_us LIMIT ?2",
    [STATEMENT_FORGET] = "DELETE FROM request WHERE n < (SELECT min(n) FROM request) + ?2"
                         " AND time_us < ?1",
    [STATEMENT_NEXT_CHANGE] = "SELECT id, time_us, operation, name FROM change"
                              " WHERE id > ?1 ORDER BY id LIMIT 1",
    [STATEMENT_LAST_CHANGE] = "SELECT id FROM change WHERE id <= ?1 ORDER BY id DESC LIMIT 1",
    [STATEMENT_DROP_CHANGES] = "DELETE FROM change WHERE name = ?1 AND id <= ?2",
    [STATEMENT_SEARCH] =
        "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid > ?2 ORDER BY rowid",
    [STATEMENT_ALIVE] = "SELECT delete_time_us FROM resource WHERE name = ?1",
    [STATEMENT_FIND] = "SELECT id, create_time_us, delete_time_us, purge_time_us, document, places"
                       " FROM resource WHERE name = ?1",
    [STATEMENT_CHILDREN] = "SELECT " LISTED "r.extra, r.id"
                           " FROM listing l CROSS JOIN resource r ON r.id = l.id"
                           " WHERE l.parent = ?1 AND l.delete_time_us = 0 AND r.parent = ?1"
                           " ORDER BY l.type, l.name",
    [STATEMENT_INSERT] =
        "INSERT INTO resource (" ROW "extra, document, places, event_type, event_first, event_last)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " " FACT("?1", "?12", "type") ", " FACT("?1", "?12", "date.first") ", " FACT(
            "?1", "?12", "date.last") ")",
    [STATEMENT_UPDATE] = "UPDATE resource SET uid = ?2, revision = ?3, create_time_us = ?4,"
                         " update_time_us = ?5, body = ?6, extra = ?7 WHERE id = ?1",
    [STATEMENT_UPDATE_INDEXED] =
        "UPDATE resource SET delete_time_us = ?2, purge_time_us = ?3, document = ?4, places = ?5,"
        " event_type = " FACT(
            "type", "?4", "type") ","
                                  " event_first = " FACT(
                                      "type", "?4", "date.first") ","
                                                                  " event_last = " FACT(
                                                                      "type", "?4",
                                                                      "date.last") " WHERE id = ?1",
    [STATEMENT_DELETE] = "DELETE FROM resource WHERE id = ?1",
    [STATEMENT_NEXT] = "SELECT " ROW "extra, id FROM resource WHERE id > ?1 ORDER BY id LIMIT 1",
    [STATEMENT_LISTING_PUT] =
        "INSERT OR REPLACE INTO listing (parent, type, name, delete_time_us, id, event_type,"
        " event_first, event_last)"
        " SELECT ?1, ?2, ?3, ?4, id, event_type, event_first, event_last FROM resource"
        " WHERE id = ?5",
    [STATEMENT_LISTING_FACTS] =
        "UPDATE listing SET event_type = r.event_type, event_first = r.event_first,"
        " event_last = r.event_last FROM resource AS r WHERE r.id = ?4 AND listing.parent = ?1"
        " AND listing.type = ?2 AND listing.name = ?3 AND (listing.event_type IS NOT r.event_type"
        " OR listing.event_first IS NOT r.event_first OR listing.event_last IS NOT r.event_last)",
    [STATEMENT_LISTING_REMOVE] =
        "DELETE FROM listing WHERE parent = ?1 AND type = ?2 AND name = ?3",
    [STATEMENT_MOMENT_PUT] = "INSERT OR REPLACE INTO moment"
                             " (scope, first, precision, kind, name, path, last, id)"
                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_MOMENT_REMOVE] = "DELETE FROM moment WHERE scope = ?1 AND first = ?2"
                                " AND precision = ?3 AND kind = ?4 AND name = ?5 AND path = ?6",
    [STATEMENT_SEARCH_GET] = "SELECT c0, c1, c2, c3, c4 FROM search WHERE rowid = ?1",
    [STATEMENT_SEARCH_ADD] = "INSERT INTO search (rowid, c0, c1, c2, c3, c4)"
                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_SEARCH_REPLACE] = "UPDATE search SET c0 = ?2, c1 = ?3, c2 = ?4, c3 = ?5, c4 = ?6"
                                 " WHERE rowid = ?1",
    [STATEMENT_SEARCH_REMOVE] = "DELETE FROM search WHERE rowid = ?1",
    [STATEMENT_RECALL] = "SELECT fingerprint, revision, time_us, answer FROM request"
                         " WHERE id = ?1 AND time_us >= ?2",
    [STATEMENT_REMEMBER] = "INSERT OR REPLACE INTO request"
                           " (id, fingerprint, revision, time_us, answer)"
                           " VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_LOG] =
        "INSERT INTO change (" COMMON TIMES "extra, operation, id, time_us, actor, request_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
};

const char *sqlite_sql(int statement)
{
    return texts[statement];
}

int sqlite_query_shape(const store_query *q)
{
    return (q->parent ? 1 : 0) | (q->after ? 2 : 0) | (q->show_deleted ? 4 : 0) |
           (q->with_extra ? 8 : 0);
}

bool sqlite_query_sql(buffer *sql, const store_query *q, bool count)
{
    buffer_append_text(sql, "SELECT ");
    const char *from = q->parent ? "l" : "r";
    buffer_append_text(sql, count ? "count(*)" : q->with_extra ? LISTED "r.extra" : LISTED "NULL");
    if (!count)
        buffer_append_text(sql, ", r.id");
    // Nothing may ever talk the planner out of reading just the page.
    buffer_append_text(sql, !q->parent ? " FROM resource r INDEXED BY resource_by_type"
                            : count    ? " FROM listing l"
                                       : " FROM listing l CROSS JOIN resource r ON r.id = l.id");
    buffer_printf(sql, " WHERE %s.type = ?", from);
    if (q->parent)
        buffer_append_text(sql, " AND l.parent = ?");
    if (q->after && !count)
        buffer_printf(sql, " AND %s.name > ?", from);
    if (!q->show_deleted)
        buffer_printf(sql, " AND %s.delete_time_us = 0", from);
    if (!count)
        buffer_printf(sql, " ORDER BY %s.name", from);
    return buffer_append_byte(sql, '\0') && !sql->failed;
}

void sqlite_bind_text(sqlite_binder *b, const char *text)
{
    int rc = sqlite3_bind_text(b->stmt, ++b->index, text ? text : "", -1, SQLITE_STATIC);
    b->rc = b->rc ? b->rc : rc;
}

void sqlite_bind_int(sqlite_binder *b, int64_t value)
{
    int rc = sqlite3_bind_int64(b->stmt, ++b->index, value);
    b->rc = b->rc ? b->rc : rc;
}

void sqlite_bind_bytes(sqlite_binder *b, store_bytes bytes)
{
    const void *data = bytes.size ? bytes.data : ""; // NULL would bind NULL
    int rc = sqlite3_bind_blob64(b->stmt, ++b->index, data, bytes.size, SQLITE_STATIC);
    b->rc = b->rc ? b->rc : rc;
}

void sqlite_bind_chars(sqlite_binder *b, store_bytes text)
{
    const char *data = text.size ? text.data : "";
    int rc = sqlite3_bind_text64(b->stmt, ++b->index, data, text.size, SQLITE_STATIC, SQLITE_UTF8);
    b->rc = b->rc ? b->rc : rc;
}

void sqlite_bind_value(sqlite_binder *b, const store_value *value)
{
    int rc = SQLITE_MISUSE;
    switch (value->kind) {
    case STORE_NULL:
        rc = sqlite3_bind_null(b->stmt, ++b->index);
        break;
    case STORE_INTEGER:
        rc = sqlite3_bind_int64(b->stmt, ++b->index, value->integer);
        break;
    case STORE_REAL:
        rc = sqlite3_bind_double(b->stmt, ++b->index, value->real);
        break;
    case STORE_TEXT:
        rc = sqlite3_bind_text(b->stmt, ++b->index, value->text, -1, SQLITE_STATIC);
        break;
    }
    b->rc = b->rc ? b->rc : rc;
}

void sqlite_bind_owned(sqlite_binder *b, char *text)
{
    int rc = text ? sqlite3_bind_text(b->stmt, ++b->index, text, -1, free) : SQLITE_NOMEM;
    b->rc = b->rc ? b->rc : rc;
}
