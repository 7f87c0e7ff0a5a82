/* SPDX-License-Identifier: MIT */
/* A hash set of configurations: rows lie densely in `rows`, and an open-addressing table with
 * linear probing holds their indices plus one. Removal shifts the probe chain back, so there are no
 * tombstones. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/private.h"

struct ambs_space_set {
    const ambs_space *space;
    double *rows; /* [n, d] */
    uint64_t *numbers, *hashes;
    size_t n, row_capacity, number_capacity, hash_capacity;
    size_t *table; /* [table_size], a power of two, at most 2/3 full */
    size_t table_size;
};

int ambs_space_set_create(const ambs_space *space, ambs_space_set **ret_set, ambs_error *err)
{
    ambs_space_set *set = ambs_calloc(1, sizeof *set, err);
    if (!set) return AMBS_E_NOMEM;
    set->space = space;
    set->table_size = 16;
    set->table = ambs_calloc(set->table_size, sizeof *set->table, err);
    if (!set->table) {
        free(set);
        return AMBS_E_NOMEM;
    }
    *ret_set = set;
    return AMBS_OK;
}

void ambs_space_set_destroy(ambs_space_set *set)
{
    if (!set) return;
    free(set->rows);
    free(set->numbers);
    free(set->hashes);
    free(set->table);
    free(set);
}

static const double *row_of(const ambs_space_set *set, size_t i)
{
    return set->rows + i * set->space->d;
}

/* The slot that holds x, or the empty one where it belongs. */
static size_t find_slot(const ambs_space_set *set, const double *x, uint64_t hash)
{
    size_t mask = set->table_size - 1, slot = (size_t)hash & mask;
    for (; set->table[slot]; slot = (slot + 1) & mask) {
        size_t i = set->table[slot] - 1;
        if (set->hashes[i] == hash && ambs_space_equal(set->space, row_of(set, i), x)) break;
    }
    return slot;
}

static int grow_table(ambs_space_set *set, ambs_error *err)
{
    size_t size = set->table_size * 2, mask = size - 1;
    size_t *table = ambs_calloc(size, sizeof *table, err);
    if (!table) return AMBS_E_NOMEM;
    for (size_t i = 0; i < set->n; i++) {
        size_t slot = (size_t)set->hashes[i] & mask;
        while (table[slot]) slot = (slot + 1) & mask;
        table[slot] = i + 1;
    }
    free(set->table);
    set->table = table;
    set->table_size = size;
    return AMBS_OK;
}

static int make_room(ambs_space_set *set, ambs_error *err)
{
    size_t n = set->n + 1;
    int rc =
        ambs_reserve(&set->rows, &set->row_capacity, n, set->space->d * sizeof *set->rows, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&set->numbers, &set->number_capacity, n, sizeof *set->numbers, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&set->hashes, &set->hash_capacity, n, sizeof *set->hashes, err);
    if (rc == AMBS_OK && 3 * n > 2 * set->table_size) rc = grow_table(set, err);
    return rc;
}

int ambs_space_set_add(ambs_space_set *set, const double *x, uint64_t number, bool *ret_added,
                       ambs_error *err)
{
    uint64_t hash = ambs_space_hash(set->space, x);
    if (set->table[find_slot(set, x, hash)]) {
        if (ret_added) *ret_added = false;
        return AMBS_OK;
    }
    int rc = make_room(set, err);
    if (rc != AMBS_OK) return rc;
    size_t d = set->space->d;
    memcpy(set->rows + set->n * d, x, d * sizeof *x);
    set->numbers[set->n] = number;
    set->hashes[set->n] = hash;
    set->table[find_slot(set, x, hash)] = ++set->n;
    if (ret_added) *ret_added = true;
    return AMBS_OK;
}

bool ambs_space_set_has(const ambs_space_set *set, const double *x, uint64_t *ret_number)
{
    size_t entry = set->table[find_slot(set, x, ambs_space_hash(set->space, x))];
    if (entry == 0) return false;
    if (ret_number) *ret_number = set->numbers[entry - 1];
    return true;
}

/* Empties `hole` and moves back each later entry of the chain whose own slot lies at or before the
 * hole. */
static void close_hole(ambs_space_set *set, size_t hole)
{
    size_t mask = set->table_size - 1;
    for (size_t slot = (hole + 1) & mask; set->table[slot]; slot = (slot + 1) & mask) {
        size_t home = (size_t)set->hashes[set->table[slot] - 1] & mask;
        if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
        set->table[hole] = set->table[slot];
        hole = slot;
    }
    set->table[hole] = 0;
}

bool ambs_space_set_remove(ambs_space_set *set, const double *x)
{
    size_t slot = find_slot(set, x, ambs_space_hash(set->space, x));
    if (!set->table[slot]) return false;
    size_t i = set->table[slot] - 1, last = set->n - 1, d = set->space->d;
    close_hole(set, slot);
    if (i != last) { /* the last row fills the gap */
        size_t moved = find_slot(set, row_of(set, last), set->hashes[last]);
        memcpy(set->rows + i * d, row_of(set, last), d * sizeof *set->rows);
        set->numbers[i] = set->numbers[last];
        set->hashes[i] = set->hashes[last];
        set->table[moved] = i + 1;
    }
    set->n--;
    return true;
}

size_t ambs_space_set_size(const ambs_space_set *set)
{
    return set->n;
}
