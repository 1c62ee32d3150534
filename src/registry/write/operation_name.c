#include "registry/registry_private.h"
#include "registry/write/mask.h"
#include "registry/write/operation.h"

#include <stdio.h>
#include <string.h>

enum { ANY_KIND = (1 << RESOURCE_KINDS) - 1 };

const char *operation_place_field(const registry_operation *op, const char *field,
                                  char out[OPERATION_FIELD_SIZE])
{
    snprintf(out, OPERATION_FIELD_SIZE, "%s%s%s", op->place, *op->place ? "." : "", field);
    return out;
}

const char *operation_resource_field(const registry_operation *op, const char *field,
                                     char out[OPERATION_FIELD_SIZE])
{
    char place[OPERATION_FIELD_SIZE];
    snprintf(out, OPERATION_FIELD_SIZE, "%s.%s",
             operation_place_field(op, op->resource_field, place), field);
    return out;
}

// The field that says which resource it is.
const char *operation_name_field(const registry_operation *op, char out[OPERATION_FIELD_SIZE])
{
    if (op->action == REGISTRY_DELETE || op->action == REGISTRY_UNDELETE)
        return operation_place_field(op, "name", out);
    return op->id ? operation_place_field(op, op->id_field, out)
                  : operation_resource_field(op, "name", out);
}

static const char *own_name(const registry_operation *op)
{
    const char *text =
        *(const char *const *)(const void *)((const char *)op->resource + op->type->name_offset);
    return text ? text : "";
}

static bool good_parent(const registry *r, const registry_operation *op, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    const resource_type *type = resource_parent_type(r->types, op->type);
    resource_name name;
    parent_name parent;
    operation_place_field(op, "parent", field);
    if (!op->type->parent_collection)
        return true;
    if (type)
        return !name_parse(type, op->parent, field, false, &name, status);
    if (name_parse_parent(op->type, op->parent, field, &parent, status))
        return false;
    if (parent.all)
        name_violate(status, field, "NAME_MALFORMED", op->parent,
                     "'%s' stands for all; one is needed", op->parent);
    return !parent.all;
}

static bool good_id(const registry_operation *op, nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    bool code = op->type->id_is_code;
    if (code ? name_is_code(op->id, strlen(op->id)) : name_is_id(op->id, strlen(op->id)))
        return true;
    name_violate(status, operation_name_field(op, field), *op->id ? "ID_MALFORMED" : "REQUIRED",
                 op->id, "'%.64s' is no id of a %s: %s", op->id, op->type->noun,
                 code ? "[a-z][a-z0-9_]{0,62}" : "[a-z0-9][a-z0-9_-]{0,62}");
    return false;
}

static nrpc_code name_by_id(const registry *r, const registry_operation *op, resource_name *name,
                            nrpc_status *status)
{
    bool parent = good_parent(r, op, status), id = good_id(op, status);
    if (!parent || !id)
        return status->code;
    char text[2 * NAME_MAX_SIZE], field[OPERATION_FIELD_SIZE];
    bool top = !op->type->parent_collection;
    snprintf(text, sizeof text, "%s%s%s/%s", top ? "" : op->parent, top ? "" : "/",
             op->type->collection, op->id);
    return name_parse(op->type, text, operation_name_field(op, field), false, name, status);
}

nrpc_code operation_name(const registry *r, const registry_operation *op, resource_name *name,
                         nrpc_status *status)
{
    char field[OPERATION_FIELD_SIZE];
    *name = (resource_name){0};
    operation_name_field(op, field);
    if (op->action == REGISTRY_DELETE || op->action == REGISTRY_UNDELETE)
        return op->type ? name_parse(op->type, op->name, field, false, name, status)
                        : name_parse_any(r->types, ANY_KIND, op->name, field, name, status);
    if (op->action == REGISTRY_UPDATE && op->type) {
        char mask_field[OPERATION_FIELD_SIZE];
        mask m = {op->mask_paths, op->mask_count,
                  operation_place_field(op, "update_mask", mask_field)};
        mask_check(r->messages[op->type->kind], &m, status);
    }
    if (!op->resource)
        name_violate(status, operation_place_field(op, op->resource_field, field), "REQUIRED", "",
                     "is required");
    if (op->id)
        return name_by_id(r, op, name, status);
    if (op->resource)
        return name_parse(op->type, own_name(op), field, false, name, status);
    return status->code;
}
