/* SPDX-License-Identifier: MIT */
#include "cluster/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void ambs_queue_fini(ambs_queue *queue)
{
    free(queue->items);
    *queue = (ambs_queue){.item_size = queue->item_size};
}

static char *item_at(const ambs_queue *queue, size_t i)
{
    size_t at = queue->head + i;
    if (at >= queue->capacity) at -= queue->capacity;
    return (char *)queue->items + at * queue->item_size;
}

/* Doubles the ring; what had wrapped round moves behind the old end. */
static int grow(ambs_queue *queue, ambs_error *err)
{
    size_t old = queue->capacity, size = queue->item_size;
    int rc = ambs_resize(&queue->items, old ? 2 * old : 16, size, err);
    if (rc != AMBS_OK) return rc;
    char *items = queue->items;
    memcpy(items + old * size, items, queue->head * size);
    queue->capacity = old ? 2 * old : 16;
    return AMBS_OK;
}

int ambs_queue_push(ambs_queue *queue, const void *item, ambs_error *err)
{
    if (queue->n == queue->capacity) {
        int rc = grow(queue, err);
        if (rc != AMBS_OK) return rc;
    }
    memcpy(item_at(queue, queue->n++), item, queue->item_size);
    return AMBS_OK;
}

void *ambs_queue_first(const ambs_queue *queue)
{
    return queue->n ? item_at(queue, 0) : NULL;
}

bool ambs_queue_pop(ambs_queue *queue, void *ret_item)
{
    if (queue->n == 0) return false;
    if (ret_item) memcpy(ret_item, item_at(queue, 0), queue->item_size);
    queue->head = queue->head + 1 == queue->capacity ? 0 : queue->head + 1;
    queue->n--;
    return true;
}

void ambs_roster_fini(ambs_roster *roster)
{
    free(roster->links);
    *roster = (ambs_roster){0};
}

int ambs_roster_reserve(ambs_roster *roster, uint32_t n, ambs_error *err)
{
    size_t before = roster->capacity;
    int rc =
        ambs_reserve(&roster->links, &roster->capacity, (size_t)n + 1, sizeof *roster->links, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = before; i < roster->capacity; i++)
        roster->links[i] = (struct ambs_roster_link){(uint32_t)i, (uint32_t)i};
    return AMBS_OK;
}

bool ambs_roster_has(const ambs_roster *roster, uint32_t i)
{
    return roster->links[i + 1].next != i + 1;
}

void ambs_roster_remove(ambs_roster *roster, uint32_t i)
{
    struct ambs_roster_link *links = roster->links, *link = &links[i + 1];
    if (!ambs_roster_has(roster, i)) return;
    links[link->prev].next = link->next;
    links[link->next].prev = link->prev;
    *link = (struct ambs_roster_link){i + 1, i + 1};
    roster->n--;
}

void ambs_roster_push(ambs_roster *roster, uint32_t i)
{
    ambs_roster_remove(roster, i);
    struct ambs_roster_link *links = roster->links;
    uint32_t last = links[0].prev;
    links[i + 1] = (struct ambs_roster_link){.next = 0, .prev = last};
    links[last].next = i + 1;
    links[0].prev = i + 1;
    roster->n++;
}

uint32_t ambs_roster_first(const ambs_roster *roster)
{
    return roster->n ? roster->links[0].next - 1 : AMBS_ROSTER_NONE;
}
