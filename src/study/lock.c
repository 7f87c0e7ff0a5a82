/* SPDX-License-Identifier: MIT */
/* One manager per study. The file STUDY.h5.lock holds one fixed block of text, rewritten in place:
 *
 *   ambs-lock 1 / host / boot / pid namespace / pid / start time of the process / token / counter /
 * since
 *
 * Where host, boot and namespace are ours, the process table tells whether the holder lives.
 * Elsewhere only its counter tells, by our own clock: two clocks of two machines are never
 * compared.
 *
 * flock() on the file guards each look-and-write where the file system has it. Where it has not,
 * two managers may both believe to hold the lock; then the O_EXCL of the journal's segment refuses
 * one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "study/journal.h"
#include "study/lock_keeper.h"

enum { BLOCK_SIZE = 512 };
#define STALE_AFTER_S 120.0
#define LOOK_EVERY_S  1.0
#define TOUCH_EVERY_S 10.0
#define GUARD_TRIES   200 /* of 10 ms: nobody holds the guard longer than one small write */

typedef struct holder {
    char host[AMBS_HOST_SIZE], boot[40], space[40];
    uint64_t pid, start, token, counter;
    double since_s;
} holder;

struct ambs_lock {
    char *path;
    holder me;
    ambs_keeper *keeper; /* NULL: none */
};

/* ---- who is who ---- */

static void read_word(const char *path, char *buffer, size_t size)
{
    FILE *f = fopen(path, "re");
    buffer[0] = '\0';
    if (!f) return;
    if (!fgets(buffer, (int)size, f)) buffer[0] = '\0';
    buffer[strcspn(buffer, " \n")] = '\0';
    fclose(f);
}

/* Start time of a process in clock ticks after boot, 0 when it is gone (a zombie is). */
static uint64_t start_of(uint64_t pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%" PRIu64 "/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = '\0';
    const char *p = strrchr(line, ')'); /* the name before it may hold anything */
    char state = 0;
    unsigned long long start = 0;
    if (!p ||
        sscanf(p + 1,
               " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &start) != 2)
        return 0;
    return state == 'Z' || state == 'X' ? 0 : start;
}

static void identify(holder *h)
{
    *h = (holder){.pid = (uint64_t)getpid(),
                  .start = start_of((uint64_t)getpid()),
                  .since_s = ambs_clock_wall_s()};
    if (gethostname(h->host, sizeof h->host - 1) != 0 || h->host[0] == '\0')
        strcpy(h->host, "unknown");
    read_word("/proc/sys/kernel/random/boot_id", h->boot, sizeof h->boot);
    ssize_t n = readlink("/proc/self/ns/pid", h->space, sizeof h->space - 1);
    h->space[n > 0 ? n : 0] = '\0';
    if (h->boot[0] == '\0') strcpy(h->boot, "-");
    if (h->space[0] == '\0') strcpy(h->space, "-");
    if (getrandom(&h->token, sizeof h->token, 0) != sizeof h->token)
        h->token = (uint64_t)(h->since_s * 1e6) ^ h->pid << 40;
}

static void print_holder(const holder *h, char block[BLOCK_SIZE])
{
    memset(block, '\n', BLOCK_SIZE);
    int n =
        snprintf(block, BLOCK_SIZE,
                 "ambs-lock 1\nhost %s\nboot %s\nspace %s\npid %" PRIu64 "\nstart %" PRIu64
                 "\ntoken %" PRIu64 "\ncounter %" PRIu64 "\nsince %.3f\n",
                 h->host, h->boot, h->space, h->pid, h->start, h->token, h->counter, h->since_s);
    block[n] = '\n'; /* the NUL */
}

static bool parse_holder(const char *block, holder *h)
{
    *h = (holder){0};
    return sscanf(block,
                  "ambs-lock 1 host %63s boot %39s space %39s pid %" SCNu64 " start %" SCNu64
                  " token %" SCNu64 " counter %" SCNu64 " since %lf",
                  h->host, h->boot, h->space, &h->pid, &h->start, &h->token, &h->counter,
                  &h->since_s) == 8;
}

/* ---- the file ---- */

/* Opens the file at `path` and holds the guard. */
static int open_guarded(const char *path, int *ret_fd, ambs_error *err)
{
    for (int i = 0; i < GUARD_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 && errno == ENOENT)
            return ambs_fail(err, AMBS_E_NOT_FOUND, "%s: there is no such folder; make it first",
                             path);
        if (fd < 0)
            return ambs_fail(err, AMBS_E_IO, "%s: %s%s", path, strerror(errno),
                             errno == EROFS || errno == EACCES
                                 ? "; a study needs a folder that it may write to"
                                 : "");
        struct stat mine, theirs;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
            /* it may have been removed by its holder between open() and flock() */
            if (fstat(fd, &mine) == 0 && stat(path, &theirs) == 0 && mine.st_ino == theirs.st_ino) {
                *ret_fd = fd;
                return AMBS_OK;
            }
        }
        close(fd);
        ambs_clock_sleep_s(0.01);
    }
    return ambs_fail(err, AMBS_E_BUSY, "%s is locked by another process", path);
}

