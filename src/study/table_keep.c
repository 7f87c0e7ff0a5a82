/* SPDX-License-Identifier: MIT */
/* Records of what is kept beside the trials: reports, output, workers and their slots, events; and the lives
 * of the manager, of which each new one finds the attempts of the one before lost. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/table_state.h"

int ambs_table_metric_index(ambs_table *t, const char *name, uint32_t *ret, ambs_error *err)
{
    for (size_t i = 0; i < t->n_curve_names; i++)
        if (strcmp(t->curve_names[i], name) == 0) {
            *ret = (uint32_t)i;
            return AMBS_OK;
        }
    int rc = ambs_resize(&t->curve_names, t->n_curve_names + 1, sizeof *t->curve_names, err);
    if (rc != AMBS_OK) return rc;
    snprintf(t->curve_names[t->n_curve_names], sizeof *t->curve_names, "%s", name);
    *ret = (uint32_t)t->n_curve_names++;
    return AMBS_OK;
}

int table_apply_report(ambs_table *t, const ambs_record_report *r, ambs_error *err)
{
    const ambs_trial_row *row = table_find_trial(t, r->trial, err);
    if (!row) return AMBS_E_FORMAT;
    bool repeat_waits = row->state == AMBS_TRIAL_WAITING && row->last_repeat != SIZE_MAX;
    /* serve records the start together with the result */
    if (r->attempt > row->n_attempts + (repeat_waits || row->n_attempts == 0))
        return table_unfit(err, r->trial, "the attempt of this report was never started");
    uint32_t metric = 0;
    int rc = ambs_reserve(&t->curve, &t->curve_capacity, t->n_curve + 1, sizeof *t->curve, err);
    if (rc == AMBS_OK) rc = ambs_table_metric_index(t, r->metric, &metric, err);
    if (rc != AMBS_OK) return rc;
    t->curve[t->n_curve++] = (ambs_curve_row){.trial = r->trial,
                                              .attempt = r->attempt,
                                              .metric = metric,
                                              .step = r->step,
                                              .value = r->value,
                                              .wall_s = r->wall_s,
                                              .decision = r->decision};
    return AMBS_OK;
}

bool ambs_table_expects_output(const ambs_table *t, const ambs_record_output *o)
{
    return o->trial < t->n && o->attempt >= 1 && o->attempt <= t->rows[o->trial].n_attempts;
}

int table_apply_output(ambs_table *t, const ambs_record_output *r, ambs_error *err)
{
    if (!table_find_trial(t, r->trial, err)) return AMBS_E_FORMAT;
    if (!ambs_table_expects_output(t, r))
        return table_unfit(err, r->trial, "the attempt of this output was never started");
    int rc =
        ambs_reserve(&t->outputs, &t->outputs_capacity, t->n_outputs + 1, sizeof *t->outputs, err);
    if (rc != AMBS_OK) return rc;
    char *text = ambs_strdup(r->text ? r->text : "", err);
    if (!text) return AMBS_E_NOMEM;
    t->output_bytes += strlen(text);
    t->outputs[t->n_outputs++] = (ambs_output_row){.trial = r->trial,
                                                   .attempt = r->attempt,
                                                   .part = r->part,
                                                   .stream = r->stream,
                                                   .printed = r->printed,
                                                   .text = text};
    return AMBS_OK;
}

int table_apply_worker(ambs_table *t, const ambs_record_worker *r, ambs_error *err)
{
    int rc =
        ambs_reserve(&t->workers, &t->workers_capacity, t->n_workers + 1, sizeof *t->workers, err);
    if (rc != AMBS_OK) return rc;
    ambs_worker_row *w = &t->workers[t->n_workers++];
    *w = (ambs_worker_row){.epoch = t->n_lives > 0 ? t->lives[t->n_lives - 1].epoch : 0,
                           .rank = r->rank,
                           .n_slots = r->n_slots,
                           .state = r->state,
                           .pid = r->pid,
                           .wall_s = r->wall_s};
    memcpy(w->host, r->host, sizeof w->host);
    return AMBS_OK;
}

/* Written just after the rank's WORKER record, whose host it shares. */
int table_apply_slot(ambs_table *t, const ambs_record_slot *r, ambs_error *err)
{
    int rc = ambs_reserve(&t->slots, &t->slots_capacity, t->n_slots + 1, sizeof *t->slots, err);
    if (rc != AMBS_OK) return rc;
    ambs_slot_row s = {.epoch = t->lives[t->n_lives - 1].epoch,
                       .rank = r->rank,
                       .slot = r->slot,
                       .n_cores = r->n_cores,
                       .memory_bytes = r->memory_bytes,
                       .cores = ambs_strdup(r->cores ? r->cores : "", err),
                       .gpus = ambs_strdup(r->gpus ? r->gpus : "", err)};
    if (!s.cores || !s.gpus) {
        free(s.cores);
        free(s.gpus);
        return AMBS_E_NOMEM;
    }
    const ambs_worker_row *w = t->n_workers > 0 ? &t->workers[t->n_workers - 1] : NULL;
    if (w && w->rank == r->rank) memcpy(s.host, w->host, sizeof s.host);
    t->slots[t->n_slots++] = s;
    return AMBS_OK;
}

