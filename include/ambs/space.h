/* SPDX-License-Identifier: MIT */
/* The search space: parameters, conditions, constraints.
 *
 * A configuration is a row of d doubles, one per parameter in the order they were added:
 *   float, int   the value itself (whole numbers up to 2^53 are exact)
 *   ordinal, categorical   the index of the level, 0 … n_levels-1
 *   constant     0 (the index of its only level)
 *   inactive     NaN (a parameter whose `when` does not hold)
 * Two configurations are the same when all d numbers are (NaN equals NaN). All code passes rows
 * like this; only this header turns them into text and back.
 *
 * Everything is local (no MPI) and, once ambs_space_finish() has returned, read-only: a space may
 * be used by several threads. */
#ifndef AMBS_SPACE_H
#define AMBS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ambs_parameter_type {
    AMBS_PARAMETER_FLOAT,
    AMBS_PARAMETER_INT,
    AMBS_PARAMETER_ORDINAL,
    AMBS_PARAMETER_CATEGORICAL, /* a boolean is one with the levels false and true */
    AMBS_PARAMETER_CONSTANT
} ambs_parameter_type;

typedef enum ambs_scale {
    AMBS_SCALE_LINEAR,
    AMBS_SCALE_LOG,         /* ln x */
    AMBS_SCALE_REVERSE_LOG, /* -ln(1 - x), max < 1 */
    AMBS_SCALE_LOGIT        /* ln(x / (1 - x)), 0 < min, max < 1 */
} ambs_scale;

typedef enum ambs_value_kind {
    AMBS_VALUE_BOOL,
    AMBS_VALUE_INT,
    AMBS_VALUE_FLOAT,
    AMBS_VALUE_STRING
} ambs_value_kind;

/* A level as the user wrote it. `text` is its canonical spelling and always set; `number` is its
 * value for INT, FLOAT and BOOL (0 or 1), NaN for STRING. */
typedef struct ambs_value {
    ambs_value_kind kind;
    double number;
    const char *text;
} ambs_value;

/* What a person believes of good values, before any trial. Numbers and ordinals: a normal density
 * around `center`, cut off at the ends of the range, in the unit scale of ambs_space_to_unit().
 * Ordinals and categoricals: a weight for each level instead. A prior says where to look first; it
 * forbids nothing. */
typedef struct ambs_prior {
    double spread;         /* float, int, ordinal: standard deviation as a share of the range in the
                              scale, at least 1e-4; 0: no normal density */
    double center;         /* with spread: as a configuration holds it, inside the range */
    const double *weights; /* ordinal, categorical: [n_levels], above 0, any sum; NULL: none */
} ambs_prior;

typedef struct ambs_parameter {
    const char *name;
    ambs_parameter_type type;
    ambs_scale scale;         /* float, int */
    double min, max;          /* float, int: both inclusive, in the parameter's own unit */
    double step;              /* 0: none; else values are min + k step, and max is one of them */
    const ambs_value *levels; /* ordinal, categorical, constant: [n_levels] */
    size_t n_levels;
    const double *probabilities; /* categorical, [n_levels], above 0, sum 1; NULL: equal */
    double initial;              /* the user's default as a configuration holds it; NaN: none */
    ambs_prior prior;            /* what is believed of good values; zeroed: nothing */
} ambs_parameter;

typedef struct ambs_space ambs_space;

/* --- building ------------------------------------------------------------------------------- */

AMBS_API int ambs_space_create(ambs_space **ret_space, ambs_error *err);
AMBS_API void ambs_space_destroy(ambs_space *space);

/* Adds a copy of `parameter`. AMBS_E_INVALID for an empty or repeated name, min above max, a scale
 * that does not fit the range, a step that does not fit, repeated levels, a default outside. A name
 * is a letter or underscore, then letters, digits, '_', '.', '-', and no word of the expressions.
 * At most 10,000 parameters of at most 2^50 values each (without step: any number). */
AMBS_API int ambs_space_add(ambs_space *space, const ambs_parameter *parameter, ambs_error *err);

/* `child` is active only where `parent` is active and has one of `n` values (as a configuration
 * holds them). Several calls for one child must all hold. The parent may be added later than the
 * child. */
AMBS_API int ambs_space_add_condition(ambs_space *space, const char *child, const char *parent,
                                      const double *values, size_t n, ambs_error *err);
/* `child` is active only where the boolean expression is true (an inactive name makes it unknown,
 * and unknown is not true). */
AMBS_API int ambs_space_add_condition_expression(ambs_space *space, const char *child,
                                                 const char *expression, ambs_error *err);
/* Expressions: numbers, names, 'text', true, false; + - * / % **; < <= > >= == !=; in [a, b], not
 * in; and, or, not; min, max, log, exp, abs; brackets. A level may stand without quotes beside its
 * parameter (optimizer == adam); ordinals of text compare by rank. What cannot be computed is
 * unknown. Their syntax is checked at once, names and types by ambs_space_finish(). */

