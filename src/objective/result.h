/* SPDX-License-Identifier: MIT */
/* Reading what a command gives: its result and its step reports. */
#ifndef AMBS_OBJECTIVE_RESULT_H
#define AMBS_OBJECTIVE_RESULT_H

#include <stdbool.h>

#include "ambs/trial.h"
#include "base/json.h"

/* Reads a result of `length` bytes, any bytes at all: a number, or a JSON object that holds
 * `metric`. Fills state, reason, objective, message and, from the object's other numbers, metrics:
 *   COMPLETE      a finite number
 *   NOT_A_NUMBER  nan (also NaN or null in JSON); INFINITE   inf, infinity, or beyond the range of
 * a double NO_RESULT     nothing but blanks BAD_RESULT    neither a number nor an object, damaged
 * JSON, or no such metric: the message names the nearest name `origin` is what the message calls
 * it: "the file in AMBS_RESULT". */
void ambs_result_read(const char *bytes, size_t length, const char *metric, const char *origin,
                      ambs_outcome *ret_outcome);

/* What a trial that ran to its end must be: a finite number, else it failed; one that was told to stop
 * is pruned. */
void ambs_outcome_settle(bool stopped, ambs_outcome *outcome);

/* One step report: {"step": 3, "value": 0.25, "loss": 0.5}, where "value" stands for `metric`,
 * which may also be named. ret_metrics [AMBS_MAX_METRICS]; the study's metric comes first when it
 * is there. NaN where a number was not a number. AMBS_E_FORMAT with what was expected. */
int ambs_report_read(const char *bytes, size_t length, const char *metric, long long *ret_step,
                     ambs_metric *ret_metrics, size_t *ret_n, ambs_error *err);

/* ---- what readers of other forms share ---- */

/* The word as a number, nan and inf among them; one that overflows a double is infinite. */
bool ambs_result_number(const char *bytes, size_t length, double *ret_value);
/* Parses JSON in which bare NaN and Infinity may stand. */
int ambs_result_parse(const char *bytes, size_t length, ambs_json **ret, ambs_error *err);
/* True where a JSON value stands for a number; null is one that is not a number. */
bool ambs_result_node_number(ambs_json_node node, double *ret_value);
/* COMPLETE with a finite value; else FAILED with the reason. */
void ambs_result_accept(ambs_outcome *outcome, double value, const char *origin);
void ambs_result_refuse(ambs_outcome *outcome, ambs_reason reason, const char *format, ...)
    AMBS_PRINTF(3, 4);

#endif
