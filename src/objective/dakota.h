/* SPDX-License-Identifier: MIT */
/* The files by which Dakota speaks to an analysis driver ("driver params.in results.out"), after
 * its user's manual, sections "Parameters file format" and "Results file format": values only, no
 * derivatives are asked for. */
#ifndef AMBS_OBJECTIVE_DAKOTA_H
#define AMBS_OBJECTIVE_DAKOTA_H

#include "objective/command.h"

typedef enum ambs_dakota_format {
    AMBS_DAKOTA_STANDARD,
    AMBS_DAKOTA_APREPRO,
    AMBS_DAKOTA_JSON
} ambs_dakota_format;

enum { AMBS_DAKOTA_MOST_RESPONSES = AMBS_MAX_METRICS };

/* What a driver answers with: the labels in the order of the results file. */
typedef struct ambs_dakota_responses {
    char names[AMBS_DAKOTA_MOST_RESPONSES][AMBS_METRIC_NAME_SIZE];
    size_t n;
} ambs_dakota_responses;

/* From a text of names with blanks between them (NULL: the metric alone). AMBS_E_INVALID for names
 * twice, too long, too many, and where the metric is not among them. */
int ambs_dakota_responses_read(const char *text, const char *metric,
                               ambs_dakota_responses *ret_responses, ambs_error *err);

/* The parameters file: active parameters, one value asked of each response, the trial's number as
 * evaluation id. */
int ambs_dakota_params(const ambs_command *command, ambs_dakota_format format,
                       const ambs_dakota_responses *responses, ambs_text *ret_text,
                       ambs_error *err);

/* Reads a results file of any bytes, standard (values with or without labels) or JSON: fills
 * `ret_outcome` as ambs_result_read() does, other responses as metrics. A file that begins with
 * FAIL is a failure of the objective; too few or too many values, labels in another order, a
 * gradient and garbage are AMBS_REASON_BAD_RESULT. */
void ambs_dakota_result_read(const char *bytes, size_t length,
                             const ambs_dakota_responses *responses, const char *metric,
                             const char *origin, ambs_outcome *ret_outcome);

#endif
