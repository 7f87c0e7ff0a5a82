/* SPDX-License-Identifier: MIT */
/* A recursive-descent parser of the grammar in expression.h. Every rule leaves one value on the
 * stack of the compiled program and tells its kind in an operand, so types are checked where
 * operands meet. A level's text is pushed as a blank that the comparison with its parameter fills
 * in with the level's index. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "space/expression_code.h"
#include "space/expression_lexer.h"
#include "space/private.h"

typedef enum operand_kind {
    KIND_ANY, /* a name while only the syntax is checked */
    KIND_NUMBER,
    KIND_TRUTH,
    KIND_LEVEL, /* a parameter with levels that are not all numbers or all booleans */
    KIND_TEXT
} operand_kind;

typedef struct operand {
    operand_kind kind;
    size_t column;
    const ambs_parameter *parameter; /* of a bare parameter, else NULL */
    bool literal, bare;              /* a number, truth or text as written; a word without quotes */
    double value;
    const char *text; /* of a literal, without quotes */
    size_t length;
    size_t at; /* of its push, for blanks */
} operand;

typedef struct parser {
    const ambs_space *space;
    const char *text;
    token token;          /* the next one */
    ambs_expression *out; /* NULL: syntax alone */
    int depth, stack;
    ambs_error *err;
} parser;

static int parse_either(parser *p, operand *ret);
static int parse_sum(parser *p, operand *ret);
static int parse_sign(parser *p, operand *ret);

/* ---- helpers ---- */

static int next(parser *p)
{
    return ambs_expression_token(p->space, p->text, p->token.at + p->token.length, &p->token,
                                 p->err);
}

static int unexpected(const parser *p, const char *expected)
{
    size_t column = p->token.at + 1;
    if (p->token.kind == TOKEN_END)
        return ambs_fail(p->err, AMBS_E_INVALID,
                         "column %zu: the expression ends here, expected %s", column, expected);
    int length = p->token.length > 60 ? 60 : (int)p->token.length;
    return ambs_fail(p->err, AMBS_E_INVALID, "column %zu: found \"%.*s\", expected %s", column,
                     length, p->text + p->token.at, expected);
}

static int take(parser *p, token_kind kind, const char *expected)
{
    return p->token.kind == kind ? next(p) : unexpected(p, expected);
}

static int enter(parser *p)
{
    if (++p->depth <= AMBS_EXPRESSION_DEPTH) return AMBS_OK;
    return ambs_fail(p->err, AMBS_E_INVALID, "column %zu: nested more than %d deep",
                     p->token.at + 1, (int)AMBS_EXPRESSION_DEPTH);
}

/* Appends an operation; `change` is what it does to the height of the stack. */
static int emit(parser *p, operation_code code, int change, size_t parameter, double value)
{
    p->stack += change;
    if (p->stack > AMBS_EXPRESSION_STACK)
        return ambs_fail(p->err, AMBS_E_INVALID,
                         "column %zu: too many values wait to be combined, use fewer brackets",
                         p->token.at + 1);
    ambs_expression *out = p->out;
    if (!out) return AMBS_OK;
    int rc =
        ambs_reserve(&out->operations, &out->capacity, out->n + 1, sizeof *out->operations, p->err);
    if (rc == AMBS_OK) out->operations[out->n++] = (operation){code, parameter, value};
    return rc;
}

static int emit_op(parser *p, operation_code code, int change)
{
    return emit(p, code, change, 0, 0);
}

static const char *kind_name(const operand *o)
{
    static const char *const names[] = {"a value", "a number", "a truth value",
                                        "a parameter of text", "text"};
    return names[o->kind];
}

/* "unknown name …" with the nearest and all known ones. */
static int unknown_name(const parser *p, const operand *o)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", o->length > 60 ? 60 : (int)o->length, o->text);
    ambs_text known = {0};
    const char *near = ambs_space_nearest_name(p->space, word);
    if (near) ambs_text_addf(&known, "did you mean \"%s\"? ", near);
    ambs_text_add(&known, "known: ");
    for (size_t i = 0; i < ambs_space_dimension(p->space) && known.length < 1000; i++)
        ambs_text_addf(&known, "%s%s", i > 0 ? ", " : "", ambs_space_parameter(p->space, i)->name);
    ambs_fail(p->err, AMBS_E_INVALID, "column %zu: unknown name \"%s\"; %s", o->column, word,
              known.text ? known.text : "");
    ambs_text_fini(&known);
    return AMBS_E_INVALID;
}

