/* SPDX-License-Identifier: MIT */
/* A compiled expression: operations in postfix order for a stack of doubles. Truth values are 1, 0
 * and NaN (unknown); unknown numbers are NaN too. */
#ifndef AMBS_SPACE_EXPRESSION_CODE_H
#define AMBS_SPACE_EXPRESSION_CODE_H

#include "space/expression.h"

enum { AMBS_EXPRESSION_STACK = 256, AMBS_EXPRESSION_LENGTH = 4096, AMBS_EXPRESSION_DEPTH = 64 };

typedef enum operation_code {
    OP_PUSH,   /* value */
    OP_NUMBER, /* the number that a parameter holds, of its level where it has levels */
    OP_LEVEL,  /* the index of a parameter's level */
    OP_NEGATE,
    OP_LOG,
    OP_EXP,
    OP_ABS,
    OP_NOT,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MODULO,
    OP_POWER,
    OP_MIN,
    OP_MAX,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_AND,
    OP_OR,
    OP_OR_EQUAL, /* left, found, element -> left, found or left == element */
    OP_DROP_LEFT /* left, found -> found */
} operation_code;

typedef struct operation {
    operation_code code;
    size_t parameter;
    double value;
} operation;

struct ambs_expression {
    operation *operations;
    size_t n, capacity;
};

#endif
