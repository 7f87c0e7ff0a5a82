/* SPDX-License-Identifier: MIT */
/* The study as a trial host gets it: the file's name and the text (which carries the command line's
 * settings), from which the host reads the same spec again. */
#ifndef AMBS_OBJECTIVE_SETUP_H
#define AMBS_OBJECTIVE_SETUP_H

#include "study/spec.h"

/* An anonymous file with the study; the caller closes the descriptor. */
int ambs_setup_write(const ambs_spec *spec, int *ret_fd, ambs_error *err);
/* The spec from the descriptor, whose position is not used (several hosts share it). */
int ambs_setup_read(int fd, ambs_spec **ret_spec, ambs_error *err);

#endif
