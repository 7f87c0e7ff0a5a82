/* SPDX-License-Identifier: MIT */
/* What all batch systems share: finding one, and reading what their commands print. */
#include "cluster/batch.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

ambs_batch_job ambs_batch_find_job(const char *const *environment)
{
    ambs_batch_job job = {0};
    for (size_t i = 0; ambs_batch_registry[i]; i++) {
        job.ops = ambs_batch_registry[i];
        if (job.ops->find(environment, job.id)) return job;
    }
    job.id[0] = '\0';
    return job; /* `none` is the last one */
}

int ambs_batch_find(const char *name, const ambs_batch_ops **ret_ops, ambs_error *err)
{
    const char *names[16] = {NULL};
    char known[160] = "";
    size_t n = 0;
    for (size_t i = 0; ambs_batch_registry[i]; i++) {
        const ambs_batch_ops *ops = ambs_batch_registry[i];
        if (strcmp(ops->member.name, name) == 0) {
            *ret_ops = ops;
            return AMBS_OK;
        }
        if (!ops->submit || n + 1 >= sizeof names / sizeof *names) continue;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", n > 0 ? ", " : "", ops->member.name);
        names[n++] = ops->member.name;
    }
    const char *near = ambs_nearest_name(name, names);
    return ambs_fail(err, AMBS_E_NOT_FOUND,
                     "found the unknown batch system \"%.40s\"%s%s%s expected one of %s", name,
                     near ? ": did you mean " : ",", near ? near : "", near ? "?" : "", known);
}

const char *ambs_batch_job_text(const ambs_batch_job *job, char *buffer)
{
    if (job->id[0])
        snprintf(buffer, 96, "%s job %s", job->ops->member.name, job->id);
    else
        snprintf(buffer, 96, "no batch job");
    return buffer;
}

const char *ambs_batch_variable(const char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; environment[i]; i++) {
        if (strncmp(environment[i], name, length) != 0 || environment[i][length] != '=') continue;
        const char *value = environment[i] + length + 1;
        return value[0] ? value : NULL;
    }
    return NULL;
}

uint32_t ambs_batch_count(const char *const *environment, const char *name)
{
    const char *text = ambs_batch_variable(environment, name);
    long long value;
    if (!text || !ambs_parse_int(text, &value) || value < 1 || value > 0x7fffffff) return 0;
    return (uint32_t)value;
}

bool ambs_batch_find_by(const char *const *environment, const char *name, char *ret_id)
{
    const char *id = ambs_batch_variable(environment, name);
    if (!id || strlen(id) >= AMBS_BATCH_ID_SIZE || id[strcspn(id, " \t\r\n")] != '\0') return false;
    strcpy(ret_id, id);
    return true;
}

/* Up to 9 digits, so that no sum overflows. */
static bool take_number(const char **at, const char *end, double *ret)
{
    const char *begin = *at;
    *ret = 0;
    for (; *at < end && isdigit((unsigned char)**at); ++*at) *ret = *ret * 10 + (**at - '0');
    return *at > begin && *at - begin <= 9;
}

bool ambs_batch_parse_span(const char *text, size_t length, double *ret_s)
{
    const char *at = text, *end = text + length;
    double days = 0, part, seconds = 0;
    const char *dash = memchr(text, '-', length);
    if (dash && (!take_number(&at, end, &days) || at++ != dash)) return false;
    for (int n = 0; n < 3; n++) {
        if (!take_number(&at, end, &part)) return false;
        seconds = seconds * 60 + part;
        if (at == end) {
            *ret_s = days * 86400 + seconds;
            return true;
        }
        if (*at++ != ':') return false;
    }
    return false;
}

const char *ambs_batch_format_span(double seconds, bool days, char *buffer)
{
    unsigned long long s = (unsigned long long)ceil(seconds), d = days ? s / 86400 : 0;
    s -= d * 86400;
    int n = d > 0 ? snprintf(buffer, 16, "%llu-", d) : 0;
    snprintf(buffer + n, 24, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    return buffer;
}

bool ambs_batch_parse_date(const char *text, double *ret_wall_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    struct tm date = {.tm_isdst = -1};
    if (sscanf(text, "%*3s %3s %2d %2d:%2d:%2d %4d", month, &date.tm_mday, &date.tm_hour,
               &date.tm_min, &date.tm_sec, &date.tm_year) != 6)
        return false;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 != 0) return false;
    date.tm_mon = (int)(found - months) / 3;
    date.tm_year -= 1900;
    time_t seconds = mktime(&date);
    if (seconds == (time_t)-1) return false;
    *ret_wall_s = (double)seconds;
    return true;
}

static const char *copy_until(const char *text, const char *stop, char *ret, size_t size)
{
    size_t n = strcspn(text, stop);
    if (n >= size) n = size - 1;
    memcpy(ret, text, n);
    ret[n] = '\0';
    return ret;
}

const char *ambs_batch_word(const char *text, char *ret_word, size_t size)
{
    return copy_until(text + strspn(text, " \t\r\n"), " \t\r\n", ret_word, size);
}

const char *ambs_batch_line(const char *text, char *ret_line, size_t size)
{
    return copy_until(text + strspn(text, " \t\r\n"), "\r\n", ret_line, size);
}

bool ambs_batch_first_id(const char *answer, bool whole, char *ret_id)
{
    const char *at = answer + strcspn(answer, "0123456789");
    size_t n = whole ? strcspn(at, " \t\r\n") : strspn(at, "0123456789");
    if (n == 0 || n >= AMBS_BATCH_ID_SIZE) return false;
    memcpy(ret_id, at, n);
    ret_id[n] = '\0';
    return true;
}
