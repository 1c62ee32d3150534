// The floor under every write: a bare loop over SQLite that puts the rows of one registry's file
// into another, and does nothing else.
//
// usage: rows FROM TO COMMIT [AFTER_ID]
//   FROM      a registry's SQLite file, closed; what its resources wrote is read into memory first
//   TO        another one, made by the same server: without those resources
//   COMMIT    resources a transaction; 0: all in one
//   AFTER_ID  only resources with a larger id; 0
//
// Writes for each resource just what a server writes: the row, its listings, search tokens,
// moments, its line in the change log, the request remembered, and with each commit the revision.
// Settings of the connection are the server's. Prints: rows=N seconds=S rate=R
#include "base/clock.h"
#include "base/macros.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 32 };

// A table, and how its rows are found that belong to the resource with id ?1 and name ?2.
typedef struct table {
    const char *name, *of_resource;
    int columns;
    sqlite3_stmt *select, *insert;
} table;

static table tables[] = {
    {.name = "resource", .of_resource = "id = ?1"},
    {.name = "listing",
     .of_resource = "id = ?1 AND type = (SELECT type FROM resource WHERE id = ?1)"},
    {.name = "search", .of_resource = "rowid = ?1"},
    {.name = "moment", .of_resource = "id = ?1"},
    {.name = "change", .of_resource = "name = ?2"},
    {.name = "request",
     .of_resource =
         "id = (SELECT request_id FROM change WHERE name = ?2 ORDER BY id DESC LIMIT 1)"},
};

typedef struct row {
    table *table;
    struct row *next;
    sqlite3_value *values[];
} row;

static sqlite3 *open_file(const char *path)
{
    sqlite3 *db;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)) {
        fprintf(stderr, "rows: %s: %s\n", path, sqlite3_errmsg(db));
        exit(1);
    }
    return db;
}

static void check(sqlite3 *db, int rc)
{
    if (rc && rc != SQLITE_ROW && rc != SQLITE_DONE) {
        fprintf(stderr, "rows: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static void run(sqlite3 *db, const char *sql)
{
    check(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

// The columns that hold something: not those that SQLite works out.
static void prepare(table *t, sqlite3 *from, sqlite3 *to)
{
    char columns[1024] = "", marks[128] = "", sql[2048];
    sqlite3_stmt *info;
    snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_xinfo('%s') WHERE hidden = 0",
             t->name);
    check(from, sqlite3_prepare_v2(from, sql, -1, &info, NULL));
    if (!strcmp(t->name, "search")) {
        strcat(columns, "rowid");
        strcat(marks, "?");
        t->columns = 1;
    }
    while (sqlite3_step(info) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(info, 0);
        if (!strcmp(t->name, "request") && !strcmp(name, "n"))
            continue; // the next one there
        if (t->columns++) {
            strcat(columns, ", ");
            strcat(marks, ", ");
        }
        strcat(columns, name);
        strcat(marks, "?");
    }
    sqlite3_finalize(info);
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s", columns, t->name, t->of_resource);
    check(from, sqlite3_prepare_v2(from, sql, -1, &t->select, NULL));
    snprintf(sql, sizeof sql, "INSERT INTO %s (%s) VALUES (%s)", t->name, columns, marks);
    check(to, sqlite3_prepare_v2(to, sql, -1, &t->insert, NULL));
}

// `last` is where the next row is hung.
static void read_rows(table *t, int64_t id, const char *name, row ***last)
{
    sqlite3_bind_int64(t->select, 1, id);
    if (sqlite3_bind_parameter_count(t->select) > 1 || strstr(t->of_resource, "?2"))
        sqlite3_bind_text(t->select, 2, name, -1, SQLITE_STATIC);
    while (sqlite3_step(t->select) == SQLITE_ROW) {
        row *r = calloc(1, sizeof *r + (size_t)t->columns * sizeof r->values[0]);
        r->table = t;
        for (int i = 0; i < t->columns; i++)
            r->values[i] = sqlite3_value_dup(sqlite3_column_value(t->select, i));
        **last = r;
        *last = &r->next;
    }
    sqlite3_reset(t->select);
}

static void write_row(sqlite3 *to, const row *r)
{
    for (int i = 0; i < r->table->columns; i++)
        sqlite3_bind_value(r->table->insert, i + 1, r->values[i]);
    check(to, sqlite3_step(r->table->insert));
    sqlite3_reset(r->table->insert);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: rows FROM TO COMMIT [AFTER_ID]\n");
        return 2;
    }
    long commit = atol(argv[3]);
    int64_t after = argc > 4 ? atoll(argv[4]) : 0;
    sqlite3 *from = open_file(argv[1]), *to = open_file(argv[2]);
    run(to, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -8192;"
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
            "PRAGMA journal_size_limit = 67108864;");
    // Finding what belongs to a resource is not measured.
    run(from, "CREATE INDEX IF NOT EXISTS temp_listing ON listing (id);"
              "CREATE INDEX IF NOT EXISTS temp_moment ON moment (id)");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        prepare(&tables[i], from, to);

    row *all = NULL, **last = &all;
    int64_t count = 0;
    sqlite3_stmt *ids, *revise, *newest;
    check(from, sqlite3_prepare_v2(from, "SELECT id, name FROM resource WHERE id > ?1 ORDER BY id",
                                   -1, &ids, NULL));
    sqlite3_bind_int64(ids, 1, after);
    while (sqlite3_step(ids) == SQLITE_ROW) {
        for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
            // A request of many resources is remembered once.
            if (!strcmp(tables[i].name, "request") && !commit && count)
                continue;
            read_rows(&tables[i], sqlite3_column_int64(ids, 0),
                      (const char *)sqlite3_column_text(ids, 1), &last);
        }
        count++;
    }
    sqlite3_finalize(ids);

    check(to, sqlite3_prepare_v2(to, "SELECT value FROM meta WHERE key = 'revision'", -1, &newest,
                                 NULL));
    check(to, sqlite3_prepare_v2(to, "UPDATE meta SET value = ?1 WHERE key = 'revision'", -1,
                                 &revise, NULL));
    sqlite3_step(newest);
    int64_t revision = sqlite3_column_int64(newest, 0), written = 0;
    sqlite3_finalize(newest);
    int64_t start = clock_now_ns();
    for (row *r = all; r;) {
        run(to, "BEGIN IMMEDIATE");
        for (long n = 0; r && (n < commit || !commit); n++) {
            do {
                write_row(to, r);
                r = r->next;
            } while (r && r->table != &tables[0]);
            written++;
        }
        sqlite3_bind_int64(revise, 1, ++revision);
        check(to, sqlite3_step(revise));
        sqlite3_reset(revise);
        run(to, "COMMIT");
    }
    double seconds = (double)(clock_now_ns() - start) / 1e9;
    printf("rows=%lld seconds=%.3f rate=%.1f\n", (long long)written, seconds,
           (double)written / seconds);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        sqlite3_finalize(tables[i].select);
        sqlite3_finalize(tables[i].insert);
    }
    sqlite3_finalize(revise);
    run(from, "DROP INDEX temp_listing; DROP INDEX temp_moment");
    sqlite3_close(from);
    sqlite3_close(to);
    return 0;
}
