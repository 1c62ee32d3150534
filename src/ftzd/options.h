// The daemon's command line.
//
// options_parse exits by itself for --help, --version and for usage errors (status 2). Everything
// it returns lives as long as the process.
#ifndef FTZD_OPTIONS_H
#define FTZD_OPTIONS_H

#include "registry/write/maintain.h"

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_MAX_LISTEN = 16, OPTIONS_MAX_SEED = 64 };

typedef struct options {
    const char *listen[OPTIONS_MAX_LISTEN];
    size_t listen_count;
    bool default_listen; // none was asked for: of these only the first must be had
    const char *store;   // "sqlite:PATH"
    const char *seeds[OPTIONS_MAX_SEED];
    size_t seed_count;
    bool allow_anonymous_writes;
    bool echo;
    unsigned threads;
    size_t cache_bytes;
    unsigned drain_ms;
    registry_upkeep upkeep;
    bool verbose;
} options;

void options_parse(options *o, int argc, char **argv);

#endif
