/* SPDX-License-Identifier: MIT */
/* The checksum of a study file. HDF5 has none for most of what it stores, and the library of 1.10
 * can crash on damaged structures; so the file ends with 16 bytes that HDF5 does not look at:
 * "ambs-sum", CRC32C u32 of all bytes before, and 4 zero bytes. */
#ifndef AMBS_STUDY_STORE_SEAL_H
#define AMBS_STUDY_STORE_SEAL_H

#include <stddef.h>

#include "ambs/error.h"

/* Writes the bytes of a whole file and the seal at the beginning of `fd` and makes them durable.
 * `path` is for messages. AMBS_E_IO. */
int ambs_store_write_sealed(int fd, const char *path, const void *bytes, size_t size,
                            ambs_error *err);
/* AMBS_E_NOT_FOUND, AMBS_E_IO; AMBS_E_FORMAT for what is plainly no HDF5 file (a folder, an empty file, a
 * YAML file), with what it is. */
int ambs_store_check_kind(const char *path, ambs_error *err);
/* What helps a file that is damaged, for the end of a message: whether its journal is there decides. */
const char *ambs_store_remedy(const char *path);
/* AMBS_E_FORMAT where the seal does not fit the bytes; a file without a seal (written by another
 * program) passes. AMBS_E_NOT_FOUND, AMBS_E_IO. Reads the whole file. */
int ambs_store_check_seal(const char *path, ambs_error *err);

#endif
