/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/batch.h"
#include "study/wish.h"

extern char **environ;

const ambs_cli_option ambs_json_option[] = {
    {{"json", AMBS_OPTION_BOOL, offsetof(ambs_json_flag, json), "false",
      .help = "print one JSON document"}},
    {{NULL}}};

int ambs_opened_init(ambs_opened *o, const char *path, bool json, ambs_error *err)
{
    *o = (ambs_opened){0};
    bool alive = false;
    int rc = ambs_lock_holder(path, o->holder, sizeof o->holder, &alive, err);
    if (rc == 0) rc = ambs_study_load(path, &o->table, &o->spec, &o->findings, err);
    if (rc != 0) return rc;
    if (!alive && o->findings.text[0] != '\0')
        fprintf(stderr, "ambs: %s: %s\n", path, o->findings.text);
    ambs_wish_name *queued = NULL;
    size_t n_queued = 0;
    if (ambs_wish_list(path, &queued, &n_queued, NULL) == AMBS_OK) free(queued);
    o->view = (ambs_view){.table = o->table,
                          .spec = o->spec,
                          .path = path,
                          .alive = alive,
                          .holder = alive ? o->holder : NULL,
                          .now_s = ambs_clock_wall_s(),
                          .n_queued = n_queued,
                          .json = json};
    return 0;
}

void ambs_opened_fini(ambs_opened *o)
{
    ambs_table_destroy(o->table);
    ambs_spec_destroy(o->spec);
    *o = (ambs_opened){0};
}

static int show_study(const ambs_call *call, bool json, ambs_show *show, ambs_error *err)
{
    ambs_opened study;
    int rc = ambs_opened_init(&study, call->operands[0], json, err);
    if (rc != 0) return rc;
    ambs_text out = {0};
    rc = show(call, &study.view, &out, err);
    ambs_opened_fini(&study);
    if (rc == 0) return ambs_print(&out, err);
    ambs_text_fini(&out);
    return rc;
}

int ambs_show_study(const ambs_call *call, bool json, ambs_show *show)
{
    ambs_error err;
    return show_study(call, json, show, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

int ambs_exit_status(const ambs_view *view)
{
    char text[AMBS_JOB_SIZE];
    const ambs_table *t = view->table;
    int code = ambs_view_exit_code(view);
    if (code != AMBS_STATUS_STOPPED || view->alive || t->n_lives == 0) return code;
    const ambs_life_row *life = &t->lives[t->n_lives - 1];
    ambs_batch_job job = ambs_batch_find_job((const char *const *)(uintptr_t)environ);
    bool mine = strcmp(life->job, ambs_batch_job_text(&job, text)) == 0;
    return mine && life->next == AMBS_NEXT_EXIT_STATUS ? job.ops->requeue_status : code;
}

int ambs_stopped_status(const char *path)
{
    ambs_opened study;
    int status = AMBS_STATUS_STOPPED;
    ambs_batch_job job = ambs_batch_find_job((const char *const *)(uintptr_t)environ);
    if (!job.ops->requeue_status || ambs_opened_init(&study, path, false, NULL) != AMBS_OK)
        return status;
    status = ambs_exit_status(&study.view);
    ambs_opened_fini(&study);
    return status;
}

int ambs_operand_trial(const ambs_call *call, size_t i, uint64_t *ret_trial, ambs_error *err)
{
    long long trial;
    if (!ambs_parse_int(call->operands[i], &trial) || trial < 0) {
        return ambs_fail(err, AMBS_E_INVALID,
                         "found the trial \"%.40s\", expected its id, a whole number from 0",
                         call->operands[i]);
    }
    *ret_trial = (uint64_t)trial;
    return 0;
}
