/* SPDX-License-Identifier: MIT */
/* A table whose rows were read from a file: what the columns do not hold is put together again, the
 * chains of attempts and repeats, the numbers of the evaluations, and all that is counted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/table_state.h"

/* Drops attempts, repeats, points of curves, output and inputs of trials that are not there. */
static bool drop_strays(ambs_table *t)
{
    size_t attempts = 0, repeats = 0, curve = 0, inputs = 0, outputs = 0;
    for (size_t i = 0; i < t->n_attempts; i++)
        if (t->attempts[i].trial < t->n) t->attempts[attempts++] = t->attempts[i];
    for (size_t i = 0; i < t->n_repeats; i++)
        if (t->repeats[i].trial < t->n) t->repeats[repeats++] = t->repeats[i];
    for (size_t i = 0; i < t->n_curve; i++)
        if (t->curve[i].trial < t->n && t->curve[i].metric < t->n_curve_names)
            t->curve[curve++] = t->curve[i];
    for (size_t i = 0; i < t->n_inputs; i++)
        if (t->inputs[i].trial < t->n) t->inputs[inputs++] = t->inputs[i];
    for (size_t i = 0; i < t->n_outputs; i++) {
        if (ambs_table_expects_output(t, &(ambs_record_output){.trial = t->outputs[i].trial,
                                                               .attempt = t->outputs[i].attempt}))
            t->outputs[outputs++] = t->outputs[i];
        else
            free(t->outputs[i].text);
    }
    bool dropped = attempts < t->n_attempts || repeats < t->n_repeats || curve < t->n_curve ||
                   inputs < t->n_inputs || outputs < t->n_outputs;
    t->n_outputs = outputs;
    t->n_attempts = attempts;
    t->n_repeats = repeats;
    t->n_curve = curve;
    t->n_inputs = inputs;
    return dropped;
}

static bool link_attempts(ambs_table *t)
{
    bool fits = true;
    for (size_t i = 0; i < t->n; i++) t->rows[i].last_attempt = SIZE_MAX;
    for (size_t i = 0; i < t->n_attempts; i++) {
        ambs_trial_row *row = &t->rows[t->attempts[i].trial];
        t->attempts[i].before = row->last_attempt;
        uint32_t before =
            row->last_attempt != SIZE_MAX ? t->attempts[row->last_attempt].attempt : 0;
        fits = fits && t->attempts[i].attempt == before + 1;
        row->last_attempt = i;
    }
    for (size_t i = 0; i < t->n; i++) {
        size_t last = t->rows[i].last_attempt;
        fits = fits && t->rows[i].n_attempts == (last != SIZE_MAX ? t->attempts[last].attempt : 0);
    }
    return fits;
}

/* Chains the repeats of each trial and puts the value together that its columns do not hold. */
static bool link_repeats(ambs_table *t)
{
    bool fits = true;
    for (size_t i = 0; i < t->n; i++) {
        ambs_trial_row *row = &t->rows[i];
        row->last_repeat = SIZE_MAX;
        row->n_asked = 1;
        row->n_refused = row->state == AMBS_TRIAL_FAILED;
        row->n_evaluations = row->state == AMBS_TRIAL_COMPLETE;
        if (row->state == AMBS_TRIAL_COMPLETE && isnan(row->first)) row->first = row->objective;
    }
    for (size_t i = 0; i < t->n_repeats; i++) {
        ambs_repeat_row *e = &t->repeats[i];
        ambs_trial_row *row = &t->rows[e->trial];
        if (row->last_repeat == SIZE_MAX) row->n_refused = 0;
        fits = fits && e->repeat == row->n_asked && isfinite(row->first);
        e->before = row->last_repeat;
        row->last_repeat = i;
        row->n_asked++;
        row->n_refused += e->state == AMBS_TRIAL_FAILED;
    }
    for (size_t i = 0; i < t->n; i++) {
        ambs_trial_row *row = &t->rows[i];
        if (row->last_repeat == SIZE_MAX) continue;
        table_take_mean(t, row);
        if (row->state == AMBS_TRIAL_FAILED) row->objective = NAN;
    }
    return fits;
}

/* Each evaluation of a trial ends by one input before the next is asked for, so they count up.
 * n_asked serves as the counter. Only the first evaluation of a trial can be the caller's own. */
static void number_inputs(ambs_table *t)
{
    for (size_t i = 0; i < t->n; i++) t->rows[i].n_asked = 0;
    for (size_t i = 0; i < t->n_inputs; i++) {
        ambs_input_row *input = &t->inputs[i];
        input->repeat = t->rows[input->trial].n_asked++;
        if (input->repeat > 0 && input->type == AMBS_RECORD_OWN) input->type = AMBS_RECORD_RESULT;
    }
}

static void recount_results(ambs_table *t)
{
    t->n_results = t->n_failed_in_row = 0;
    t->least = t->greatest = UINT64_MAX;
    for (size_t i = 0; i < t->n_inputs; i++) {
        const ambs_trial_row *row = &t->rows[t->inputs[i].trial];
        if (t->inputs[i].type == AMBS_RECORD_CANCEL) continue;
        ambs_outcome o;
        ambs_table_evaluation(t, row->id, t->inputs[i].repeat, &o);
        t->n_results++;
        if (o.state == AMBS_TRIAL_FAILED) t->n_failed_in_row++;
        if (o.state == AMBS_TRIAL_COMPLETE) t->n_failed_in_row = 0;
        table_note_incumbents(t, row);
    }
}

static void recount(ambs_table *t)
{
    t->output_bytes = 0;
    for (size_t i = 0; i < t->n_outputs; i++) t->output_bytes += strlen(t->outputs[i].text);
    t->n_waiting = t->n_running = t->n_complete = t->n_failed = t->n_pruned = t->n_cancelled =
        t->n_paused = 0;
    for (size_t i = 0; i < t->n; i++) {
        ++*table_count_of(t, t->rows[i].state);
        t->n_paused += t->rows[i].state == AMBS_TRIAL_PAUSED;
    }
    t->n_evaluations = t->n - t->n_cancelled;
    for (size_t i = 0; i < t->n_repeats; i++)
        t->n_evaluations += t->repeats[i].state != AMBS_TRIAL_CANCELLED;
    recount_results(t);
}

int ambs_table_relink(ambs_table *t, bool mend, ambs_error *err)
{
    bool fits = !drop_strays(t);
    for (size_t i = 0; i < t->n; i++) {
        fits = fits && t->rows[i].id == i;
        t->rows[i].id = i;
    }
    if (!link_attempts(t)) fits = false;
    number_inputs(t);
    if (!link_repeats(t)) fits = false;
    recount(t);
    if (!fits && !mend)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "the columns contradict each other: the file is damaged");
    return AMBS_OK;
}
