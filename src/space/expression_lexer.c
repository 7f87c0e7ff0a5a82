/* SPDX-License-Identifier: MIT */
#include "space/expression_lexer.h"

#include <string.h>

#include "base/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '.' || c == ':';
}

static int read_number(const char *text, token *t, ambs_error *err)
{
    const char *p = text + t->at;
    size_t n = strspn(p, "0123456789.");
    if ((p[n] == 'e' || p[n] == 'E') &&
        (is_digit(p[n + 1]) || ((p[n + 1] == '+' || p[n + 1] == '-') && is_digit(p[n + 2]))))
        n += 2 + strspn(p + n + 2, "0123456789");
    char digits[64];
    bool fits = n < sizeof digits && !is_word(p[n]);
    if (fits) {
        memcpy(digits, p, n);
        digits[n] = '\0';
    }
    if (!fits || !ambs_parse_double(digits, &t->number))
        return ambs_fail(err, AMBS_E_INVALID, "column %zu: \"%.20s\" is not a number", t->at + 1,
                         p);
    t->kind = TOKEN_NUMBER;
    t->length = n;
    return AMBS_OK;
}

static int read_quoted(const char *text, token *t, ambs_error *err)
{
    const char *end = strchr(text + t->at + 1, text[t->at]);
    if (!end)
        return ambs_fail(err, AMBS_E_INVALID, "column %zu: the quotation mark %c is not closed",
                         t->at + 1, text[t->at]);
    t->kind = TOKEN_TEXT;
    t->length = (size_t)(end - (text + t->at)) + 1;
    return AMBS_OK;
}

/* A parameter's name (its index), or a level's text (-1), or neither (-2). */
static int classify(const ambs_space *space, const char *word, size_t length)
{
    char name[256];
    if (length >= sizeof name) return -2;
    memcpy(name, word, length);
    name[length] = '\0';
    int i = ambs_space_find(space, name);
    if (i >= 0) return i;
    for (size_t k = 0; k < ambs_space_dimension(space); k++) {
        const ambs_parameter *p = ambs_space_parameter(space, k);
        for (size_t v = 0; v < p->n_levels; v++)
            if (strcmp(p->levels[v].text, name) == 0) return -1;
    }
    return -2;
}

static token_kind keyword_of(const char *word, size_t length)
{
    static const struct {
        const char *word;
        token_kind kind;
    } keywords[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR},     {"not", TOKEN_NOT},
                    {"in", TOKEN_IN},   {"true", TOKEN_TRUE}, {"false", TOKEN_FALSE}};
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++)
        if (strlen(keywords[k].word) == length && strncmp(keywords[k].word, word, length) == 0)
            return keywords[k].kind;
    return TOKEN_NAME;
}

/* The extent of a name among words joined by '-'. */
static size_t name_length(const ambs_space *space, const char *word, int *ret_parameter)
{
    size_t first = 0, longest;
    while (is_word(word[first])) first++;
    *ret_parameter = -1;
    longest = first;
    if (!space && keyword_of(word, first) != TOKEN_NAME) return first;
    if (!space) {
        while (word[longest] == '-' && is_digit(word[longest + 1])) {
            longest++;
            while (is_word(word[longest])) longest++;
        }
        return longest;
    }
    while (is_word(word[longest]) || word[longest] == '-') longest++;
    for (size_t n = longest; n >= first; n--) {
        bool whole_word = n == longest || word[n] == '-';
        int class = whole_word ? classify(space, word, n) : -2;
        if (class == -2) continue;
        *ret_parameter = class;
        return n;
    }
    return first;
}

static void read_name(const ambs_space *space, const char *text, token *t)
{
    const char *word = text + t->at;
    t->length = name_length(space, word, &t->parameter);
    t->kind = keyword_of(word, t->length);
}

static bool read_symbol(const char *text, token *t)
{
    static const struct {
        const char *symbol;
        token_kind kind;
    } symbols[] = {/* the longer ones first */
                   {"**", TOKEN_POWER},    {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
                   {"==", TOKEN_EQUAL},    {"!=", TOKEN_NOT_EQUAL},  {"&&", TOKEN_AND},
                   {"||", TOKEN_OR},       {"!", TOKEN_NOT},         {"<", TOKEN_LESS},
                   {">", TOKEN_GREATER},   {"(", TOKEN_OPEN},        {")", TOKEN_CLOSE},
                   {"[", TOKEN_OPEN_LIST}, {"]", TOKEN_CLOSE_LIST},  {",", TOKEN_COMMA},
                   {"+", TOKEN_PLUS},      {"-", TOKEN_MINUS},       {"*", TOKEN_TIMES},
                   {"/", TOKEN_DIVIDE},    {"%", TOKEN_MODULO}};
    for (size_t s = 0; s < sizeof symbols / sizeof *symbols; s++) {
        t->length = strlen(symbols[s].symbol);
        t->kind = symbols[s].kind;
        if (strncmp(text + t->at, symbols[s].symbol, t->length) == 0) return true;
    }
    return false;
}

int ambs_expression_token(const ambs_space *space, const char *text, size_t at, token *ret_token,
                          ambs_error *err)
{
    at += strspn(text + at, " \t\r\n");
    token t = {.kind = TOKEN_END, .at = at, .parameter = -1};
    int rc = AMBS_OK;
    char c = text[at];
    if (c == '\0')
        t.kind = TOKEN_END;
    else if (is_digit(c) || (c == '.' && is_digit(text[at + 1])))
        rc = read_number(text, &t, err);
    else if (c == '"' || c == '\'')
        rc = read_quoted(text, &t, err);
    else if (is_letter(c))
        read_name(space, text, &t);
    else if (!read_symbol(text, &t))
        rc = ambs_fail(err, AMBS_E_INVALID, "column %zu: found \"%.1s\"%s", at + 1, text + at,
                       c == '=' ? ", expected == for a comparison" : ", which has no meaning here");
    if (rc == AMBS_OK) *ret_token = t;
    return rc;
}
