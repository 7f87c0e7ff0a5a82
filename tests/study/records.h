/* SPDX-License-Identifier: MIT */
/* Records with seeded random content, and whole studies made of them: what the tests of the
 * journal, the table and the study file share. */
#ifndef AMBS_TESTS_STUDY_RECORDS_H
#define AMBS_TESTS_STUDY_RECORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "study/record.h"

enum { RECORDS_MAX_D = 8 };

/* Memory that a random record points into. */
typedef struct record_room {
    double x[RECORDS_MAX_D];
    char texts[4][200];
} record_room;

/* A record of `type` with random fields in their ranges; x has d <= RECORDS_MAX_D numbers. */
void random_record(ambs_random *random, ambs_record_type type, size_t d, record_room *room,
                   ambs_record *ret);
void random_outcome(ambs_random *random, ambs_outcome *ret);
/* Fails the test where the two differ in any field (floats by their bits). */
void assert_records_equal(const ambs_record *a, const ambs_record *b, size_t d);
void assert_outcomes_equal(const ambs_outcome *a, const ambs_outcome *b);
/* A fresh folder under /tmp; the caller removes it by remove_folder(). `buffer` holds 64 bytes. */
const char *make_folder(char *buffer);
void remove_folder(const char *folder);

#endif
