#include "cli.h"

#include "import_plan.h"
#include "input.h"
#include "output.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEAD_SIZE = 4096, MAX_FAULTS = 100, COMMIT_TIMEOUT_MS = 600000 };
static const size_t max_file_size = (size_t)1 << 30;

// A file of lines, open, with what has been read of it to tell that it is one.
typedef struct source {
    const char *name;
    FILE *file;
    buffer head;
} source;

typedef struct importing {
    cli *c;
    import_plan plan;
    source *sources;
    size_t source_count;
    ftz_import *import;     // NULL: none under way
    int64_t in_import;      // records of it
    int64_t sent;           // records of all
    Ftz__V1__Import *total; // of what is committed; NULL: nothing yet
    progress progress;
    double size, consumed; // bytes of the sources; size 0: not known
} importing;

// --- reading ------------------------------------------------------------------------------------

static nrpc_code add_source(importing *i, const char *name, FILE *file, buffer *head,
                            nrpc_status *status)
{
    source *sources = reallocarray(i->sources, i->source_count + 1, sizeof(*sources));
    if (!sources)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    i->sources = sources;
    i->sources[i->source_count++] = (source){name, file, *head};
    *head = (buffer){0};
    return NRPC_OK;
}

static nrpc_code read_file(importing *i, const char *path, nrpc_status *status)
{
    nrpc_status failure = {0};
    buffer text = {.limit = max_file_size};
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    FILE *file = input_open(path, &failure);
    if (file) {
        uint8_t *room = buffer_reserve(&text, HEAD_SIZE);
        text.size = room ? fread(room, 1, HEAD_SIZE, file) : 0;
        if (import_is_lines(&i->plan, (const char *)text.data, text.size)) {
            if (!add_source(i, name, file, &text, &failure))
                file = NULL;
        } else if (!input_take(file, path, &text, &failure)) {
            import_plan_add(&i->plan, name, (const char *)text.data, text.size, status);
        }
        input_close(file);
    }
    buffer_fini(&text);
    nrpc_code code = failure.code;
    if (code) { // says more than what is wrong with the records of other files
        nrpc_status_fini(status);
        nrpc_status_move(status, &failure);
    }
    return code;
}

static nrpc_code read_files(importing *i, nrpc_status *status)
{
    const cli_options *o = &i->c->options;
    for (size_t n = 0; n < o->arg_count; n++)
        if (read_file(i, o->args[n], status))
            break;
    if (!status->code && !i->plan.record_count && !i->source_count)
        nrpc_status_set(status, NRPC_INVALID_ARGUMENT, "NO_RECORDS", "no file holds a record");
    return status->code;
}

// --- sending ------------------------------------------------------------------------------------

static void add_up(importing *i, Ftz__V1__Import *done)
{
    if (i->total) {
        done->records += i->total->records;
        done->created += i->total->created;
        done->updated += i->total->updated;
        done->unchanged += i->total->unchanged;
    }
    ftz_free(i->total);
    i->total = done;
}

static nrpc_code commit(importing *i, nrpc_status *status)
{
    progress_say(&i->progress, "committing");
    Ftz__V1__Import *done = ftz_import_commit(i->import, status);
    if (!done)
        return status->code;
    add_up(i, done);
    ftz_import_free(i->import);
    i->import = NULL;
    i->plan.base += (size_t)i->in_import;
    i->in_import = 0;
    return NRPC_OK;
}

static nrpc_code send(importing *i, const void *record, size_t size, nrpc_status *status)
{
    const cli_options *o = &i->c->options;
    if (!i->import && !(i->import = ftz_import_begin(i->c->client, o->dry_run, status)))
        return status->code;
    if (ftz_import_add_packed(i->import, record, size, status))
        return status->code;
    i->in_import++;
    i->sent++;
    progress_show(&i->progress, i->sent, i->size > 0 ? i->consumed / i->size : -1);
    return o->batch && i->in_import == o->batch ? commit(i, status) : NRPC_OK;
}