int table_apply_event(ambs_table *t, const ambs_record_event *r, ambs_error *err)
{
    int rc = ambs_reserve(&t->events, &t->events_capacity, t->n_events + 1, sizeof *t->events, err);
    if (rc != AMBS_OK) return rc;
    char *text = ambs_strdup(r->text ? r->text : "", err);
    if (!text) return AMBS_E_NOMEM;
    t->events[t->n_events++] =
        (ambs_event_row){.level = r->level, .wall_s = r->wall_s, .text = text};
    return AMBS_OK;
}

/* ---- lives ---- */

static int check_life(const ambs_table *t, const ambs_record_life *r, ambs_error *err)
{
    if (t->n_lives == 0) return AMBS_OK;
    if (r->epoch <= t->lives[t->n_lives - 1].epoch)
        return ambs_fail(err, AMBS_E_FORMAT, "life %u follows life %u", r->epoch,
                         t->lives[t->n_lives - 1].epoch);
    if (memcmp(t->uuid, r->uuid, sizeof t->uuid) != 0 || t->d != r->n_dimensions)
        return ambs_fail(err, AMBS_E_MISMATCH, "life %u belongs to another study", r->epoch);
    return AMBS_OK;
}

static void lose_running(ambs_table *t)
{
    for (size_t i = 0; i < t->n_attempts; i++) {
        ambs_attempt_row *a = &t->attempts[i];
        if (a->state != AMBS_TRIAL_RUNNING) continue;
        a->state = AMBS_TRIAL_FAILED;
        a->reason = AMBS_REASON_WORKER_LOST;
        table_move_to(t, &t->rows[a->trial], AMBS_TRIAL_WAITING);
    }
}

int table_apply_life(ambs_table *t, const ambs_record *record, ambs_error *err)
{
    const ambs_record_life *r = &record->as.life;
    int rc = check_life(t, r, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&t->lives, &t->lives_capacity, t->n_lives + 1, sizeof *t->lives, err);
    if (rc != AMBS_OK) return rc;
    char *build = ambs_strdup(r->build ? r->build : "", err), *text = ambs_strdup("", err);
    char *spec_file = ambs_strdup(r->spec_file ? r->spec_file : "", err);
    char *spec_text = ambs_strdup(r->spec_text ? r->spec_text : "", err);
    if (!build || !text || !spec_file || !spec_text) {
        free(build);
        free(text);
        free(spec_file);
        free(spec_text);
        return AMBS_E_NOMEM;
    }
    free(t->spec_file);
    free(t->spec_text);
    t->spec_file = spec_file;
    t->spec_text = spec_text;
    memcpy(t->uuid, r->uuid, sizeof t->uuid);
    t->d = r->n_dimensions;
    t->digest = r->digest;
    lose_running(t);
    ambs_life_row *life = &t->lives[t->n_lives++];
    *life = (ambs_life_row){.epoch = r->epoch,
                            .n_ranks = r->n_ranks,
                            .pid = r->pid,
                            .digest = r->digest,
                            .first_sequence = record->sequence,
                            .start_s = r->wall_s,
                            .end_s = NAN,
                            .exit_code = -1,
                            .deadline_s = NAN,
                            .build = build,
                            .text = text};
    memcpy(life->host, r->host, sizeof life->host);
    return AMBS_OK;
}

int table_apply_end(ambs_table *t, const ambs_record_end *r, ambs_error *err)
{
    if (t->n_lives == 0) return ambs_fail(err, AMBS_E_FORMAT, "an end without a life");
    char *text = ambs_strdup(r->text ? r->text : "", err);
    if (!text) return AMBS_E_NOMEM;
    ambs_life_row *life = &t->lives[t->n_lives - 1];
    free(life->text);
    life->text = text;
    life->end_s = r->wall_s;
    life->exit_code = r->exit_code;
    return AMBS_OK;
}

int table_apply_job(ambs_table *t, const ambs_record_job *r, ambs_error *err)
{
    if (t->n_lives == 0) return ambs_fail(err, AMBS_E_FORMAT, "a job without a life");
    ambs_life_row *life = &t->lives[t->n_lives - 1];
    life->deadline_s = r->deadline_s;
    life->next = r->next;
    memcpy(life->job, r->job, sizeof life->job);
    return AMBS_OK;
}
