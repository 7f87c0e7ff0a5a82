/* SPDX-License-Identifier: MIT */
#include "ambs/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int ambs_fail(ambs_error *err, int code, const char *format, ...)
{
    if (!err) return code;
    va_list args;
    va_start(args, format);
    /* An argument may be the old text of the same error, so it is formatted aside. */
    char text[sizeof err->text];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->code = code;
    memcpy(err->text, text, strlen(text) + 1);
    return code;
}

int ambs_wrap(ambs_error *err, int code, const char *format, ...)
{
    if (!err) return code;
    va_list args;
    va_start(args, format);
    char text[sizeof err->text];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->code = code;
    size_t front = strnlen(text, sizeof text - 3), rest = strlen(err->text);
    if (rest > sizeof text - 3 - front)
        rest = sizeof text - 3 - front; /* too long: the end is cut */
    memmove(err->text + front + 2, err->text, rest);
    memcpy(err->text, text, front);
    memcpy(err->text + front, ": ", 2);
    err->text[front + 2 + rest] = '\0';
    return code;
}

const char *ambs_code_name(int code)
{
    switch (code) {
    case AMBS_OK:
        return "success";
    case AMBS_E_NOMEM:
        return "out of memory";
    case AMBS_E_INVALID:
        return "invalid value";
    case AMBS_E_IO:
        return "input or output failed";
    case AMBS_E_FORMAT:
        return "damaged or unknown format";
    case AMBS_E_NOT_FOUND:
        return "not found";
    case AMBS_E_NOT_BUILT:
        return "not built in";
    case AMBS_E_EXHAUSTED:
        return "space exhausted";
    case AMBS_E_INFEASIBLE:
        return "no feasible configuration";
    case AMBS_E_NUMERIC:
        return "numerical breakdown";
    case AMBS_E_BUSY:
        return "held by another process";
    case AMBS_E_MISMATCH:
        return "mismatch";
    case AMBS_E_INTERRUPTED:
        return "interrupted";
    case AMBS_E_AGAIN:
        return "nothing yet";
    default:
        return "unknown error";
    }
}