// Faults of lines are collected, and nothing is sent any more behind the first.
static nrpc_code send_lines(importing *i, source *s, nrpc_status *status)
{
    input_lines lines;
    buffer packed = {0};
    nrpc_status failure = {0};
    const char *text;
    size_t size;
    double before = i->consumed;
    input_lines_init(&lines, s->file, s->name, &s->head);
    while (status->violation_count < MAX_FAULTS &&
           input_lines_next(&lines, &text, &size, &failure)) {
        buffer_clear(&packed);
        if (!import_plan_add_line(&i->plan, s->name, lines.number, text, size, &packed, status) &&
            send(i, packed.data, packed.size, &failure))
            break;
        i->consumed = before + (double)lines.consumed;
    }
    if (failure.code) {
        nrpc_status_fini(status);
        nrpc_status_move(status, &failure);
    }
    buffer_fini(&packed);
    input_lines_fini(&lines);
    return status->code;
}

static void measure_sources(importing *i)
{
    struct stat info;
    for (size_t n = 0; n < i->source_count; n++) {
        if (fstat(fileno(i->sources[n].file), &info) || !S_ISREG(info.st_mode)) {
            i->size = 0;
            return;
        }
        i->size += (double)info.st_size;
    }
}

static nrpc_code send_all(importing *i, nrpc_status *status)
{
    const import_plan *plan = &i->plan;
    progress_begin(&i->progress, i->c, "sent");
    measure_sources(i);
    for (size_t n = 0; n < plan->record_count && !status->code; n++)
        send(i, plan->packed.data + plan->records[n].offset, plan->records[n].size, status);
    for (size_t n = 0; n < i->source_count && !status->code; n++)
        send_lines(i, &i->sources[n], status);
    if (!status->code && i->import) // the last batch may have been full
        commit(i, status);
    progress_end(&i->progress);
    return status->code;
}

// --- the command --------------------------------------------------------------------------------

static nrpc_code print_result(cli *c, const Ftz__V1__Import *result, nrpc_status *status)
{
    if (cli_output(c) == OUTPUT_TABLE) {
        printf("%screated %" PRId64 ", updated %" PRId64 ", unchanged %" PRId64
               "; revision %" PRId64 "\n",
               c->options.dry_run ? "nothing written; would have " : "", result->created,
               result->updated, result->unchanged, result->revision);
        return NRPC_OK;
    }
    size_t size = ftz__v1__import__get_packed_size(result);
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return nrpc_status_set(status, NRPC_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "out of memory");
    ftz__v1__import__pack(result, bytes);
    output_message(c, cli_output(c), schema_find_message(cli_known(c), "ftz.v1.Import"), bytes,
                   size, status);
    free(bytes);
    return status->code;
}

static void importing_fini(importing *i)
{
    for (size_t n = 0; n < i->source_count; n++) {
        input_close(i->sources[n].file);
        buffer_fini(&i->sources[n].head);
    }
    free(i->sources);
    ftz_import_free(i->import);
    ftz_free(i->total);
    import_plan_fini(&i->plan);
}

int run_import(cli *c)
{
    nrpc_status status = {0};
    importing i = {.c = c};
    if (c->options.batch && c->options.dry_run)
        return cli_usage(c, "--dry-run checks all records together: leave out --batch");
    if (!c->options.timeout_ms)
        c->options.timeout_ms = COMMIT_TIMEOUT_MS;
    import_plan_init(&i.plan, cli_known(c));
    if (!read_files(&i, &status) && !cli_client(c, &status))
        send_all(&i, &status);
    if (!status.code)
        print_result(c, i.total, &status);
    else
        import_plan_locate_all(&i.plan, &status);
    if (status.code && i.total && !c->options.dry_run)
        fprintf(stderr, "ftz: the %zu records before are written\n", i.plan.base);
    importing_fini(&i);
    return status.code ? cli_fail(c, &status) : cli_finish();
}
