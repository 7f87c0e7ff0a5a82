/* SPDX-License-Identifier: MIT */
#ifndef AMBS_STUDY_STORE_READ_H
#define AMBS_STUDY_STORE_READ_H

#include "study/spec.h"
#include "study/table.h"

/* As ambs_store_read(), but with `lost` (one line per fault, "group/name is damaged") columns that
 * can not be read keep their missing values, and what refers to nothing is dropped. HDF5 itself may
 * crash on a damaged file: call it in a process that may be lost. */
int ambs_store_read_what_is_left(const char *path, ambs_text *lost, ambs_table **ret_table,
                                 ambs_spec **ret_spec, ambs_error *err);

#endif
