/* SPDX-License-Identifier: MIT */
/* Reading the study file, section by section: what the files read_*.c share. Every function adds
 * its findings and goes on, so that one reading says all. */
#ifndef AMBS_STUDY_READ_H
#define AMBS_STUDY_READ_H

#include "study/finding.h"
#include "study/spec.h"
#include "study/yaml.h"

typedef struct ambs_reader {
    ambs_spec *spec;
    ambs_yaml document; /* owns all nodes, those of other files too */
    ambs_findings *findings;
    bool is_record; /* only to look at: what lies outside the text is not checked */
    bool
        looks; /* to be checked or run from here: what lies outside is looked at, by a child process */
    /* The ConfigSpace file that a recorded text carries, its text NULL: read the file; and the record's
     * lines of what was read. */
    ambs_text recorded_space, space_lines;
    /* Likewise of earlier studies, by their place in warm_start. */
    const char *recorded_warm[AMBS_WARM_SOURCES];
    ambs_text warm_lines;
} ambs_reader;

/* ---- helpers (read.c) ---------------------------------------------------------------------- */

/* True while nothing is wrong: what builds on all that was read may run. */
bool ambs_read_is_clean(const ambs_reader *r);
/* Adds a finding about `node`. */
void ambs_read_fault(ambs_reader *r, const ambs_yaml_node *node, const char *format, ...)
    AMBS_PRINTF(3, 4);
/* Adds the findings of `err`, with "`prefix`: " in front where it is not NULL. */
void ambs_read_fault_error(ambs_reader *r, const ambs_yaml_node *node, const char *prefix,
                           const ambs_error *err);
/* Adds a line that `ambs check` and `ambs run` say: what was read other than literally. */
void ambs_read_note(ambs_reader *r, const ambs_yaml_node *node, const char *format, ...)
    AMBS_PRINTF(3, 4);

/* A member's options with their defaults, zeroed where it has none; NULL with a finding when memory runs
 * out. The caller owns them. */
void *ambs_read_new_options(ambs_reader *r, const ambs_member *member);

/* True for a mapping; else a finding that names `what`. */
bool ambs_read_is_mapping(ambs_reader *r, const ambs_yaml_node *node, const char *what);
/* A finding for every key that is not among `known` (NULL-terminated): nearest and known names. */
void ambs_read_check_keys(ambs_reader *r, const ambs_yaml_node *mapping, const char *const *known,
                          const char *where);
/* The finding itself: "found unknown WHAT "x"WHERE; did you mean …? known: …". */
void ambs_read_unknown(ambs_reader *r, const ambs_yaml_node *node, const char *what,
                       const char *where, const char *const *known);
/* A scalar that is not empty and not a bare yes or no; NULL with a finding. `name` is said in
 * front. */
const char *ambs_read_text(ambs_reader *r, const ambs_yaml_node *node, const char *name);
/* A finite number. */
bool ambs_read_number(ambs_reader *r, const ambs_yaml_node *node, const char *name, double *ret);
/* A path in the study file: relative to its folder. */
void ambs_read_path(const ambs_reader *r, const char *path, ambs_text *out);
/* A copy of text, or NULL with the failure remembered. */
char *ambs_read_copy(ambs_reader *r, const char *text);
/* Other formats rewritten into ours: puts key: value into `mapping`; text is plain (its kind by how it is
 * written) or as in quotes. */
void ambs_read_put(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                   ambs_yaml_node *value);
void ambs_read_put_text(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                        const char *text, bool plain);
/* All keys of `mapping` through the option table into `options`; `skip` (may be NULL) is left out.
 */
void ambs_read_options(ambs_reader *r, const ambs_yaml_node *mapping, const ambs_option *table,
                       void *options, const char *where, const char *skip);

/* ---- sections ------------------------------------------------------------------------------ */

/* read_sections.c: study, metric, budget, trial, manager, durability, on_deadline;
 * reserved ones are refused. */
void ambs_read_sections(ambs_reader *r, const ambs_yaml_node *root);
/* read_metrics.c: after the section metric. */
void ambs_read_metrics(ambs_reader *r, const ambs_yaml_node *root);
/* read_retry.c */
void ambs_read_retry(ambs_reader *r, const ambs_yaml_node *root);
/* read_repeats.c; budget and metrics were read */
void ambs_read_repeats(ambs_reader *r, const ambs_yaml_node *root);
/* read_parameters.c: parameters into spec->space; `when` and constraints follow in
 * read_conditions.c. */
void ambs_read_parameters(ambs_reader *r, const ambs_yaml_node *parameters);
/* read_prior.c: the prior of the parameter that `p` describes so far. False after a finding.
 * *ret_weights is the caller's to free. */
bool ambs_read_prior(ambs_reader *r, const ambs_yaml_node *prior, ambs_parameter *p,
                     double **ret_weights);
void ambs_read_conditions(ambs_reader *r, const ambs_yaml_node *parameters,
                          const ambs_yaml_node *constraints);
/* read_objective.c, read_method.c. The space is finished, or there are findings already. */
void ambs_read_objective(ambs_reader *r, const ambs_yaml_node *objective);
void ambs_read_method(ambs_reader *r, const ambs_yaml_node *method);
/* read_warm.c. The space is finished and the method read. */
void ambs_read_warm_start(ambs_reader *r, const ambs_yaml_node *section);
extern const char ambs_space_prefix[], ambs_warm_prefix[]; /* of a recorded line, in spec.c */
/* The objective's own check of the finished space and of the trial's limits (`trial` may be NULL). */
void ambs_read_check_objective(ambs_reader *r, const ambs_yaml_node *objective,
                               const ambs_yaml_node *trial);

/* ---- other formats ------------------------------------------------------------------------- */

/* wandb.c: rewrites a W&B sweep into our sections, with notes; any other root is left alone. */
void ambs_read_wandb(ambs_reader *r, ambs_yaml_node *root);
/* wandb_distribution.c: one parameter with W&B's `distribution`, `mu`, `q`, …: the same in our words. `categorical`: a
 * list of numbers is categorical. NULL after a finding. */
ambs_yaml_node *ambs_read_wandb_parameter(ambs_reader *r, const ambs_yaml_node *key,
                                          ambs_yaml_node *parameter, bool categorical);
/* configspace.c: `space: file.json` becomes `parameters` and `constraints`. */
void ambs_read_configspace(ambs_reader *r, ambs_yaml_node *root);

/* spec.c: a whole file; *ret_text is zeroed. AMBS_E_NOT_FOUND, AMBS_E_IO, AMBS_E_INVALID (a
 * folder); reading stops a little beyond AMBS_YAML_MAX_BYTES. */
int ambs_read_file(const char *path, ambs_text *ret_text, ambs_error *err);

/* compare.c: the digest of a finished spec. */
int ambs_read_digest(const ambs_spec *spec, uint64_t *ret_digest, ambs_error *err);

/* settings.c: one `--set path=value` applied to the tree. */
void ambs_read_setting(ambs_reader *r, ambs_yaml_node *root, const ambs_setting *setting);

#endif
