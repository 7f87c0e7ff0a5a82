/* SPDX-License-Identifier: MIT */
/* What the floors above need of a space beyond the public header. */
#ifndef AMBS_SPACE_SPACE_H
#define AMBS_SPACE_SPACE_H

#include "ambs/space.h"
#include "base/json.h"
#include "base/random.h"

/* A random feasible configuration by the parameters' own distributions: by rejection (0.5 us a try
 * at d = 10); where fewer than 1 % are feasible, one of the listed members of a small discrete
 * space, each as likely, or a Metropolis walk of 20 d moves from a feasible one. AMBS_E_INFEASIBLE
 * after 10,000 rejected tries in a row, with the rate; AMBS_E_NOMEM. */
int ambs_space_sample(const ambs_space *space, ambs_random *random, double *ret_x, ambs_error *err);

/* A neighbour of x [d] that differs in the active parameter i (and in what that activates):
 * numeric: a normal step of `sd` in the unit scale, reflected at the ends, always another value;
 * ordinal: likewise over the levels; categorical: level `which` of the n_levels - 1 others, in
 * order (`which` is ignored for the rest). Newly active parameters are sampled. False when there is
 * no such neighbour or it is infeasible. */
bool ambs_space_neighbour(const ambs_space *space, const double *x, size_t i, size_t which,
                          double sd, ambs_random *random, double *ret_x);

/* Walks every distinct feasible configuration of a discrete space in a fixed order, each once; next
 * returns false after the last. AMBS_E_INVALID for a continuous parameter. Forbidden subtrees are
 * cut early; yet a huge space with few members may take long between two. The space is borrowed. */
typedef struct ambs_space_cursor ambs_space_cursor;
int ambs_space_cursor_create(const ambs_space *space, ambs_space_cursor **ret_cursor,
                             ambs_error *err);
bool ambs_space_cursor_next(ambs_space_cursor *cursor, double *ret_x);
void ambs_space_cursor_destroy(ambs_space_cursor *cursor);

/* How surrogates see a configuration. */
typedef enum ambs_encoding {
    AMBS_ENCODING_LEVELS, /* one column a parameter: unit value, ordinal index / (n-1), category
                             index; inactive NaN. Constants have no column. */
    AMBS_ENCODING_ONEHOT  /* numeric and ordinal: unit value (inactive: 0.5); category: one column
                             per level, 0 or 1 (inactive: all 0); conditional parameters add a column
                             that is 1 where active */
} ambs_encoding;

typedef enum ambs_feature_kind { AMBS_FEATURE_NUMERIC, AMBS_FEATURE_CATEGORICAL } ambs_feature_kind;
typedef struct ambs_feature {
    ambs_feature_kind kind;
    size_t parameter; /* where the column comes from */
    size_t n_levels;  /* CATEGORICAL: values are 0 … n_levels-1; NUMERIC: 0 continuous, else the
                         number of distinct values */
    bool may_be_inactive; /* NaN may occur (LEVELS) */
} ambs_feature;

size_t ambs_space_n_features(const ambs_space *space, ambs_encoding encoding);
/* ret_features has length n_features. */
void ambs_space_features(const ambs_space *space, ambs_encoding encoding,
                         ambs_feature *ret_features);
/* ret_row has length n_features. */
void ambs_space_encode(const ambs_space *space, ambs_encoding encoding, const double *x,
                       double *ret_row);

/* A set of configurations for exact exclusion: O(1) insert and look-up. Rows are copied. */
typedef struct ambs_space_set ambs_space_set;
int ambs_space_set_create(const ambs_space *space, ambs_space_set **ret_set, ambs_error *err);
void ambs_space_set_destroy(ambs_space_set *set);
/* Adds x with a number of the caller's (kept from the first insert); *ret_added (may be NULL) is
 * false when it was there. */
int ambs_space_set_add(ambs_space_set *set, const double *x, uint64_t number, bool *ret_added,
                       ambs_error *err);
bool ambs_space_set_has(const ambs_space_set *set, const double *x, uint64_t *ret_number);
bool ambs_space_set_remove(ambs_space_set *set, const double *x);
size_t ambs_space_set_size(const ambs_space_set *set);

/* The parameter whose name is near enough to be meant, or NULL. */
const char *ambs_space_nearest_name(const ambs_space *space, const char *wrong);

/* {"learning_rate": 0.001, "optimizer": "adam"}: active parameters only, floats always
 * with a point or an exponent, levels by their kind. */
void ambs_space_write_json(const ambs_space *space, const double *x, ambs_json_writer *w);
/* The value of one parameter, active. */
void ambs_space_write_json_value(const ambs_space *space, size_t i, double value,
                                 ambs_json_writer *w);
/* x from a JSON object of names and values: unknown names, missing active ones, inactive ones given
 * and values outside are errors. */
int ambs_space_read_json(const ambs_space *space, ambs_json_node object, double *ret_x,
                         ambs_error *err);
/* The same, but parameters left out take their default, as words do. *ret_x is written to in any case. */
int ambs_space_complete_json(const ambs_space *space, ambs_json_node object, double *ret_x,
                             ambs_error *err);
/* x from words NAME=VALUE [n]; parameters left out take their default. Conditions decide after all
 * are set, so the order of the words does not matter. AMBS_E_INVALID for an unknown name, a value
 * outside, an inactive parameter, a configuration that a constraint forbids. */
int ambs_space_read_words(const ambs_space *space, size_t n, const char *const *words,
                          double *ret_x, ambs_error *err);
/* One line for people: "learning_rate=0.001 optimizer=adam". */
void ambs_space_write_line(const ambs_space *space, const double *x, ambs_text *out);
/* The whole space as JSON (parameters with type, scale, bounds, levels, conditions, constraints):
 * what /space in the study file holds. */
void ambs_space_describe(const ambs_space *space, ambs_json_writer *w);

#endif
