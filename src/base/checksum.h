/* SPDX-License-Identifier: MIT */
#ifndef AMBS_BASE_CHECKSUM_H
#define AMBS_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, continuing from `crc` (0 at the
 * start). Check value: crc32c(0, "123456789", 9) = 0xE3069283. Hardware instruction where there is
 * one. */
uint32_t ambs_crc32c(uint32_t crc, const void *bytes, size_t length);

/* 64-bit FNV-1a, continuing from `hash` (AMBS_HASH_START at the start): for digests of text. */
#define AMBS_HASH_START 0xcbf29ce484222325u
uint64_t ambs_hash(uint64_t hash, const void *bytes, size_t length);

#endif
