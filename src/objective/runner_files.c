/* SPDX-License-Identifier: MIT */
#include "objective/runner_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/checkpoint.h"
#include "objective/command_files.h"
#include "objective/runner_slot.h"
#include "objective/scratch.h"

#define DAKOTA_PARAMS "params.in"
#define DAKOTA_RESULT "results.out"

enum { PATH_SIZE = 4200, RESULT_BYTES_MAX = (1 << 20) + 1 };

static void path_in(const run_files *f, const char *name, char *ret_path)
{
    snprintf(ret_path, PATH_SIZE, "%.4000s/%s", f->scratch, name);
}

static bool speaks_dakota(const run_files *f)
{
    const ambs_command_options *o = f->runner->spec->objective_options;
    return o->protocol == AMBS_PROTOCOL_DAKOTA;
}

/* ---- make; in the clerk's thread ---- */

static int make_checkpoint(run_files *f, ambs_error *err)
{
    char own[PATH_SIZE];
    if (!f->runner->spec->trial.checkpoint) return AMBS_OK;
    path_in(f, "checkpoints", own);
    return ambs_checkpoint_begin(f->runner->checkpoints ? f->runner->checkpoints : own,
                                 f->attempt.trial, f->attempt.attempt, &f->checkpoint, &f->resume,
                                 err);
}

static int make_words(run_files *f, const ambs_command *c, ambs_error *err)
{
    int rc = ambs_command_argv(c, &f->argv, err);
    if (rc == AMBS_OK && (f->argv.n == 0 || f->argv.items[0][0] == '\0'))
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "command: no program is left: its element names an inactive parameter");
    return rc == AMBS_OK ? ambs_command_environment(c, &f->environment, err) : rc;
}

static int make_for_command(run_files *f, ambs_error *err)
{
    char params[PATH_SIZE], result[PATH_SIZE], dakota_params[PATH_SIZE], dakota_result[PATH_SIZE];
    bool dakota = speaks_dakota(f);
    int rc = make_checkpoint(f, err);
    path_in(f, "ambs-params.json", params);
    path_in(f, "ambs-result", result);
    path_in(f, DAKOTA_PARAMS, dakota_params);
    path_in(f, DAKOTA_RESULT, dakota_result);
    const ambs_command command = {.spec = f->runner->spec,
                                  .attempt = &f->attempt,
                                  .params_path = params,
                                  .result_path = result,
                                  .study_folder = f->runner->study_folder,
                                  .checkpoint = f->checkpoint,
                                  .resume = f->resume,
                                  .dakota_params_path = dakota ? dakota_params : NULL,
                                  .dakota_result_path = dakota ? dakota_result : NULL};
    if (rc == AMBS_OK) rc = ambs_command_files_make(&command, f->scratch, err);
    return rc == AMBS_OK ? make_words(f, &command, err) : rc;
}

static void make(run_files *f)
{
    ambs_error err = {0};
    int rc = ambs_scratch_create(f->runner->spec->trial.scratch, &f->scratch, &err);
    if (rc == AMBS_OK && f->x) rc = make_for_command(f, &err);
    if (rc != AMBS_OK) f->err = err;
}

/* ---- read and remove; likewise ---- */

/* Nothing when there is no such file or it is empty. */
static void read_result(run_files *f)
{
    char path[PATH_SIZE];
    path_in(f, speaks_dakota(f) ? DAKOTA_RESULT : "ambs-result", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    if (fd < 0) return;
    char *bytes = NULL;
    size_t length = 0;
    bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    if (regular && (bytes = malloc(RESULT_BYTES_MAX)))
        for (ssize_t n; length < RESULT_BYTES_MAX &&
                        (n = read(fd, bytes + length, RESULT_BYTES_MAX - length)) > 0;)
            length += (size_t)n;
    close(fd);
    f->result_length = length;
    if (length > 0)
        f->result = bytes;
    else
        free(bytes);
}

static void remove_files(const run_files *f)
{
    /* without that folder its state was saved in its own */
    if (f->checkpoint && f->runner->checkpoints) ambs_checkpoint_end(f->checkpoint, f->over);
    if (f->scratch && !f->keep) ambs_scratch_remove(f->scratch);
}

static void work(ambs_clerk_job *job)
{
    run_files *f = (run_files *)job;
    if (f->step == STEP_MAKE)
        make(f);
    else if (f->step == STEP_READ)
        read_result(f);
    else
        remove_files(f);
}

/* ---- in the loop ---- */

static void destroy(run_files *f)
{
    ambs_strings_fini(&f->argv);
    ambs_strings_fini(&f->environment);
    free(f->scratch);
    free(f->checkpoint);
    free(f->resume);
    free(f->result);
    free(f->x);
    free(f);
}

static void hand_over(run_files *f, run_step step)
{
    f->step = step;
    f->away = true;
    ambs_clerk_post(f->runner->clerk, &f->job);
}

static void done(ambs_clerk_job *job)
{
    run_files *f = (run_files *)job;
    f->away = false;
    if (f->step == STEP_REMOVE)
        destroy(f);
    else if (f->dropped)
        hand_over(f, STEP_REMOVE);
    else if (f->step == STEP_READ)
        ambs_slot_command_read(f->runner, f->slot);
    else if (f->x)
        ambs_slot_command_made(f->runner, f->slot);
    else
        ambs_slot_host_made(f->runner, f->slot);
}

int ambs_slot_make_files(ambs_runner *r, run_slot *s, const ambs_attempt *attempt, ambs_error *err)
{
    run_files *f = ambs_calloc(1, sizeof *f, err);
    if (!f) return AMBS_E_NOMEM;
    *f = (run_files){.job = {.work = work, .done = done}, .runner = r, .slot = s};
    if (attempt) {
        f->attempt = *attempt;
        f->attempt.x = f->x = ambs_memdup(attempt->x, r->d, sizeof *f->x, err);
        if (!f->x) {
            free(f);
            return AMBS_E_NOMEM;
        }
    }
    s->files = f;
    hand_over(f, STEP_MAKE);
    return AMBS_OK;
}

void ambs_slot_read_files(run_slot *s)
{
    hand_over(s->files, STEP_READ);
}

void ambs_slot_drop_files(run_slot *s)
{
    run_files *f = s->files;
    s->files = NULL;
    if (!f) return;
    f->dropped = true;
    if (!f->away) hand_over(f, STEP_REMOVE);
}

/* ---- what a hosted attempt or a group has saved ---- */

typedef struct settling {
    ambs_clerk_job job; /* first */
    char *root;
    uint64_t trial;
    uint32_t attempt;
    bool over;
} settling;

static void settle(ambs_clerk_job *job)
{
    const settling *s = (const settling *)job;
    ambs_checkpoint_settle(s->root, s->trial, s->attempt, s->over);
}

static void forget_settling(ambs_clerk_job *job)
{
    free(((settling *)job)->root);
    free(job);
}

void ambs_files_settle(ambs_clerk *clerk, const char *root, uint64_t trial, uint32_t attempt,
                       bool over)
{
    settling *s = ambs_calloc(1, sizeof *s, NULL);
    if (!s) return;
    *s = (settling){.job = {.work = settle, .done = forget_settling},
                    .root = ambs_strdup(root, NULL),
                    .trial = trial,
                    .attempt = attempt,
                    .over = over};
    if (s->root)
        ambs_clerk_post(clerk, &s->job);
    else
        free(s);
}
