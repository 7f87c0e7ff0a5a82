/* SPDX-License-Identifier: MIT */
/* Packed little-endian numbers and texts: the bytes of the protocol. A reader that ran past the
 * end, or met a text that is too long, is `bad` from then on and gives zeros. */
#ifndef AMBS_CLUSTER_WIRE_H
#define AMBS_CLUSTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

void ambs_put_u8(ambs_text *out, uint8_t value);
void ambs_put_u16(ambs_text *out, uint16_t value);
void ambs_put_u32(ambs_text *out, uint32_t value);
void ambs_put_u64(ambs_text *out, uint64_t value);
void ambs_put_f64(ambs_text *out, double value);
/* A length (u8 or u32) and the bytes, without NUL; what is beyond 255 bytes is cut by the short
 * form. */
void ambs_put_short_text(ambs_text *out, const char *text);
void ambs_put_long_text(ambs_text *out, const char *text);

typedef struct ambs_wire {
    const uint8_t *at, *end;
    bool bad;
} ambs_wire;

uint8_t ambs_get_u8(ambs_wire *in);
uint16_t ambs_get_u16(ambs_wire *in);
uint32_t ambs_get_u32(ambs_wire *in);
uint64_t ambs_get_u64(ambs_wire *in);
double ambs_get_f64(ambs_wire *in);
/* Into `buffer` of `size` bytes, NUL-terminated; a NUL within the text or a text of `size` bytes or
 * more is bad. */
void ambs_get_short_text(ambs_wire *in, char *buffer, size_t size);
/* The bytes where they lie (not NUL-terminated) and their number; NULs within are bad. */
const char *ambs_get_long_text(ambs_wire *in, size_t *ret_length);

#endif
