#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pbwire.h"
#include "unit/schema_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static schema *pool;

uint8_t *fixture_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    buffer b = {0};
    if (!file)
        fail_msg("cannot open %s", path);
    size_t n;
    while ((n = fread(buffer_reserve(&b, 65536), 1, 65536, file)) > 0)
        b.size += n;
    fclose(file);
    return (uint8_t *)buffer_take(&b, size);
}

int fixture_setup(void **state)
{
    (void)state;
    nrpc_status status = {0};
    size_t size;
    uint8_t *data = fixture_read(SCHEMA_TEST_SET, &size);
    if (schema_load(data, size, &pool, &status))
        fail_msg("%s", status.message);
    free(data);
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    schema_free(pool);
    pool = NULL;
    return 0;
}

const schema *fixture_pool(void)
{
    return pool;
}

const schema_message *fixture_type(const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "schema.test.%s", name);
    const schema_message *type = schema_find_message(pool, full);
    assert_non_null(type);
    return type;
}

static void put_varint(buffer *b, uint64_t value)
{
    uint8_t *p = buffer_reserve(b, PBWIRE_MAX_VARINT);
    b->size = (size_t)(pbwire_put_varint(p, value) - b->data);
}

void put_number(buffer *b, uint32_t number, uint64_t value)
{
    put_varint(b, (uint64_t)number << 3 | PBWIRE_VARINT);
    put_varint(b, value);
}

static void put_bytes(buffer *b, uint32_t number, const void *data, size_t size)
{
    put_varint(b, (uint64_t)number << 3 | PBWIRE_BYTES);
    put_varint(b, size);
    buffer_append(b, data, size);
}

void put_text(buffer *b, uint32_t number, const char *text)
{
    put_bytes(b, number, text, strlen(text));
}

void put_buffer(buffer *b, uint32_t number, const buffer *inner)
{
    put_bytes(b, number, inner->data, inner->size);
}

void put_hex(buffer *b, const char *hex)
{
    for (; *hex; hex++) {
        unsigned byte;
        if (*hex == ' ')
            continue;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        buffer_append_byte(b, (uint8_t)byte);
        hex++;
    }
}
