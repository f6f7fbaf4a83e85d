/* SPDX-License-Identifier: MIT */
/* cmocka 1.1 and 2, with the headers that cmocka.h wants before it. */
#ifndef SHMFS_TEST_CMOCKA_BOTH_H
#define SHMFS_TEST_CMOCKA_BOTH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Version 2 has it as a macro: the name is the tests' own. */
#undef stop

/* Deprecated in version 2, which has two of them instead. */
#ifdef assert_int_in_range
#undef assert_in_range
#define assert_in_range(value, low, high) assert_int_in_range(value, low, high)
#endif

#endif
