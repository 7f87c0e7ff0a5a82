/* SPDX-License-Identifier: MIT */
/* The trainers by name, and the random stream of a task. */
#include <string.h>

#include "train/train.h"

enum { MAX_MEMBERS = 64 };

/* "unknown …": `members` [n] in the order of the registry; those for tests are not told. */
static void refuse(const char *name, const ambs_member *const *members, size_t n, ambs_error *err)
{
    const char *names[MAX_MEMBERS + 1] = {NULL};
    ambs_text known = {0};
    size_t n_names = 0;
    for (size_t i = 0; i < n; i++) {
        if (members[i]->for_tests) continue;
        ambs_text_addf(&known, "%s%s", n_names > 0 ? ", " : "", members[i]->name);
        names[n_names++] = members[i]->name;
    }
    const char *near = ambs_nearest_name(name, names);
    if (near) ambs_text_addf(&known, "; did you mean \"%s\"?", near);
    if (ambs_text_check(&known, err) == AMBS_OK)
        ambs_fail(err, AMBS_E_NOT_FOUND, "unknown trainer \"%.60s\", expected one of %s", name,
                  known.text);
    ambs_text_fini(&known);
}

const ambs_trainer_ops *ambs_trainer_find(const char *name, ambs_error *err)
{
    const ambs_member *members[MAX_MEMBERS];
    size_t n = 0;
    for (; ambs_trainer_registry[n] && n < MAX_MEMBERS; n++) {
        if (strcmp(ambs_trainer_registry[n]->member.name, name) == 0)
            return ambs_trainer_registry[n];
        members[n] = &ambs_trainer_registry[n]->member;
    }
    refuse(name, members, n, err);
    return NULL;
}

void ambs_train_stream(const ambs_train_task *task, ambs_random *ret_stream)
{
    /* the purposes are small numbers: the fold goes into the upper half */
    ambs_random_init(ret_stream, task->seed, task->trial, AMBS_PURPOSE_TRAINING | task->fold << 16);
}
