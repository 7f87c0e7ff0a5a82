/* SPDX-License-Identifier: MIT */
/* Evaluation of compiled expressions. */
#include <math.h>
#include <stdlib.h>

#include "space/expression_code.h"

void ambs_expression_destroy(ambs_expression *expression)
{
    if (!expression) return;
    free(expression->operations);
    free(expression);
}

void ambs_expression_mark(const ambs_expression *expression, bool *used)
{
    for (size_t i = 0; i < expression->n; i++) {
        operation_code code = expression->operations[i].code;
        if (code == OP_NUMBER || code == OP_LEVEL) used[expression->operations[i].parameter] = true;
    }
}

/* The number behind a configuration's entry; NaN for text and for what is no level. */
static double number_of(const ambs_parameter *p, double value)
{
    if (p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT) return value;
    return value >= 0 && value < (double)p->n_levels ? p->levels[(size_t)value].number : NAN;
}

static double kleene_and(double a, double b)
{
    if (a == 0 || b == 0) return 0;
    return isnan(a) || isnan(b) ? NAN : 1;
}

static double kleene_or(double a, double b)
{
    if (a == 1 || b == 1) return 1;
    return isnan(a) || isnan(b) ? NAN : 0;
}

static double compare(operation_code code, double a, double b)
{
    if (isnan(a) || isnan(b)) return NAN;
    switch (code) {
    case OP_LESS:
        return a < b;
    case OP_LESS_EQUAL:
        return a <= b;
    case OP_GREATER:
        return a > b;
    case OP_GREATER_EQUAL:
        return a >= b;
    case OP_EQUAL:
        return a == b;
    default:
        return a != b;
    }
}

static double unary(operation_code code, double a)
{
    switch (code) {
    case OP_NEGATE:
        return -a;
    case OP_LOG:
        return log(a);
    case OP_EXP:
        return exp(a);
    case OP_ABS:
        return fabs(a);
    default:
        return isnan(a) ? NAN : a == 0; /* OP_NOT */
    }
}

static double binary(operation_code code, double a, double b)
{
    switch (code) {
    case OP_ADD:
        return a + b;
    case OP_SUBTRACT:
        return a - b;
    case OP_MULTIPLY:
        return a * b;
    case OP_DIVIDE:
        return a / b;
    case OP_MODULO:
        return a - b * floor(a / b); /* the sign of b, as in Python */
    case OP_POWER:
        return isnan(a) || isnan(b) ? NAN : pow(a, b); /* pow(1, NaN) would be 1 */
    case OP_MIN:
        return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case OP_MAX:
        return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case OP_AND:
        return kleene_and(a, b);
    case OP_OR:
        return kleene_or(a, b);
    default:
        return compare(code, a, b);
    }
}

double ambs_expression_evaluate(const ambs_expression *expression, const ambs_space *space,
                                const double *x)
{
    double stack[AMBS_EXPRESSION_STACK + 1]; /* the compiler has checked that it suffices */
    double *top = stack; /* the slot of the last value; the first push goes to stack[1] */
    stack[0] = NAN;      /* the value of an empty program, which the compiler never makes */
    for (size_t i = 0; i < expression->n; i++) {
        const operation *op = &expression->operations[i];
        switch (op->code) {
        case OP_PUSH:
            *++top = op->value;
            break;
        case OP_NUMBER:
            *++top = number_of(ambs_space_parameter(space, op->parameter), x[op->parameter]);
            break;
        case OP_LEVEL:
            *++top = x[op->parameter];
            break;
        case OP_NEGATE:
        case OP_LOG:
        case OP_EXP:
        case OP_ABS:
        case OP_NOT:
            *top = unary(op->code, *top);
            break;
        case OP_OR_EQUAL:
            top--;
            *top = kleene_or(*top, compare(OP_EQUAL, top[-1], top[1]));
            break;
        case OP_DROP_LEFT:
            top--;
            *top = top[1];
            break;
        default:
            top--;
            *top = binary(op->code, *top, top[1]);
        }
    }
    return *top;
}
