/* SPDX-License-Identifier: MIT */
#include "cluster/letterbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

enum { PERIOD_S = 2 };

typedef struct letter {
    ambs_wish_name name;
    char *text; /* what it holds; of an answer why it is refused, NULL: granted */
} letter;

typedef struct letters {
    letter *at;
    size_t n, first, capacity; /* those before `first` were taken */
} letters;

struct ambs_letterbox {
    char *path;
    ambs_wish_name *known; /* [n_known] that still lie there and were handed on */
    size_t n_known, known_capacity;
    pthread_t thread;
    bool threaded;
    /* shared, under the lock, which is never held during a call to the file system */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    letters in, answers;
};

static int push(letters *l, const letter *one, ambs_error *err)
{
    int rc = ambs_reserve(&l->at, &l->capacity, l->n + 1, sizeof *l->at, err);
    if (rc == AMBS_OK) l->at[l->n++] = *one;
    return rc;
}

static bool pop(letters *l, letter *ret)
{
    if (l->first == l->n) return false;
    *ret = l->at[l->first++];
    if (l->first == l->n) l->first = l->n = 0;
    return true;
}

static void drop(letters *l)
{
    letter one;
    while (pop(l, &one)) free(one.text);
    free(l->at);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static bool is_known(const ambs_letterbox *box, const ambs_wish_name *name)
{
    for (size_t i = 0; i < box->n_known; i++)
        if (strcmp(box->known[i].text, name->text) == 0) return true;
    return false;
}

/* A letter that cannot be read now is tried again. */
static void hand_on(ambs_letterbox *box, const ambs_wish_name *name)
{
    letter one = {.name = *name};
    if (ambs_reserve(&box->known, &box->known_capacity, box->n_known + 1, sizeof *box->known,
                     NULL) != AMBS_OK ||
        ambs_wish_text(box->path, name, &one.text, NULL) != AMBS_OK)
        return;
    pthread_mutex_lock(&box->lock);
    int rc = push(&box->in, &one, NULL);
    pthread_mutex_unlock(&box->lock);
    if (rc == AMBS_OK)
        box->known[box->n_known++] = *name;
    else
        free(one.text);
}

/* What a file system does not do now is done, or tried, at the next look. */
static void look(ambs_letterbox *box)
{
    ambs_wish_name *names;
    size_t n;
    if (ambs_wish_list(box->path, &names, &n, NULL) != AMBS_OK) return;
    for (size_t i = 0; i < n; i++)
        if (!is_known(box, &names[i])) hand_on(box, &names[i]);
    free(names);
}

static void forget(ambs_letterbox *box, const ambs_wish_name *name)
{
    for (size_t i = 0; i < box->n_known; i++)
        if (strcmp(box->known[i].text, name->text) == 0) {
            box->known[i] = box->known[--box->n_known];
            return;
        }
}

static void send_answers(ambs_letterbox *box)
{
    letter one;
    for (;;) {
        pthread_mutex_lock(&box->lock);
        bool any = pop(&box->answers, &one);
        pthread_mutex_unlock(&box->lock);
        if (!any) return;
        int rc = one.text ? ambs_wish_refuse(box->path, &one.name, one.text, NULL)
                          : ambs_wish_remove(box->path, &one.name, NULL);
        free(one.text);
        /* a file that cannot be removed stays known, so that it is not taken for a new one */
        if (rc == AMBS_OK) forget(box, &one.name);
    }
}

static void *run(void *ctx)
{
    ambs_letterbox *box = ctx;
    for (bool stop = false; !stop;) {
        send_answers(box);
        look(box);
        pthread_mutex_lock(&box->lock);
        if (!box->stop && box->answers.n == 0)
            ambs_condition_wait(&box->wake, &box->lock, ambs_clock_monotonic_s() + PERIOD_S);
        stop = box->stop;
        pthread_mutex_unlock(&box->lock);
    }
    send_answers(box);
    return NULL;
}

/* ---- the loop's side ----------------------------------------------------------------------- */

int ambs_letterbox_create(const char *study_path, ambs_letterbox **ret_box, ambs_error *err)
{
    ambs_letterbox *box = ambs_calloc(1, sizeof *box, err);
    if (!box) return AMBS_E_NOMEM;
    pthread_mutex_init(&box->lock, NULL);
    ambs_condition_init(&box->wake);
    box->path = ambs_strdup(study_path, err);
    int rc = box->path ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK) look(box);
    if (rc == AMBS_OK) {
        box->threaded = ambs_thread_start(&box->thread, run, box) == 0;
        if (!box->threaded)
            rc = ambs_fail(err, AMBS_E_IO, "the thread of the queue could not be started");
    }
    if (rc == AMBS_OK)
        *ret_box = box;
    else
        ambs_letterbox_destroy(box);
    return rc;
}

void ambs_letterbox_destroy(ambs_letterbox *box)
{
    if (!box) return;
    if (box->threaded) {
        pthread_mutex_lock(&box->lock);
        box->stop = true;
        pthread_cond_signal(&box->wake);
        pthread_mutex_unlock(&box->lock);
        pthread_join(box->thread, NULL);
    }
    drop(&box->in);
    drop(&box->answers);
    pthread_mutex_destroy(&box->lock);
    pthread_cond_destroy(&box->wake);
    free(box->known);
    free(box->path);
    free(box);
}

bool ambs_letterbox_next(ambs_letterbox *box, ambs_wish_name *ret_name, char **ret_text)
{
    letter one;
    pthread_mutex_lock(&box->lock);
    bool any = pop(&box->in, &one);
    pthread_mutex_unlock(&box->lock);
    if (!any) return false;
    *ret_name = one.name;
    *ret_text = one.text;
    return true;
}

int ambs_letterbox_answer(ambs_letterbox *box, const ambs_wish_name *name, const char *why,
                          ambs_error *err)
{
    letter one = {.name = *name};
    if (why && !(one.text = ambs_strdup(why, err))) return AMBS_E_NOMEM;
    pthread_mutex_lock(&box->lock);
    int rc = push(&box->answers, &one, err);
    pthread_cond_signal(&box->wake);
    pthread_mutex_unlock(&box->lock);
    if (rc != AMBS_OK) free(one.text);
    return rc;
}