static int need(const parser *p, const operand *o, operand_kind kind)
{
    if (o->kind == kind || o->kind == KIND_ANY) return AMBS_OK;
    if (o->kind == KIND_TEXT && o->bare) return unknown_name(p, o);
    return ambs_fail(p->err, AMBS_E_INVALID, "column %zu: found %s%s%s, expected %s", o->column,
                     kind_name(o), o->parameter ? ", " : "", o->parameter ? o->parameter->name : "",
                     kind == KIND_NUMBER ? "a number"
                                         : "a comparison, or and, or, not of comparisons");
}

/* ---- levels ---- */

static bool is_level(const ambs_value *level, const operand *o)
{
    switch (o->kind) {
    case KIND_TEXT:
        return strlen(level->text) == o->length && strncmp(level->text, o->text, o->length) == 0;
    case KIND_TRUTH:
        return level->kind == AMBS_VALUE_BOOL && level->number == o->value;
    default:
        return (level->kind == AMBS_VALUE_INT || level->kind == AMBS_VALUE_FLOAT) &&
               level->number == o->value;
    }
}

static int unknown_level(const parser *p, const ambs_parameter *owner, const operand *o)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", o->length > 60 ? 60 : (int)o->length, o->text);
    ambs_text known = {0};
    for (size_t k = 0; k < owner->n_levels && known.length < 1000; k++)
        ambs_text_addf(&known, "%s%s", k > 0 ? ", " : "", owner->levels[k].text);
    ambs_fail(p->err, AMBS_E_INVALID, "column %zu: \"%s\" is no value of %s, which has: %s",
              o->column, word, owner->name, known.text ? known.text : "");
    ambs_text_fini(&known);
    return AMBS_E_INVALID;
}

/* Fills the blank of literal `o` with the index of the level of `owner` that it names. */
static int fill_level(const parser *p, const ambs_parameter *owner, const operand *o)
{
    for (size_t k = 0; k < owner->n_levels; k++) {
        if (!is_level(&owner->levels[k], o)) continue;
        p->out->operations[o->at].value = (double)k;
        return AMBS_OK;
    }
    return unknown_level(p, owner, o);
}

/* Both sides of a comparison have to be of one kind; order needs numbers or ranks. */
static int match(const parser *p, const operand *left, const operand *right, bool order)
{
    if (left->kind == KIND_ANY || right->kind == KIND_ANY || !p->out) return AMBS_OK;
    const operand *level = left->kind == KIND_LEVEL ? left : right;
    const operand *other = level == left ? right : left;
    if (level->kind == KIND_LEVEL && level->parameter && other->literal) {
        if (order && level->parameter->type != AMBS_PARAMETER_ORDINAL)
            return ambs_fail(p->err, AMBS_E_INVALID,
                             "column %zu: %s has no order, expected == or !=", level->column,
                             level->parameter->name);
        return fill_level(p, level->parameter, other);
    }
    if (left->kind == KIND_TEXT && left->bare) return unknown_name(p, left);
    if (right->kind == KIND_TEXT && right->bare) return unknown_name(p, right);
    if (left->kind == right->kind &&
        (left->kind == KIND_NUMBER || (left->kind == KIND_TRUTH && !order)))
        return AMBS_OK;
    return ambs_fail(p->err, AMBS_E_INVALID, "column %zu: %s cannot be compared with %s%s",
                     right->column, kind_name(left), kind_name(right),
                     order && left->kind == KIND_TRUTH ? " by order" : "");
}

/* ---- the grammar, from the leaves up ---- */

static int push_literal(parser *p, operand_kind kind, double value, operand *ret)
{
    *ret = (operand){.kind = kind, .column = p->token.at + 1, .literal = true, .value = value};
    ret->text = p->text + p->token.at;
    ret->length = p->token.length;
    ret->at = p->out ? p->out->n : 0;
    int rc = emit(p, OP_PUSH, 1, 0, value);
    return rc == AMBS_OK ? next(p) : rc;
}

