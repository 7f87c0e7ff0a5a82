/* SPDX-License-Identifier: MIT */
#include "cluster/wire.h"

#include <string.h>

static void put(ambs_text *out, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    ambs_text_add_bytes(out, bytes, n);
}

void ambs_put_u8(ambs_text *out, uint8_t value)
{
    put(out, value, 1);
}

void ambs_put_u16(ambs_text *out, uint16_t value)
{
    put(out, value, 2);
}

void ambs_put_u32(ambs_text *out, uint32_t value)
{
    put(out, value, 4);
}

void ambs_put_u64(ambs_text *out, uint64_t value)
{
    put(out, value, 8);
}

void ambs_put_f64(ambs_text *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, bits, 8);
}

void ambs_put_short_text(ambs_text *out, const char *text)
{
    size_t length = strnlen(text, 255);
    ambs_put_u8(out, (uint8_t)length);
    ambs_text_add_bytes(out, text, length);
}

void ambs_put_long_text(ambs_text *out, const char *text)
{
    size_t length = strlen(text);
    ambs_put_u32(out, (uint32_t)length);
    ambs_text_add_bytes(out, text, length);
}

static uint64_t get(ambs_wire *in, size_t n)
{
    if (in->bad || (size_t)(in->end - in->at) < n) {
        in->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value |= (uint64_t)in->at[i] << (8 * i);
    in->at += n;
    return value;
}

uint8_t ambs_get_u8(ambs_wire *in)
{
    return (uint8_t)get(in, 1);
}

uint16_t ambs_get_u16(ambs_wire *in)
{
    return (uint16_t)get(in, 2);
}

uint32_t ambs_get_u32(ambs_wire *in)
{
    return (uint32_t)get(in, 4);
}

uint64_t ambs_get_u64(ambs_wire *in)
{
    return get(in, 8);
}

double ambs_get_f64(ambs_wire *in)
{
    uint64_t bits = get(in, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static const char *get_bytes(ambs_wire *in, size_t length)
{
    if (in->bad || (size_t)(in->end - in->at) < length || memchr(in->at, 0, length)) {
        in->bad = true;
        return NULL;
    }
    const char *text = (const char *)in->at;
    in->at += length;
    return text;
}

void ambs_get_short_text(ambs_wire *in, char *buffer, size_t size)
{
    size_t length = ambs_get_u8(in);
    if (length >= size) in->bad = true;
    const char *text = get_bytes(in, length);
    if (!text) length = 0;
    if (length > 0) memcpy(buffer, text, length);
    buffer[length] = '\0';
}

const char *ambs_get_long_text(ambs_wire *in, size_t *ret_length)
{
    size_t length = ambs_get_u32(in);
    const char *text = get_bytes(in, length);
    *ret_length = text ? length : 0;
    return text;
}
