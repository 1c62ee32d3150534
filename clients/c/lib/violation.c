#include "lib/violation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void violation_rename(nrpc_status *status, size_t index, char *field)
{
    nrpc_violation *violation = &status->violations[index];
    size_t size = strlen(violation->field);
    char *message;
    if (status->message && strncmp(status->message, violation->field, size) == 0 &&
        status->message[size] == ':' &&
        asprintf(&message, "%s%s", field, status->message + size) >= 0) {
        free(status->message);
        status->message = message;
    }
    for (size_t i = 0; i < status->metadata_count; i++) {
        nrpc_status_entry *entry = &status->metadata[i];
        char *copy = NULL;
        if (entry->key && entry->value && strcmp(entry->key, "field") == 0 &&
            strcmp(entry->value, violation->field) == 0 && (copy = strdup(field))) {
            free(entry->value);
            entry->value = copy;
        }
    }
    free(violation->field);
    violation->field = field;
}