static int push_text(parser *p, bool bare, operand *ret)
{
    size_t quote = bare ? 0 : 1;
    const char *text = p->text + p->token.at + quote;
    size_t length = p->token.length - 2 * quote;
    int rc = push_literal(p, p->out ? KIND_TEXT : KIND_ANY, NAN, ret);
    ret->text = text;
    ret->length = length;
    ret->bare = bare;
    return rc;
}

static operand_kind kind_of(const ambs_parameter *parameter)
{
    bool numbers = true, truths = parameter->n_levels > 0;
    for (size_t k = 0; k < parameter->n_levels; k++) {
        ambs_value_kind kind = parameter->levels[k].kind;
        numbers = numbers && (kind == AMBS_VALUE_INT || kind == AMBS_VALUE_FLOAT);
        truths = truths && kind == AMBS_VALUE_BOOL;
    }
    return numbers ? KIND_NUMBER : truths ? KIND_TRUTH : KIND_LEVEL;
}

static int push_parameter(parser *p, operand *ret)
{
    size_t i = (size_t)p->token.parameter;
    const ambs_parameter *parameter = ambs_space_parameter(p->space, i);
    *ret = (operand){.kind = kind_of(parameter), .column = p->token.at + 1, .parameter = parameter};
    int rc = emit(p, ret->kind == KIND_LEVEL ? OP_LEVEL : OP_NUMBER, 1, i, 0);
    return rc == AMBS_OK ? next(p) : rc;
}

typedef struct function {
    const char *name;
    operation_code code;
    bool many; /* takes one argument or more, folded in pairs */
} function;

static const function *find_function(const parser *p)
{
    static const function functions[] = {{"min", OP_MIN, true},
                                         {"max", OP_MAX, true},
                                         {"log", OP_LOG, false},
                                         {"exp", OP_EXP, false},
                                         {"abs", OP_ABS, false}};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        if (strlen(functions[f].name) == p->token.length &&
            strncmp(functions[f].name, p->text + p->token.at, p->token.length) == 0)
            return &functions[f];
    return NULL;
}

static int parse_call(parser *p, const function *f, operand *ret)
{
    size_t column = p->token.at + 1;
    operand argument;
    int rc = next(p);
    if (rc == AMBS_OK && !p->out && p->token.kind != TOKEN_OPEN) { /* max-depth, not yet known */
        *ret = (operand){.kind = KIND_ANY, .column = column};
        return emit(p, OP_PUSH, 1, 0, 0);
    }
    if (rc == AMBS_OK) rc = take(p, TOKEN_OPEN, "( after the name of a function");
    for (size_t n = 0; rc == AMBS_OK; n++) {
        if ((rc = enter(p)) != AMBS_OK || (rc = parse_sum(p, &argument)) != AMBS_OK) return rc;
        p->depth--;
        if ((rc = need(p, &argument, KIND_NUMBER)) != AMBS_OK) return rc;
        if (f->many && n > 0 && (rc = emit_op(p, f->code, -1)) != AMBS_OK) return rc;
        if (!f->many || p->token.kind != TOKEN_COMMA) break;
        rc = next(p);
    }
    if (rc == AMBS_OK && !f->many) rc = emit_op(p, f->code, 0);
    *ret = (operand){.kind = KIND_NUMBER, .column = column};
    return rc == AMBS_OK ? take(p, TOKEN_CLOSE, f->many ? ", or )" : ")") : rc;
}

static int parse_bracket(parser *p, operand *ret)
{
    int rc = enter(p);
    if (rc == AMBS_OK) rc = next(p);
    if (rc == AMBS_OK) rc = parse_either(p, ret);
    p->depth--;
    return rc == AMBS_OK ? take(p, TOKEN_CLOSE, ")") : rc;
}

static int parse_atom(parser *p, operand *ret)
{
    const function *f;
    switch (p->token.kind) {
    case TOKEN_NUMBER:
        return push_literal(p, KIND_NUMBER, p->token.number, ret);
    case TOKEN_TRUE:
        return push_literal(p, KIND_TRUTH, 1, ret);
    case TOKEN_FALSE:
        return push_literal(p, KIND_TRUTH, 0, ret);
    case TOKEN_TEXT:
        return push_text(p, false, ret);
    case TOKEN_OPEN:
        return parse_bracket(p, ret);
    case TOKEN_NAME:
        if (p->token.parameter >= 0) return push_parameter(p, ret);
        f = find_function(p);
        return f ? parse_call(p, f, ret) : push_text(p, true, ret);
    default:
        return unexpected(p, "a number, a name, a text in quotes or (");
    }
}

