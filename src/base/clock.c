/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static double read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double ambs_clock_wall_s(void)
{
    return read_clock(CLOCK_REALTIME);
}

double ambs_clock_monotonic_s(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void ambs_clock_sleep_s(double seconds)
{
    if (!(seconds > 0)) return;
    double whole = floor(fmin(seconds, 1e9));
    long nanoseconds = (long)((fmin(seconds, 1e9) - whole) * 1e9);
    struct timespec t = {.tv_sec = (time_t)whole, .tv_nsec = nanoseconds};
    nanosleep(&t, NULL);
}

const char *ambs_clock_format_utc(double wall_s, char *buffer)
{
    struct tm parts;
    time_t t = isfinite(wall_s) && fabs(wall_s) < 2e11 ? (time_t)floor(wall_s) : (time_t)-1;
    if (t == (time_t)-1 || !gmtime_r(&t, &parts)) {
        snprintf(buffer, 32, "unknown");
        return buffer;
    }
    strftime(buffer, 32, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return buffer;
}
