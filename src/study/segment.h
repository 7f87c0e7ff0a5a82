/* SPDX-License-Identifier: MIT */
/* Where the segments of a journal lie and what they begin with. */
#ifndef AMBS_STUDY_SEGMENT_H
#define AMBS_STUDY_SEGMENT_H

#include <stdint.h>

#include "ambs/error.h"
#include "base/text.h"

/* Every segment begins with these bytes: told from other files at sight, and damaged by any
 * transfer that translates line ends. */
#define AMBS_SEGMENT_MAGIC "ambsj\r\n\x1a"
enum { AMBS_SEGMENT_MAGIC_SIZE = 8 };

typedef struct ambs_segment {
    uint32_t epoch;
    char *path;
} ambs_segment;

/* "STUDY.h5.journal" */
char *ambs_segment_folder(const char *study_path, ambs_error *err);
/* "STUDY.h5.journal/000001.segment" */
char *ambs_segment_path(const char *study_path, uint32_t epoch, ambs_error *err);
/* All segments in order of their epochs. AMBS_E_NOT_FOUND when there is no folder or none in it. */
int ambs_segment_list(const char *study_path, ambs_segment **ret_segments, size_t *ret_n,
                      ambs_error *err);
void ambs_segment_list_free(ambs_segment *segments, size_t n);
/* Makes the entries of the folder that `path` lies in durable. */
int ambs_segment_sync_folder_of(const char *path, ambs_error *err);

#endif