static int parse_power(parser *p, operand *ret)
{
    operand exponent;
    int rc = parse_atom(p, ret);
    if (rc != AMBS_OK || p->token.kind != TOKEN_POWER) return rc;
    if ((rc = need(p, ret, KIND_NUMBER)) != AMBS_OK || (rc = enter(p)) != AMBS_OK ||
        (rc = next(p)) != AMBS_OK || (rc = parse_sign(p, &exponent)) != AMBS_OK ||
        (rc = need(p, &exponent, KIND_NUMBER)) != AMBS_OK)
        return rc;
    p->depth--;
    *ret = (operand){.kind = KIND_NUMBER, .column = ret->column};
    return emit_op(p, OP_POWER, -1);
}

static int parse_sign(parser *p, operand *ret)
{
    bool signed_ = false, negative = false;
    int rc = AMBS_OK;
    while (rc == AMBS_OK && (p->token.kind == TOKEN_MINUS || p->token.kind == TOKEN_PLUS)) {
        signed_ = true;
        negative ^= p->token.kind == TOKEN_MINUS;
        rc = next(p);
    }
    if (rc == AMBS_OK) rc = parse_power(p, ret);
    if (rc != AMBS_OK || !signed_) return rc;
    if ((rc = need(p, ret, KIND_NUMBER)) != AMBS_OK) return rc;
    if (ret->literal && ret->kind == KIND_NUMBER) { /* stays a literal, for levels such as -1 */
        if (negative) ret->value = -ret->value;
        if (p->out) p->out->operations[ret->at].value = ret->value;
        return AMBS_OK;
    }
    *ret = (operand){.kind = KIND_NUMBER, .column = ret->column};
    return negative ? emit_op(p, OP_NEGATE, 0) : AMBS_OK;
}

/* Left-associative: operand { operator operand }, all of `kind`. */
static int parse_chain(parser *p, int (*part)(parser *, operand *),
                       operation_code (*code_of)(token_kind), operand_kind kind, operand *ret)
{
    int rc = part(p, ret);
    while (rc == AMBS_OK && code_of(p->token.kind) != OP_PUSH) {
        operation_code code = code_of(p->token.kind);
        operand right;
        if ((rc = need(p, ret, kind)) != AMBS_OK || (rc = next(p)) != AMBS_OK ||
            (rc = part(p, &right)) != AMBS_OK || (rc = need(p, &right, kind)) != AMBS_OK)
            return rc;
        *ret = (operand){.kind = kind, .column = ret->column};
        rc = emit_op(p, code, -1);
    }
    return rc;
}

static operation_code product_code(token_kind kind)
{
    return kind == TOKEN_TIMES    ? OP_MULTIPLY
           : kind == TOKEN_DIVIDE ? OP_DIVIDE
           : kind == TOKEN_MODULO ? OP_MODULO
                                  : OP_PUSH;
}

static operation_code sum_code(token_kind kind)
{
    return kind == TOKEN_PLUS ? OP_ADD : kind == TOKEN_MINUS ? OP_SUBTRACT : OP_PUSH;
}

static operation_code and_code(token_kind kind)
{
    return kind == TOKEN_AND ? OP_AND : OP_PUSH;
}

static operation_code or_code(token_kind kind)
{
    return kind == TOKEN_OR ? OP_OR : OP_PUSH;
}

static int parse_product(parser *p, operand *ret)
{
    return parse_chain(p, parse_sign, product_code, KIND_NUMBER, ret);
}

static int parse_sum(parser *p, operand *ret)
{
    return parse_chain(p, parse_product, sum_code, KIND_NUMBER, ret);
}

static bool is_comparison(token_kind kind)
{
    return kind >= TOKEN_LESS && kind <= TOKEN_NOT_EQUAL;
}

