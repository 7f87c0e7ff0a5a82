/* SPDX-License-Identifier: MIT */
/* The words of an expression. */
#ifndef AMBS_SPACE_EXPRESSION_LEXER_H
#define AMBS_SPACE_EXPRESSION_LEXER_H

#include "space/space.h"

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_NAME,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_IN,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_LIST,
    TOKEN_CLOSE_LIST,
    TOKEN_COMMA,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_DIVIDE,
    TOKEN_MODULO,
    TOKEN_POWER,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL
} token_kind;

typedef struct token {
    token_kind kind;
    size_t at;     /* offset of its first byte */
    size_t length; /* in bytes, quotes included */
    double number;
    int parameter; /* of a name that is one, else -1 */
} token;

/* Reads the token at or after `at`. A '-' may belong to a name or be a minus: the longest known
 * name wins
 * (`space` NULL: none is known, and a '-' before a digit belongs to the name). */
int ambs_expression_token(const ambs_space *space, const char *text, size_t at, token *ret_token,
                          ambs_error *err);

#endif