static bool read_holder(int fd, holder *ret)
{
    char block[BLOCK_SIZE + 1];
    ssize_t n = pread(fd, block, BLOCK_SIZE, 0);
    if (n <= 0) return false;
    block[n] = '\0';
    return parse_holder(block, ret);
}

static int write_holder(int fd, const char *path, const holder *h, ambs_error *err)
{
    char block[BLOCK_SIZE];
    print_holder(h, block);
    if (pwrite(fd, block, sizeof block, 0) == (ssize_t)sizeof block && fdatasync(fd) == 0)
        return AMBS_OK;
    return ambs_fail(err, AMBS_E_IO, "%s: %s", path, errno ? strerror(errno) : "cut short");
}

/* ---- taking ---- */

typedef enum life_sign { DEAD, ALIVE, UNKNOWN } life_sign;

static life_sign look_at(const holder *h, const holder *me)
{
    bool here = strcmp(h->host, me->host) == 0 && strcmp(h->boot, me->boot) == 0 &&
                strcmp(h->space, me->space) == 0;
    if (!here || h->start == 0) return UNKNOWN;
    return start_of(h->pid) == h->start ? ALIVE : DEAD;
}

static int busy(const char *path, const holder *h, const char *what, ambs_error *err)
{
    char since[32];
    return ambs_fail(err, AMBS_E_BUSY,
                     "%s: the study is held by process %" PRIu64 " on host %s since %s%s", path,
                     h->pid, h->host, ambs_clock_format_utc(h->since_s, since), what);
}

/* Watches the counter of a holder elsewhere. AMBS_OK: it stood still for 120 s (or the holder
 * left). */
static int watch(const char *path, const holder *seen, double patience_s, const ambs_log *log,
                 ambs_error *err)
{
    double began_s = ambs_clock_monotonic_s(), limit_s = fmin(patience_s, STALE_AFTER_S);
    if (limit_s > LOOK_EVERY_S)
        ambs_log_line(log, AMBS_LOG_INFO,
                      "%s: process %" PRIu64 " on host %s may hold the study; watching for %.0f s "
                      "whether it lives",
                      path, seen->pid, seen->host, limit_s);
    for (;;) {
        double waited_s = ambs_clock_monotonic_s() - began_s;
        if (waited_s >= limit_s) break;
        ambs_clock_sleep_s(fmin(LOOK_EVERY_S, limit_s - waited_s));
        holder now;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) return AMBS_OK;
        bool readable = read_holder(fd, &now);
        close(fd);
        if (readable && (now.token != seen->token || now.counter != seen->counter))
            return busy(path, &now, ", and it lives", err);
    }
    if (limit_s >= STALE_AFTER_S) return AMBS_OK;
    return busy(path, seen, "; whether it lives shows after 120 s", err);
}

