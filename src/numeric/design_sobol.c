/* SPDX-License-Identifier: MIT */
/* Sobol's sequence (Sobol 1967, doi:10.1016/0041-5553(67)90144-9) with the direction numbers of Joe
 * and Kuo 2008, in Gray-code order (Antonov and Saleev 1979), and Owen's nested uniform scrambling
 * (Owen 1995, doi:10.1007/978-1-4612-2552-2_19).
 *
 * In base 2 Owen's scrambling flips bit k of a coordinate by a fair coin that belongs to the k bits
 * before it. The coin is one bit of a hash of (seed, coordinate, k, those bits), so nothing is
 * stored and any point can be had alone. The flips go on behind the 32 bits of the sequence to 52,
 * which makes each coordinate uniform in the open interval and keeps any two points apart. */
#include <stdlib.h>

#include "base/memory.h"
#include "numeric/design.h"
#include "numeric/sobol_table.h"

enum { BITS = 32, FINE_BITS = 52 };

typedef struct sobol_options {
    bool scramble;
} sobol_options;

static const ambs_option option_table[] = {
    {"scramble", AMBS_OPTION_BOOL, offsetof(sobol_options, scramble), "true", 1, 0, NULL,
     "Owen's nested scrambling by the seed; false gives the plain sequence, whose first point is "
     "the origin"},
    {0},
};

static int degree_of(uint32_t polynomial)
{
    int degree = 0;
    while (polynomial >> (degree + 1)) degree++;
    return degree;
}

/* The 32 direction numbers of one coordinate from its words (NULL: the first coordinate, van der
 * Corput's); returns the words of the next one. Recurrence: Joe and Kuo 2008, eq. 2. */
static const uint16_t *direction_numbers(const uint16_t *words, uint32_t *ret_v)
{
    if (!words) {
        for (int j = 0; j < BITS; j++) ret_v[j] = 1u << (BITS - 1 - j);
        return sobol_words;
    }
    uint32_t polynomial = words[0];
    int s = degree_of(polynomial);
    for (int j = 0; j < s; j++) ret_v[j] = (uint32_t)words[1 + j] << (BITS - 1 - j);
    for (int j = s; j < BITS; j++) {
        uint32_t v = ret_v[j - s] ^ (ret_v[j - s] >> s);
        for (int i = 1; i < s; i++)
            if (polynomial >> (s - i) & 1) v ^= ret_v[j - i];
        ret_v[j] = v;
    }
    return words + 1 + s;
}

int ambs_sobol_bits(size_t d, uint64_t first, size_t n, uint32_t *ret_bits, ambs_error *err)
{
    const uint64_t end = UINT64_C(1) << BITS;
    if (d > AMBS_SOBOL_MAX_DIMENSION)
        return ambs_fail(err, AMBS_E_INVALID,
                         "a Sobol sequence in %zu dimensions was asked for, expected at most %d; "
                         "use the design lhs",
                         d, AMBS_SOBOL_MAX_DIMENSION);
    if (first > end || n > end - first)
        return ambs_fail(err, AMBS_E_INVALID,
                         "point %llu of a Sobol sequence was asked for, it ends at 2^32",
                         (unsigned long long)first + n);
    const uint16_t *words = NULL;
    for (size_t k = 0; k < d; k++) {
        uint32_t v[BITS];
        words = direction_numbers(words, v);
        for (size_t i = 0; i < n; i++) {
            uint64_t gray = (first + i) ^ ((first + i) >> 1);
            uint32_t x = 0;
            for (int j = 0; gray >> j; j++)
                if (gray >> j & 1) x ^= v[j];
            ret_bits[i * d + k] = x;
        }
    }
    return AMBS_OK;
}

static double scrambled(uint32_t x, uint64_t key)
{
    uint64_t fine = (uint64_t)x << (FINE_BITS - BITS), out = 0;
    for (int k = 0; k < FINE_BITS; k++) {
        /* The leading one marks how many bits stand before. */
        uint64_t before = UINT64_C(1) << k | fine >> (FINE_BITS - k);
        uint64_t bit = fine >> (FINE_BITS - 1 - k) & 1;
        out = out << 1 | (bit ^ (ambs_mix64(key ^ ambs_mix64(before)) & 1));
    }
    return ((double)out + 0.5) * 0x1p-52;
}

static int points(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err)
{
    (void)total;
    const sobol_options *o = options;
    if (n == 0 || d == 0) return AMBS_OK;
    if (n > SIZE_MAX / d) return ambs_fail(err, AMBS_E_NOMEM, "out of memory");
    uint32_t *bits = ambs_calloc(n * d, sizeof *bits, err);
    if (!bits) return AMBS_E_NOMEM;
    int rc = ambs_sobol_bits(d, first, n, bits, err);
    for (size_t k = 0; rc == AMBS_OK && k < d; k++) {
        uint64_t key = ambs_mix64(ambs_mix64(seed + UINT64_C(0x9e3779b97f4a7c15)) + k);
        for (size_t i = k; i < n * d; i += d)
            ret_u[i] = !o || o->scramble ? scrambled(bits[i], key) : bits[i] * 0x1p-32;
    }
    free(bits);
    return rc;
}

const ambs_design_ops ambs_design_sobol = {
    .member = {.name = "sobol",
               .summary = "Sobol's sequence with Owen scrambling, up to 1,111 dimensions",
               .options = option_table,
               .options_size = sizeof(sobol_options)},
    .points = points,
    .is_sequence = true,
    .is_stratified = true,
};
