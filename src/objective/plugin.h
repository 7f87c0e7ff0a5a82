/* SPDX-License-Identifier: MIT */
/* The objective `plugin`: a shared library made after ambs/objective.h.
 *
 * Nothing of the library is loaded where it could do harm. Who reads a study file looks at it through a
 * child process (ambs_plugin_look), which loads it and describes it; then a session loads it in a trial
 * host, or, where it computes on a communicator, in the ranks of its group. A library stays loaded until
 * its process ends. */
#ifndef AMBS_OBJECTIVE_PLUGIN_H
#define AMBS_OBJECTIVE_PLUGIN_H

#include "ambs/objective.h"
#include "base/text.h"
#include "objective/objective.h"

struct ambs_spec;

extern const ambs_objective_ops ambs_objective_plugin;

/* --- loading (plugin_load.c) ----------------------------------------------------------------- */

/* Loads the library and copies its struct; what an older one does not have is 0. AMBS_E_NOT_FOUND: no
 * such file; AMBS_E_FORMAT: not a library, or without the symbol; AMBS_E_MISMATCH: of another version. */
int ambs_plugin_load(const char *path, ambs_plugin *ret_plugin, ambs_error *err);

/* An option or a parameter. */
typedef struct ambs_plugin_item {
    char *name, *initial; /* initial: options with a default, else NULL */
    ambs_plugin_type type;
    bool optional;
} ambs_plugin_item;

typedef struct ambs_plugin_description {
    char *name, *summary;
    uint32_t comm_bytes;
    bool takes_any; /* it has no table of parameters */
    ambs_plugin_item *options, *parameters;
    size_t n_options, n_parameters;
} ambs_plugin_description;

/* A description as text, one line for each thing, and back. AMBS_E_FORMAT: not whole. */
void ambs_plugin_describe(const ambs_plugin *plugin, ambs_text *out);
int ambs_plugin_description_parse(const char *text, ambs_plugin_description **ret_description,
                                  ambs_error *err);
void ambs_plugin_description_destroy(ambs_plugin_description *description);

/* --- looking at it from outside (plugin_look.c) ---------------------------------------------- */

/* Describes the library by means of a child process (the trial host, started with --describe): whatever
 * it does when it is loaded, the caller gets an error that says it. At most 30 s. Never call it from a
 * process that holds MPI. */
int ambs_plugin_look(const char *path, ambs_plugin_description **ret_description, ambs_error *err);
/* The child's part: writes the description, or why there is none, to `fd`. Returns its exit status. */
int ambs_plugin_answer(const char *path, int fd);

/* --- what a study says about it (plugin.c) --------------------------------------------------- */

typedef struct ambs_plugin_setting {
    char *name, *value;
} ambs_plugin_setting;

typedef struct ambs_plugin_options {
    char *plugin;                  /* as the study says */
    char *path;                    /* of the library; absolute */
    char *folder;                  /* of the study file */
    ambs_plugin_description *seen; /* NULL where nobody has looked */
    ambs_plugin_setting *settings; /* [n_settings] */
    size_t n_settings, capacity;
} ambs_plugin_options;

/* The value of an option: the study's, else the default; NULL where there is neither. */
const char *ambs_plugin_option_value(const ambs_plugin_options *options,
                                     const ambs_plugin_description *description, const char *name);
/* The study's settings and parameters are what the plug-in takes. */
int ambs_plugin_check(const ambs_plugin_options *options,
                      const ambs_plugin_description *description, const ambs_space *space,
                      ambs_error *err);
/* sizeof(MPI_Comm) where the study's objective is a plug-in that computes on a communicator, as far as was
 * looked; else 0. */
uint32_t ambs_plugin_comm_bytes(const struct ambs_spec *spec);

/* --- a loaded plug-in that has been opened (plugin_session.c) -------------------------------- */

/* Where it runs. Borrowed for the session's life. */
typedef struct ambs_plugin_place {
    int rank, n_ranks, comm_fortran;
    const void *comm; /* NULL: none */
    uint32_t n_cores;
    const char *scratch;     /* where folders of attempts are made; NULL: $TMPDIR or /tmp */
    const char *checkpoints; /* where attempts save their state (checkpoint.h); NULL: nowhere */
} ambs_plugin_place;

typedef struct ambs_plugin_session ambs_plugin_session;

/* Loads and opens. `options`, `space` and `metric` are borrowed. Collective as open() is. */
int ambs_plugin_session_create(const ambs_plugin_options *options, const ambs_space *space,
                               const char *metric, const ambs_plugin_place *place,
                               ambs_plugin_session **ret_session, ambs_error *err);
/* One trial; fills objective and metrics. An error says why it failed. Collective as evaluate() is. */
int ambs_plugin_session_evaluate(ambs_plugin_session *session, const ambs_attempt *attempt,
                                 const ambs_reporter *reporter, ambs_outcome *ret, ambs_error *err);
void ambs_plugin_session_destroy(ambs_plugin_session *session);

#endif
