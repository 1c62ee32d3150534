// What every cmocka test includes first.
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <nrpc/status.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// Fails with the status's own words; releases it.
#define assert_ok(call, status)                                                                    \
    do {                                                                                           \
        if ((call) != NRPC_OK)                                                                     \
            fail_msg("%s: %s %s: %s", #call, nrpc_code_name((status)->code),                       \
                     (status)->reason ? (status)->reason : "",                                     \
                     (status)->message ? (status)->message : "");                                  \
    } while (0)

#endif
