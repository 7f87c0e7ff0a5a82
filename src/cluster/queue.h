/* SPDX-License-Identifier: MIT */
/* The two containers of the manager: a growing first-in-first-out queue, and a roster, which is a
 * list of small numbers in the order they were put in from which any one can be taken out. All
 * O(1). */
#ifndef AMBS_CLUSTER_QUEUE_H
#define AMBS_CLUSTER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

typedef struct ambs_queue {
    void *items;
    size_t item_size; /* set by the owner before the first push */
    size_t head, n, capacity;
} ambs_queue;

void ambs_queue_fini(ambs_queue *queue);
/* Copies the item. AMBS_E_NOMEM. */
int ambs_queue_push(ambs_queue *queue, const void *item, ambs_error *err);
/* The oldest item, NULL when there is none; valid until the next push. */
void *ambs_queue_first(const ambs_queue *queue);
/* Takes the oldest item away; copies it to ret_item unless that is NULL. False when there is none.
 */
bool ambs_queue_pop(ambs_queue *queue, void *ret_item);

#define AMBS_ROSTER_NONE UINT32_MAX

typedef struct ambs_roster {
    struct ambs_roster_link {
        uint32_t next, prev; /* next == itself: not in the list */
    } * links; /* [capacity]; link 0 is the head of the ring, link i + 1 is number i */
    size_t capacity;
    uint32_t n;
} ambs_roster;

void ambs_roster_fini(ambs_roster *roster);
/* Makes room for the numbers 0 … n-1, none of them in the list at first. */
int ambs_roster_reserve(ambs_roster *roster, uint32_t n, ambs_error *err);
bool ambs_roster_has(const ambs_roster *roster, uint32_t i);
/* Puts number i at the end, also when it is in the list already. */
void ambs_roster_push(ambs_roster *roster, uint32_t i);
void ambs_roster_remove(ambs_roster *roster, uint32_t i);
/* The one that was put in longest ago; AMBS_ROSTER_NONE when empty. */
uint32_t ambs_roster_first(const ambs_roster *roster);

#endif
