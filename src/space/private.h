/* SPDX-License-Identifier: MIT */
/* The inside of a space, shared by the files of this folder only. */
#ifndef AMBS_SPACE_PRIVATE_H
#define AMBS_SPACE_PRIVATE_H

#include "space/expression.h"
#include "space/space.h"

/* One clause of a parameter's `when`: a parent with allowed values, or an expression. */
typedef struct clause {
    char *parent_name; /* NULL: an expression */
    size_t parent;     /* its index, once finished */
    double *values;
    size_t n_values;
    char *text; /* of the expression */
    ambs_expression *expression;
} clause;

/* A parameter and what is derived from it. Symbols: F is the scale's function, h half a step. */
typedef struct dimension {
    ambs_parameter p;   /* every pointer in it is owned */
    double step;        /* between neighbouring values; 0: continuous */
    double n_values;    /* distinct values; 0: continuous */
    double decimals;    /* a power of ten that makes min and step whole, 0: there is none */
    double low, high;   /* F(min), F(max); with steps the outer edges of the outer shares */
    double *cumulative; /* categorical with probabilities: [n_levels], the last is 1 */
    clause *clauses;
    size_t n_clauses, clause_capacity;
    size_t *parents; /* all parameters that the clauses read */
    size_t n_parents;
    char *condition_text;
} dimension;

typedef struct constraint {
    char *text;
    ambs_expression *expression;
} constraint;

struct ambs_space {
    dimension *dims;
    size_t d, capacity;
    constraint *constraints;
    size_t n_constraints, constraint_capacity;
    size_t *order;       /* [d], parents before children */
    size_t *conditional; /* the conditional ones of `order` */
    size_t n_conditional;
    bool finished;
    double feasible_rate;
    double cardinality;
    bool cardinality_exact;
    double *known; /* [n_known, d]: feasible ones where they are rare, else NULL */
    size_t n_known;
    bool all_known; /* they are all there are */
    uint64_t digest;
};

/* parameter.c: checks `p` and copies it into `dim`. */
int ambs_dimension_init(dimension *dim, const ambs_parameter *p, ambs_error *err);
void ambs_dimension_fini(dimension *dim);
/* True where `value` is exactly a value of the parameter; fills `err` (may be NULL) when not. */
bool ambs_dimension_holds(const dimension *dim, double value, ambs_error *err);
/* The nearest value of the parameter; NaN gives the default or the middle. */
double ambs_dimension_snap(const dimension *dim, double value);
/* The default, else what the prior holds most likely, else the middle of the range, else the first
 * level. */
double ambs_dimension_default(const dimension *dim);
bool ambs_parameter_is_numeric(const ambs_parameter *p);

/* scale.c: one value to and from [0, 1]; the k-th of the discrete values and its inverse. */
void ambs_dimension_scale(dimension *dim);
double ambs_dimension_from_unit(const dimension *dim, double u);
double ambs_dimension_to_unit(const dimension *dim, double value);
double ambs_dimension_value_at(const dimension *dim, double k);
double ambs_dimension_index_of(const dimension *dim, double value);

/* sample.c: a configuration, constraints not asked, and one value from their distributions. */
void ambs_space_draw(const ambs_space *space, ambs_random *random, double *x);
double ambs_dimension_draw(const dimension *dim, void *random);

/* neighbour.c: mirrored at 0 and 1 until it lies between them. */
double ambs_reflect_unit(double u);

/* measure.c: the cardinality and the feasible rate; AMBS_E_INFEASIBLE when it seems empty. */
int ambs_space_measure(ambs_space *space, ambs_error *err);

/* condition.c: resolves the clauses, finds the order (or names the cycle), writes the texts. */
int ambs_space_resolve_conditions(ambs_space *space, ambs_error *err);
bool ambs_space_is_active(const ambs_space *space, size_t i, const double *x);
/* NaN for every inactive parameter; `fill` (may be NULL) gives a newly active one its value. */
void ambs_space_apply_conditions(const ambs_space *space, double *x,
                                 double (*fill)(const dimension *dim, void *ctx), void *ctx);

/* enumerate.c: visits at most `limit` nodes of the tree of partial configurations. Returns the
 * number of feasible configurations; *ret_complete is false where the limit cut it short.
 * `ret_members` (may be NULL) gets the first `n_members` rows. */
int ambs_space_count(const ambs_space *space, size_t limit, double *ret_members, size_t n_members,
                     double *ret_count, bool *ret_complete, ambs_error *err);

/* json.c: the digest of the description. */
int ambs_space_compute_digest(ambs_space *space, ambs_error *err);

/* "WHAT "NAME"; did you mean …?" or "; known: …": AMBS_E_INVALID. */
int ambs_space_refuse_name(const ambs_space *space, const char *what, const char *name,
                           ambs_error *err);
/* A value was given to parameter i, which is inactive: AMBS_E_INVALID. */
int ambs_space_refuse_inactive(const ambs_space *space, size_t i, ambs_error *err);

#endif
