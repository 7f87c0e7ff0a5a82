/* SPDX-License-Identifier: MIT */
/* Errors: every fallible function returns 0 or a negative AMBS_E_* code and fills an ambs_error. */
#ifndef AMBS_ERROR_H
#define AMBS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define AMBS_API                 __attribute__((visibility("default")))
#define AMBS_PRINTF(text, first) __attribute__((format(printf, text, first)))

typedef enum ambs_code {
    AMBS_OK = 0,
    AMBS_E_NOMEM = -1,     /* out of memory */
    AMBS_E_INVALID = -2,   /* a value, an argument or a study file is wrong: the user can mend it */
    AMBS_E_IO = -3,        /* the operating system refused; errno's text is in the message */
    AMBS_E_FORMAT = -4,    /* a file or message is damaged, truncated or of another format */
    AMBS_E_NOT_FOUND = -5, /* no such file, name or trial */
    AMBS_E_NOT_BUILT = -6, /* this build lacks the feature; the message names the package */
    AMBS_E_EXHAUSTED = -7, /* every configuration of the space was proposed */
    AMBS_E_INFEASIBLE = -8,   /* no configuration satisfies the constraints, as far as was tried */
    AMBS_E_NUMERIC = -9,      /* a computation broke down (not positive definite, overflow) */
    AMBS_E_BUSY = -10,        /* another process holds the study */
    AMBS_E_MISMATCH = -11,    /* the file belongs to another space, seed, study or newer format */
    AMBS_E_INTERRUPTED = -12, /* stopped by a signal or a deadline */
    AMBS_E_AGAIN = -13        /* nothing to be had now, ask again later */
} ambs_code;

/* A message and its code. Plain memory without allocations, so it can be copied and dropped.
 * Several findings about one file are separated by newlines. */
typedef struct ambs_error {
    int code;
    char text[4096];
} ambs_error;

/* Sets `err` (may be NULL) to `code` and the formatted text; returns `code`. Used at the origin:
 * `return ambs_fail(err, AMBS_E_INVALID, "min %g is above max %g", min, max);` */
AMBS_API int ambs_fail(ambs_error *err, int code, const char *format, ...) AMBS_PRINTF(3, 4);

/* Puts what was being done in front of the text in `err` (may be NULL): "FORMAT: text".
 * Returns `code`, so that the way up reads `return ambs_wrap(err, rc, "reading %s", path);` */
AMBS_API int ambs_wrap(ambs_error *err, int code, const char *format, ...) AMBS_PRINTF(3, 4);

/* A short English name of a code, "out of memory"; never NULL. */
AMBS_API const char *ambs_code_name(int code);

#ifdef __cplusplus
}
#endif
#endif
