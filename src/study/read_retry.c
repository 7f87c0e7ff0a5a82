/* SPDX-License-Identifier: MIT */
/* retry: {max: 2, on: [exit, timeout]}: which failures are tried again. */
#include <stddef.h>
#include <string.h>

#include "study/read.h"

/* What may be named; a lost worker is trial.attempts' business, the rest is no failure of a run. */
static const ambs_reason retried[] = {
    AMBS_REASON_EXIT,          AMBS_REASON_SIGNAL,    AMBS_REASON_TIMEOUT,
    AMBS_REASON_OUT_OF_MEMORY, AMBS_REASON_NO_RESULT, AMBS_REASON_BAD_RESULT,
    AMBS_REASON_NOT_A_NUMBER,  AMBS_REASON_INFINITE,  AMBS_REASON_NOT_STARTED,
    AMBS_REASON_OBJECTIVE,     AMBS_REASON_OUTPUT};
enum { N_RETRIED = sizeof retried / sizeof *retried };

/* The word for a reason without its number. */
static const char *word_of(ambs_reason reason, char *buffer)
{
    ambs_reason_text(reason, 0, buffer);
    size_t length = strlen(buffer);
    if (length > 2 && strcmp(buffer + length - 2, " 0") == 0) buffer[length - 2] = '\0';
    return buffer;
}

bool ambs_retry_names(const ambs_retry *retry, ambs_reason reason)
{
    return (retry->reasons >> reason & 1) != 0;
}

void ambs_retry_print(const ambs_retry *retry, ambs_text *out)
{
    char word[64];
    const char *between = "";
    for (size_t i = 0; i < N_RETRIED; i++) {
        if (!ambs_retry_names(retry, retried[i])) continue;
        ambs_text_addf(out, "%s%s", between, word_of(retried[i], word));
        between = ", ";
    }
}

static void read_reason(ambs_reader *r, const ambs_yaml_node *node)
{
    char words[N_RETRIED][64];
    const char *known[N_RETRIED + 1] = {NULL};
    const char *text = ambs_read_text(r, node, "on");
    if (!text) return;
    for (size_t i = 0; i < N_RETRIED; i++) {
        known[i] = word_of(retried[i], words[i]);
        if (strcmp(text, known[i]) != 0) continue;
        r->spec->retry.reasons |= 1u << retried[i];
        return;
    }
    if (strcmp(text, "worker lost") == 0)
        ambs_read_fault(r, node,
                        "on: found \"worker lost\": trial.attempts says how often a trial "
                        "is run whose worker was lost");
    else
        ambs_read_unknown(r, node, "reason", " in retry.on", known);
}

typedef struct retry_section {
    long long max;
    char *on; /* never set: the list is read apart */
} retry_section;

static const ambs_option retry_table[] = {{"max", AMBS_OPTION_INT, offsetof(retry_section, max),
                                           "1", 1, 1000, NULL,
                                           "how often a failed trial is run again"},
                                          {"on", AMBS_OPTION_STRING, offsetof(retry_section, on),
                                           NULL, 1, 0, NULL, "a list of reasons; all without it"},
                                          {0}};

void ambs_read_retry(ambs_reader *r, const ambs_yaml_node *root)
{
    const ambs_yaml_node *section = ambs_yaml_get(root, "retry");
    if (!section || !ambs_read_is_mapping(r, section, "retry")) return;
    const ambs_yaml_node *on = ambs_yaml_get(section, "on");
    retry_section options = {0};
    ambs_error err = {0};
    if (ambs_options_init(retry_table, &options, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    ambs_read_options(r, section, retry_table, &options, " in retry", "on");
    r->spec->retry.max = (uint32_t)options.max;
    bool is_list = on && on->type == AMBS_YAML_LIST && on->n > 0;
    if (on && !is_list)
        ambs_read_fault(r, on, "on: expected a list of reasons as in [exit, timeout]");
    for (size_t i = 0; is_list && i < on->n; i++) read_reason(r, on->items[i]);
    for (size_t i = 0; !on && i < N_RETRIED; i++) r->spec->retry.reasons |= 1u << retried[i];
}
