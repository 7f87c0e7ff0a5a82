/* SPDX-License-Identifier: MIT */
/* cmocka with what it wants to see before it. */
#ifndef AMBS_TESTS_CHECK_H
#define AMBS_TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ambs/error.h"

#endif