/* left in [a, b, …]: found = false; found = found or left == element. */
static int parse_list(parser *p, const operand *left)
{
    int rc = next(p);
    if (rc == AMBS_OK) rc = emit(p, OP_PUSH, 1, 0, 0);
    if (rc == AMBS_OK) rc = take(p, TOKEN_OPEN_LIST, "[ and a list of values");
    while (rc == AMBS_OK) {
        operand element;
        if ((rc = parse_sum(p, &element)) != AMBS_OK ||
            (rc = match(p, left, &element, false)) != AMBS_OK ||
            (rc = emit_op(p, OP_OR_EQUAL, -1)) != AMBS_OK)
            return rc;
        if (p->token.kind != TOKEN_COMMA) break;
        rc = next(p);
    }
    if (rc == AMBS_OK) rc = take(p, TOKEN_CLOSE_LIST, ", or ]");
    return rc == AMBS_OK ? emit_op(p, OP_DROP_LEFT, -1) : rc;
}

static int parse_comparison(parser *p, operand *ret)
{
    int rc = parse_sum(p, ret);
    if (rc != AMBS_OK) return rc;
    operand left = *ret, right;
    token_kind kind = p->token.kind;
    if (kind == TOKEN_IN || kind == TOKEN_NOT) {
        bool negated = kind == TOKEN_NOT;
        if (negated && ((rc = next(p)) != AMBS_OK || p->token.kind != TOKEN_IN))
            return rc != AMBS_OK ? rc : unexpected(p, "in after not");
        rc = parse_list(p, &left);
        if (rc == AMBS_OK && negated) rc = emit_op(p, OP_NOT, 0);
    } else if (is_comparison(kind)) {
        bool order = kind != TOKEN_EQUAL && kind != TOKEN_NOT_EQUAL;
        operation_code code =
            (operation_code)(OP_LESS + (kind - TOKEN_LESS)); /* both lists have one order */
        if ((rc = next(p)) != AMBS_OK || (rc = parse_sum(p, &right)) != AMBS_OK ||
            (rc = match(p, &left, &right, order)) != AMBS_OK ||
            (rc = emit_op(p, code, -1)) != AMBS_OK)
            return rc;
    } else {
        return AMBS_OK;
    }
    if (rc == AMBS_OK && (is_comparison(p->token.kind) || p->token.kind == TOKEN_IN))
        return unexpected(p, "and: write a < b and b < c instead of a < b < c");
    *ret = (operand){.kind = KIND_TRUTH, .column = left.column};
    return rc;
}

static int parse_negation(parser *p, operand *ret)
{
    size_t column = p->token.at + 1;
    int n = 0, rc = AMBS_OK;
    for (; rc == AMBS_OK && p->token.kind == TOKEN_NOT; n++) rc = next(p);
    if (rc == AMBS_OK) rc = parse_comparison(p, ret);
    if (rc != AMBS_OK || n == 0) return rc;
    if ((rc = need(p, ret, KIND_TRUTH)) != AMBS_OK) return rc;
    *ret = (operand){.kind = KIND_TRUTH, .column = column};
    return n % 2 == 1 ? emit_op(p, OP_NOT, 0) : AMBS_OK;
}

static int parse_both(parser *p, operand *ret)
{
    return parse_chain(p, parse_negation, and_code, KIND_TRUTH, ret);
}

static int parse_either(parser *p, operand *ret)
{
    return parse_chain(p, parse_both, or_code, KIND_TRUTH, ret);
}

static int parse_all(parser *p)
{
    operand whole;
    int rc = next(p);
    if (rc == AMBS_OK && p->token.kind == TOKEN_END) return unexpected(p, "a comparison");
    if (rc == AMBS_OK) rc = parse_either(p, &whole);
    if (rc == AMBS_OK && p->token.kind != TOKEN_END) return unexpected(p, "an operator or the end");
    return rc == AMBS_OK ? need(p, &whole, KIND_TRUTH) : rc;
}

int ambs_expression_compile(const ambs_space *space, const char *text,
                            ambs_expression **ret_expression, ambs_error *err)
{
    if (strnlen(text, AMBS_EXPRESSION_LENGTH + 1) > AMBS_EXPRESSION_LENGTH)
        return ambs_fail(err, AMBS_E_INVALID, "the expression is longer than %d bytes",
                         (int)AMBS_EXPRESSION_LENGTH);
    parser p = {.space = space, .text = text, .err = err};
    if (!space) return parse_all(&p);
    p.out = ambs_calloc(1, sizeof *p.out, err);
    if (!p.out) return AMBS_E_NOMEM;
    int rc = parse_all(&p);
    if (rc == AMBS_OK)
        *ret_expression = p.out;
    else
        ambs_expression_destroy(p.out);
    return rc;
}
