/* SPDX-License-Identifier: MIT */
#include "cluster/core_set.h"

#include <ctype.h>
#include <string.h>

enum { WORDS = AMBS_CORES_MAX / 64 };

void ambs_core_set_add(ambs_core_set *set, uint32_t core)
{
    if (core < AMBS_CORES_MAX) set->bits[core / 64] |= UINT64_C(1) << core % 64;
}

void ambs_core_set_remove(ambs_core_set *set, uint32_t core)
{
    if (core < AMBS_CORES_MAX) set->bits[core / 64] &= ~(UINT64_C(1) << core % 64);
}

bool ambs_core_set_has(const ambs_core_set *set, uint32_t core)
{
    return core < AMBS_CORES_MAX && (set->bits[core / 64] >> core % 64 & 1) != 0;
}

uint32_t ambs_core_set_count(const ambs_core_set *set)
{
    uint32_t n = 0;
    for (size_t i = 0; i < WORDS; i++)
        for (uint64_t left = set->bits[i]; left != 0; left &= left - 1) n++;
    return n;
}

bool ambs_core_set_is_equal(const ambs_core_set *a, const ambs_core_set *b)
{
    return memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

void ambs_core_set_unite(ambs_core_set *set, const ambs_core_set *with)
{
    for (size_t i = 0; i < WORDS; i++) set->bits[i] |= with->bits[i];
}

void ambs_core_set_intersect(ambs_core_set *set, const ambs_core_set *with)
{
    for (size_t i = 0; i < WORDS; i++) set->bits[i] &= with->bits[i];
}

static bool take_number(const char **at, uint32_t *ret)
{
    uint32_t value = 0;
    if (!isdigit((unsigned char)**at)) return false;
    for (; isdigit((unsigned char)**at); (*at)++) {
        value = 10 * value + (uint32_t)(**at - '0');
        if (value >= AMBS_CORES_MAX) return false;
    }
    *ret = value;
    return true;
}

static bool take_range(const char **at, ambs_core_set *set)
{
    uint32_t first, last;
    if (!take_number(at, &first)) return false;
    last = first;
    if (**at == '-') {
        (*at)++;
        if (!take_number(at, &last) || last < first) return false;
    }
    for (uint32_t core = first; core <= last; core++) ambs_core_set_add(set, core);
    return true;
}

bool ambs_core_set_parse(const char *text, ambs_core_set *ret)
{
    ambs_core_set set = {{0}};
    const char *at = text;
    while (isspace((unsigned char)*at)) at++;
    if (*at != '\0' && !take_range(&at, &set)) return false;
    while (*at == ',') {
        at++;
        if (!take_range(&at, &set)) return false;
    }
    while (isspace((unsigned char)*at)) at++;
    if (*at != '\0') return false;
    *ret = set;
    return true;
}

void ambs_core_set_print(const ambs_core_set *set, ambs_text *out)
{
    const char *comma = "";
    for (uint32_t first = 0; first < AMBS_CORES_MAX; first++) {
        if (!ambs_core_set_has(set, first)) continue;
        uint32_t last = first;
        while (ambs_core_set_has(set, last + 1)) last++;
        ambs_text_addf(out, "%s%u", comma, first);
        if (last > first) ambs_text_addf(out, "-%u", last);
        comma = ",";
        first = last;
    }
    if (comma[0] == '\0') ambs_text_add(out, "");
}
