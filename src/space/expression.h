/* SPDX-License-Identifier: MIT */
/* Expressions over parameters, for constraints and conditions:
 *
 *   either     = both { "or" both }
 *   both       = negation { "and" negation }
 *   negation   = "not" negation | comparison
 *   comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum | ["not"] "in" "[" sum { "," sum
 * } "]" ] sum        = product { ("+" | "-") product } product    = sign { ("*" | "/" | "%") sign }
 *   sign       = ("-" | "+") sign | atom [ "**" sign ]
 *   atom       = number | 'text' | "text" | true | false | name | function "(" … ")" | "(" either
 * ")" function   = min | max | log | exp | abs
 *
 * A level may be written without quotes where it is compared with its parameter (optimizer ==
 * adam). Ordinals of text compare by rank. Logic is Kleene's with three values; an inactive
 * parameter and a number that does not exist (log(-1), 0/0) are unknown. */
#ifndef AMBS_SPACE_EXPRESSION_H
#define AMBS_SPACE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/space.h"

typedef struct ambs_expression ambs_expression;

/* Compiles a boolean expression. `space` NULL checks the syntax alone (names and types may follow
 * later) and gives no expression. AMBS_E_INVALID with the column, what was found and what was
 * expected. At most 4,096 bytes of text, 64 levels of brackets. */
int ambs_expression_compile(const ambs_space *space, const char *text,
                            ambs_expression **ret_expression, ambs_error *err);
void ambs_expression_destroy(ambs_expression *expression);

/* 1 true, 0 false, NaN unknown, for the configuration x [d]. No allocation; O(length). */
double ambs_expression_evaluate(const ambs_expression *expression, const ambs_space *space,
                                const double *x);
/* Sets used[i] [d] for each parameter that the expression reads, leaves the others. */
void ambs_expression_mark(const ambs_expression *expression, bool *used);

#endif
