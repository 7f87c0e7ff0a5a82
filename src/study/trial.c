/* SPDX-License-Identifier: MIT */
/* The words for states and reasons: one spelling for the terminal, JSON and the study file. */
#include "ambs/trial.h"

#include <stdio.h>

const char *ambs_trial_state_name(ambs_trial_state state)
{
    switch (state) {
    case AMBS_TRIAL_WAITING:
        return "waiting";
    case AMBS_TRIAL_RUNNING:
        return "running";
    case AMBS_TRIAL_COMPLETE:
        return "complete";
    case AMBS_TRIAL_PRUNED:
        return "pruned";
    case AMBS_TRIAL_FAILED:
        return "failed";
    case AMBS_TRIAL_PAUSED:
        return "paused";
    case AMBS_TRIAL_CANCELLED:
        return "cancelled";
    }
    return "unknown"; /* a number read from a damaged file */
}

/* The reasons that carry no number; NULL for the others. */
static const char *plain_reason(ambs_reason reason)
{
    switch (reason) {
    case AMBS_REASON_NONE:
        return "";
    case AMBS_REASON_TIMEOUT:
        return "timeout";
    case AMBS_REASON_OUT_OF_MEMORY:
        return "out of memory";
    case AMBS_REASON_NOT_A_NUMBER:
        return "not a number";
    case AMBS_REASON_INFINITE:
        return "infinite";
    case AMBS_REASON_NO_RESULT:
        return "no result";
    case AMBS_REASON_BAD_RESULT:
        return "bad result";
    case AMBS_REASON_WORKER_LOST:
        return "worker lost";
    case AMBS_REASON_CONSTRAINT:
        return "constraint";
    case AMBS_REASON_CANCELLED:
        return "cancelled";
    case AMBS_REASON_NOT_STARTED:
        return "not started";
    case AMBS_REASON_OBJECTIVE:
        return "objective";
    case AMBS_REASON_DEADLINE:
        return "deadline";
    case AMBS_REASON_OUTPUT:
        return "too much output";
    default:
        return NULL;
    }
}

const char *ambs_reason_text(ambs_reason reason, int code, char *buffer)
{
    enum { SIZE = 64 };
    const char *plain = plain_reason(reason);
    if (plain)
        snprintf(buffer, SIZE, "%s", plain);
    else if (reason == AMBS_REASON_EXIT || reason == AMBS_REASON_SIGNAL)
        snprintf(buffer, SIZE, "%s %d", reason == AMBS_REASON_EXIT ? "exit" : "signal", code);
    else
        snprintf(buffer, SIZE, "reason %d", (int)reason);
    return buffer;
}
