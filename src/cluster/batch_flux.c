/* SPDX-License-Identifier: MIT */
/* Flux. A job has no way back into the queue: it goes on by resubmitting itself. */
#include <math.h>
#include <string.h>

#include "cluster/batch.h"

/* What is reported without a limit (UINT_MAX), or more. */
#define NO_LIMIT_S 4294967295.0

static bool find(const char *const *environment, char *ret_id)
{
    return ambs_batch_find_by(environment, "FLUX_JOB_ID", ret_id);
}

static int read_timeleft(const char *answer, const char *id, double wall_s, double *ret_left_s,
                         ambs_error *err)
{
    char word[48];
    double left;
    (void)wall_s;
    ambs_batch_word(answer, word, sizeof word);
    if (!word[0]) return ambs_fail(err, AMBS_E_NOT_FOUND, "flux does not know job %s", id);
    if (!ambs_parse_double(word, &left) || left < 0)
        return ambs_fail(err, AMBS_E_FORMAT, "flux answered \"%s\", expected seconds left", word);
    *ret_left_s = left >= NO_LIMIT_S ? INFINITY : left;
    return AMBS_OK;
}

static const ambs_batch_question questions[] = {
    {AMBS_BATCH_WORDS("flux", "job", "timeleft", AMBS_BATCH_JOB), read_timeleft}, {NULL, NULL}};

const ambs_batch_ops ambs_batch_flux = {
    .member = {.name = "flux", .summary = "Flux: flux job timeleft"},
    .find = find,
    .questions = questions,
};
