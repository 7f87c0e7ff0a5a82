/* SPDX-License-Identifier: MIT */
/* The agent's end of the supervisor, as the runner uses it. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_H
#define AMBS_OBJECTIVE_SUPERVISOR_H

#include <sys/types.h>

#include "objective/runner.h"
#include "objective/wire.h"

/* The name by which the supervisor's helper is launched. */
#define AMBS_HELPER_ID      UINT64_MAX
#define AMBS_TAG_SUPERVISOR UINT64_MAX
#define AMBS_TAG_HELPER     (UINT64_MAX - 1)
#define AMBS_TAG_CLERK      (UINT64_MAX - 2) /* a caller's */

/* Borrowed for the call. */
typedef struct ambs_launch {
    uint64_t id; /* new */
    const char *const *argv;
    const char *const *environment; /* NAME=VALUE over the scrubbed one, NAME removes; NULL: none */
    const int *fds;                 /* [n_fds] its descriptors 1, 2, 3, … */
    size_t n_fds;
    const char *folder;  /* working directory; NULL: the supervisor's own */
    const char *scratch; /* removed with all in it when the caller is gone first; NULL: none */
    const int *cores;    /* [n_cores] that it may use; 0 of them: as the supervisor */
    uint32_t n_cores;
    double memory_bytes; /* limit of the process and all that comes of it; 0: none */
} ambs_launch;

/* The descriptors stay the caller's. AMBS_E_INVALID when argv and environment are too long
 * together, AMBS_E_IO when the supervisor is gone. */
int ambs_supervisor_launch(ambs_supervisor *supervisor, const ambs_launch *launch, ambs_error *err);
/* TERM or KILL to the whole process group, USR1 to its leader. Nothing happens when it has ended. */
void ambs_supervisor_signal(ambs_supervisor *supervisor, uint64_t id, int signal);

/* The supervisor kills the calling process when `limit_s` has passed, or as soon as one of the
 * processes `fellows` [n] of this host is gone: for work in this process that may hang or wait for
 * the dead. When the process `master` (0: none) is gone, the caller gets the signal AMBS_WIRE_ABANDONED first.
 * Each call replaces the one before; INFINITY ends the watch. */
int ambs_supervisor_guard(ambs_supervisor *supervisor, double limit_s, int32_t master,
                          const int32_t *fellows, size_t n, ambs_error *err);

/* AMBS_OK with a STARTED or EXITED message; AMBS_E_AGAIN when there is none now; AMBS_E_IO when the
 * supervisor is gone: by then nothing that it started is left. */
int ambs_supervisor_next(ambs_supervisor *supervisor, ambs_wire_process *ret_message);

/* Notes the children that this process has now as its own: they survive the supervisor's loss.
 * Called when the runner begins, after MPI_Init. */
void ambs_supervisor_note_children(ambs_supervisor *supervisor);

/* The descriptor of the helper's output, -1 without; closed at its end of file, when the helper may
 * still run. */
int ambs_supervisor_helper_output(const ambs_supervisor *supervisor);
void ambs_supervisor_helper_close(ambs_supervisor *supervisor);
/* The helper has ended: there may be another. False when there was none. */
bool ambs_supervisor_helper_ended(ambs_supervisor *supervisor);

/* Adds a descriptor to what ambs_supervisor_fd() waits for; `tag` comes back from
 * ambs_supervisor_wait. Closing the descriptor removes it. */
int ambs_supervisor_watch(ambs_supervisor *supervisor, int fd, uint64_t tag, ambs_error *err);
/* The tags that are ready now, at most `room`; does not wait. The supervisor's own socket has the
 * tag AMBS_TAG_SUPERVISOR, the helper's output AMBS_TAG_HELPER; callers use smaller ones. */
size_t ambs_supervisor_ready(ambs_supervisor *supervisor, uint64_t *ret_tags, size_t room);

/* The path of an executable that belongs to ambs ("ambs-trial-host"): in $AMBS_LIBEXEC, beside the
 * running program, in the build folder, in the installation. AMBS_E_NOT_FOUND names these places.
 * `ret_path` holds `size` bytes. */
int ambs_program_find(const char *name, char *ret_path, size_t size, ambs_error *err);

#endif