static int take_guarded(ambs_lock *lock, const holder *stale, const ambs_log *log,
                        holder *ret_other, ambs_error *err)
{
    int fd;
    int rc = open_guarded(lock->path, &fd, err);
    if (rc != AMBS_OK) return rc;
    holder other;
    bool held = read_holder(fd, &other);
    life_sign sign = held ? look_at(&other, &lock->me) : DEAD;
    if (stale && held && other.token == stale->token && other.counter == stale->counter)
        sign = DEAD;
    if (sign == DEAD) {
        if (held)
            ambs_log_line(log, AMBS_LOG_WARNING,
                          "%s: process %" PRIu64 " on host %s held the study and is gone; going on "
                          "without it",
                          lock->path, other.pid, other.host);
        rc = write_holder(fd, lock->path, &lock->me, err);
    } else if (sign == ALIVE) {
        rc = busy(lock->path, &other, "; wait until it ends, or end it first", err);
    } else {
        *ret_other = other;
        rc = AMBS_E_AGAIN;
    }
    close(fd);
    return rc;
}

int ambs_lock_take(const char *study_path, double patience_s, const ambs_log *log,
                   ambs_lock **ret_lock, ambs_error *err)
{
    ambs_lock *lock = ambs_calloc(1, sizeof *lock, err);
    if (!lock) return AMBS_E_NOMEM;
    ambs_text path = {0};
    ambs_text_addf(&path, "%s.lock", study_path);
    lock->path = path.text;
    identify(&lock->me);
    holder other;
    int rc = ambs_text_check(&path, err);
    if (rc == AMBS_OK) rc = take_guarded(lock, NULL, log, &other, err);
    if (rc == AMBS_E_AGAIN) {
        rc = watch(lock->path, &other, patience_s, log, err);
        if (rc == AMBS_OK) rc = take_guarded(lock, &other, log, &other, err);
        if (rc == AMBS_E_AGAIN) rc = busy(lock->path, &other, ", which took it meanwhile", err);
    }
    if (rc != AMBS_OK) {
        free(lock->path);
        free(lock);
        return rc;
    }
    *ret_lock = lock;
    return AMBS_OK;
}

int ambs_lock_touch(ambs_lock *lock, ambs_error *err)
{
    int fd;
    int rc = open_guarded(lock->path, &fd, err);
    if (rc != AMBS_OK) return rc;
    holder now;
    bool held = read_holder(fd, &now);
    if (held && now.token != lock->me.token) {
        rc = busy(lock->path, &now, ": it took the study from this process", err);
    } else {
        lock->me.counter++;
        rc = write_holder(fd, lock->path, &lock->me, err);
    }
    close(fd);
    return rc;
}

int ambs_lock_keep(ambs_lock *lock, ambs_error *err)
{
    return ambs_keeper_start(lock, TOUCH_EVERY_S, &lock->keeper, err);
}

int ambs_lock_trouble(ambs_lock *lock, ambs_error *err)
{
    return ambs_keeper_trouble(lock->keeper, err);
}

void ambs_lock_release(ambs_lock *lock)
{
    if (!lock || !ambs_keeper_stop(lock->keeper)) return;
    int fd;
    if (open_guarded(lock->path, &fd, NULL) == AMBS_OK) {
        holder now;
        if (!read_holder(fd, &now) || now.token == lock->me.token) unlink(lock->path);
        close(fd);
    }
    free(lock->path);
    free(lock);
}

int ambs_lock_holder(const char *study_path, char *ret_text, size_t size, bool *ret_alive,
                     ambs_error *err)
{
    ambs_text path = {0};
    ambs_text_addf(&path, "%s.lock", study_path);
    int rc = ambs_text_check(&path, err);
    if (rc != AMBS_OK) return rc;
    int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    ambs_text_fini(&path);
    holder other, me;
    struct stat st;
    bool held = fd >= 0 && read_holder(fd, &other) && fstat(fd, &st) == 0;
    if (fd >= 0) close(fd);
    ret_text[0] = '\0';
    *ret_alive = false;
    if (!held) return AMBS_OK;
    identify(&me);
    life_sign sign = look_at(&other, &me);
    *ret_alive = sign == ALIVE || (sign == UNKNOWN &&
                                   ambs_clock_wall_s() - (double)st.st_mtim.tv_sec < STALE_AFTER_S);
    snprintf(ret_text, size, "host %s, process %" PRIu64, other.host, other.pid);
    return AMBS_OK;
}
