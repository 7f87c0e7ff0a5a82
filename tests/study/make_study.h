/* SPDX-License-Identifier: MIT */
/* Whole studies with seeded random content. */
#ifndef AMBS_TESTS_STUDY_MAKE_STUDY_H
#define AMBS_TESTS_STUDY_MAKE_STUDY_H

#include "records.h"
#include "study/spec.h"
#include "study/table.h"

/* A study with every type of parameter, conditions and constants. The caller destroys it. */
ambs_spec *make_spec(void);

/* The same with `repeats`. */
ambs_spec *make_repeated_spec(void);

/* Gives `take` the records of a random study of `n` trials in `n_lives` lives: attempts that are
 * lost, trials that fail, are cancelled, told by the caller, curves, metrics, events, workers; repeats
 * where the study has them.
 * Sequence numbers count from 1. */
void make_study(const ambs_spec *spec, uint64_t seed, size_t n, uint32_t n_lives,
                void (*take)(void *ctx, ambs_record *record), void *ctx);
/* The table of such a study. */
ambs_table *make_table(const ambs_spec *spec, uint64_t seed, size_t n, uint32_t n_lives);
/* The study with its journal at `path`. */
void make_journal(const char *path, const ambs_spec *spec, uint64_t seed, size_t n,
                  uint32_t n_lives);

#endif
