/* SPDX-License-Identifier: MIT */
/* The study as its file describes it. */
#ifndef AMBS_STUDY_H
#define AMBS_STUDY_H

#include <stdbool.h>

#include "ambs/space.h"
#include "ambs/trial.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ambs_spec ambs_spec;

typedef enum ambs_goal { AMBS_MINIMIZE, AMBS_MAXIMIZE } ambs_goal;

/* A setting of the command line, `--set key=value`: path "budget.trials", value as YAML. */
typedef struct ambs_setting {
    const char *path;
    const char *value;
} ambs_setting;

/* Reads a study file (YAML; a W&B sweep is recognised and read for what it means). All findings are
 * in `err`, one per line: "FILE:LINE:COLUMN: found …, expected …; do …". AMBS_E_INVALID,
 * AMBS_E_NOT_FOUND (no such file), AMBS_E_IO, AMBS_E_NOMEM. The caller frees with
 * ambs_spec_destroy(). */
AMBS_API int ambs_spec_read(const char *path, const ambs_setting *settings, size_t n_settings,
                            ambs_spec **ret_spec, ambs_error *err);
/* The same from memory; `name` stands for the file in messages. */
AMBS_API int ambs_spec_parse(const char *text, size_t length, const char *name,
                             const ambs_setting *settings, size_t n_settings, ambs_spec **ret_spec,
                             ambs_error *err);
AMBS_API void ambs_spec_destroy(ambs_spec *spec);

/* Borrowed from the spec. */
AMBS_API const ambs_space *ambs_spec_space(const ambs_spec *spec);
AMBS_API const char *ambs_spec_metric(const ambs_spec *spec, ambs_goal *ret_goal);
/* The metrics that are searched for, in the file's order: 1 under `metric`, 2 to 8 under `metrics`;
 * ambs_spec_metric() is the first. NULL beyond the last. */
AMBS_API size_t ambs_spec_n_metrics(const ambs_spec *spec);
AMBS_API const char *ambs_spec_metric_at(const ambs_spec *spec, size_t i, ambs_goal *ret_goal);

#ifdef __cplusplus
}
#endif
#endif
