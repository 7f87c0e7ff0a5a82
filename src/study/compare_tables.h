/* SPDX-License-Identifier: MIT */
#ifndef AMBS_STUDY_COMPARE_TABLES_H
#define AMBS_STUDY_COMPARE_TABLES_H

#include "study/table.h"

/* Counts the fields in which two tables of one study differ, over every column of the study file
 * (doubles by their bits; two NaN are equal, and a metric that is NaN equals one that is absent),
 * the configurations, the metrics and the model inputs. Describes the first ten in `out`, one line
 * each. */
uint64_t ambs_table_compare(const ambs_table *a, const ambs_table *b, ambs_text *out);

#endif
