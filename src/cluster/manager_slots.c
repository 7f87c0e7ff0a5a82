/* SPDX-License-Identifier: MIT */
/* What the slots of a worker own: dealt out when it joins, told to it, recorded, and shown once
 * when all have come (or those that come at all). See layout.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cluster/manager_state.h"

/* The table does not wait longer for workers that are slow to join. */
#define TABLE_S 10.0

static int send_slots(ambs_manager *m, uint32_t rank, const char *gpu_variable,
                      const ambs_share *shares, uint32_t n, ambs_error *err)
{
    ambs_message slots = {.type = AMBS_MESSAGE_SLOTS};
    slots.as.slots.n = n;
    slots.as.slots.shares = shares;
    snprintf(slots.as.slots.gpu_variable, sizeof slots.as.slots.gpu_variable, "%s", gpu_variable);
    return manager_send(m, rank, &slots, err);
}

int manager_divide(ambs_manager *m, uint32_t rank, const ambs_message *hello,
                   ambs_share **ret_shares, uint32_t *ret_n, ambs_error *err)
{
    *ret_shares = NULL;
    *ret_n = hello->as.hello.n_slots;
    if (!m->config.layout || *ret_n > 0) return AMBS_OK;
    char variable[AMBS_GPU_VARIABLE_SIZE];
    int rc = ambs_layout_join(m->config.layout, hello->as.hello.host, 0, &hello->as.hello.seen,
                              ret_shares, ret_n, variable, err);
    return rc != AMBS_OK ? rc : send_slots(m, rank, variable, *ret_shares, *ret_n, err);
}

int manager_record_slots(ambs_manager *m, uint32_t rank, const ambs_share *shares, uint32_t n,
                         ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint32_t i = 0; i < n && rc == AMBS_OK; i++) {
        ambs_record record = {.type = AMBS_RECORD_SLOT};
        record.as.slot = (ambs_record_slot){.rank = rank,
                                            .slot = i,
                                            .n_cores = shares[i].n_cores,
                                            .memory_bytes = shares[i].memory_bytes,
                                            .cores = shares[i].cores,
                                            .gpus = shares[i].gpu_ids};
        rc = manager_record(m, &record, err);
    }
    return rc;
}

/* --- the table ------------------------------------------------------------------------------- */

static int say_lines(ambs_manager *m, const char *text, ambs_error *err)
{
    int rc = AMBS_OK;
    while (*text && rc == AMBS_OK) {
        size_t n = strcspn(text, "\n");
        rc = manager_event(m, AMBS_LOG_INFO, err, "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
    }
    return rc;
}

static int say_table(ambs_manager *m, ambs_error *err)
{
    ambs_text text = {0};
    m->table_said = true;
    ambs_layout_print(m->config.layout, &text);
    if (m->n_came < m->config.n_expected + m->n_slotless)
        ambs_text_addf(&text, "%u of %u workers have not come yet\n",
                       m->config.n_expected + m->n_slotless - m->n_came,
                       m->config.n_expected + m->n_slotless);
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK) rc = say_lines(m, text.text, err);
    ambs_text_fini(&text);
    return rc;
}

/* Every worker came, and none can run a trial. */
static int refuse(ambs_manager *m, ambs_error *err)
{
    ambs_text text = {0};
    ambs_layout_explain(m->config.layout, &text);
    ambs_text_add(&text,
                  "; correct trial or slots in the study, or the job, then go on with --resume");
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK) rc = ambs_manager_drain(m, AMBS_STATUS_USAGE, true, text.text, m->time, err);
    ambs_text_fini(&text);
    return rc;
}

double manager_table_s(const ambs_manager *m)
{
    return m->config.layout && !m->table_said && m->n_came > 0 ? m->start_s + TABLE_S : INFINITY;
}

int manager_check_slots(ambs_manager *m, ambs_error *err)
{
    if (!m->config.layout || m->table_said) return AMBS_OK;
    bool all = m->n_came > 0 && m->n_came == m->config.n_expected + m->n_slotless;
    if (!all && m->time.now_s < manager_table_s(m)) return AMBS_OK;
    int rc = say_table(m, err);
    return rc == AMBS_OK && m->n_slots == 0 && all ? refuse(m, err) : rc;
}