/* Forbids every configuration where the boolean expression is false (Kleene: unknown does not
 * forbid). Errors name the column. */
AMBS_API int ambs_space_add_constraint(ambs_space *space, const char *expression, ambs_error *err);

/* Checks the whole: at least one parameter, no cycle among conditions, names in expressions exist
 * and are compared with what they can be, a feasible configuration can be found. AMBS_E_INFEASIBLE
 * with the rate seen when none was found. Called once; after an error the space can only be
 * destroyed. Cost: up to 1e5 samples where there are constraints, up to 2e6 steps of counting where
 * the space is discrete: 0.1 s. */
AMBS_API int ambs_space_finish(ambs_space *space, ambs_error *err);

/* --- reading -------------------------------------------------------------------------------- */

AMBS_API size_t ambs_space_dimension(const ambs_space *space); /* d */
AMBS_API const ambs_parameter *ambs_space_parameter(const ambs_space *space, size_t i);
AMBS_API int ambs_space_find(const ambs_space *space, const char *name); /* index, or -1 */
/* True where some parameter has a prior. */
AMBS_API bool ambs_space_has_prior(const ambs_space *space);
AMBS_API bool ambs_space_is_conditional(const ambs_space *space, size_t i);
/* The `when` of parameter i as text ("optimizer in [sgd, rmsprop] and layers == 2"), NULL when
 * none. */
AMBS_API const char *ambs_space_condition_text(const ambs_space *space, size_t i);
AMBS_API size_t ambs_space_n_constraints(const ambs_space *space);
AMBS_API const char *ambs_space_constraint_text(const ambs_space *space, size_t i);
/* The share of random configurations that satisfied the constraints when the space was finished; 1
 * without constraints. */
AMBS_API double ambs_space_feasible_rate(const ambs_space *space);
/* How many distinct configurations there are: exact where all parameters are discrete and the count
 * could be enumerated, an upper bound (product of levels) where conditions or constraints are too
 * many to enumerate (`ret_exact` false), INFINITY with a continuous parameter. */
AMBS_API double ambs_space_cardinality(const ambs_space *space, bool *ret_exact);
/* A hash of everything that decides what a configuration means; equal spaces have equal digests. */
AMBS_API uint64_t ambs_space_digest(const ambs_space *space);

/* --- configurations ------------------------------------------------------------------------- */

/* Sets inactive parameters of x [d] to NaN, gives newly active ones (NaN before) their default or
 * the middle, snaps to steps, whole numbers and bounds. */
AMBS_API void ambs_space_normalise(const ambs_space *space, double *x);
/* True where x holds exactly a member of the space: bounds, steps, levels, activity, constraints.
 * On false `err` (may be NULL) says which and why. */
AMBS_API bool ambs_space_contains(const ambs_space *space, const double *x, ambs_error *err);
/* True where no constraint is false. */
AMBS_API bool ambs_space_feasible(const ambs_space *space, const double *x);
AMBS_API bool ambs_space_equal(const ambs_space *space, const double *a, const double *b);
AMBS_API uint64_t ambs_space_hash(const ambs_space *space, const double *x);
/* The default configuration: each parameter's default, else the most likely value by its prior, else
 * the middle of its range or its first level; normalised. AMBS_E_INFEASIBLE when a constraint forbids it. */
AMBS_API int ambs_space_defaults(const ambs_space *space, double *ret_x, ambs_error *err);

/* x [d] from a point u [d] of the unit cube: numeric parameters by their scale (u = 0 gives min and
 * u = 1 gives max exactly; a step or whole number has the share of the cube that is nearer to it
 * than to its neighbours in the scale: equal shares in the linear one), ordinals in equal shares,
 * categoricals by their probabilities. NaN counts as 0.5. Conditions are applied; constraints are
 * not. */
AMBS_API void ambs_space_from_unit(const ambs_space *space, const double *u, double *ret_x);
/* u [d] from x; a discrete value gives the middle of its share (the ends stay exact for numeric
 * ones without step: min gives 0, max gives 1), inactive gives NaN. from_unit(to_unit(x)) = x, for
 * continuous parameters up to rounding (1e-12). */
AMBS_API void ambs_space_to_unit(const ambs_space *space, const double *x, double *ret_u);

/* --- as text -------------------------------------------------------------------------------- */

/* The value of parameter i as the user would write it (17 digits at most, round-tripping); "" when
 * inactive. `buffer` is used for numbers and holds 32 bytes or more; levels return their own text.
 */
AMBS_API const char *ambs_space_format(const ambs_space *space, size_t i, double value,
                                       char *buffer);
/* The value of parameter i from text; AMBS_E_INVALID with what was expected. */
AMBS_API int ambs_space_parse(const ambs_space *space, size_t i, const char *text,
                              double *ret_value, ambs_error *err);

#ifdef __cplusplus
}
#endif
#endif
