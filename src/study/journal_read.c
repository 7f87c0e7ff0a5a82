/* SPDX-License-Identifier: MIT */
/* Reading the segments of a journal in order.
 *
 * Which records count: those of segment i up to the least `continues` of the segments after it;
 * what its manager wrote later, when its successor had begun, is ignored.
 *
 * When a record can not be read, the next good one is searched byte by byte. There is none: a torn
 * tail, cut. There is one that was made when the hole was known durable (record.h, `pending`): the
 * segment is damaged. Else the hole was never durable, nobody was told of it, and it is a torn tail
 * too. */
#include "study/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "study/segment.h"

typedef int apply_fn(void *ctx, const ambs_record *record, ambs_error *err);

typedef struct walk {
    uint64_t after;
    bool salvage;
    apply_fn *apply;
    void *ctx;
    bool has_study;
    uint8_t uuid[16];
    size_t d;
    ambs_journal_findings found;
    ambs_text scratch;
} walk;

/* A segment and a window on its bytes: window[at, have) begins at `offset` + `at` of the file. */
typedef struct reader {
    const ambs_segment *segment;
    int fd;
    char *window;
    size_t capacity, at, have;
    uint64_t offset;
    uint64_t sequence; /* of the last good record; 0: none */
    uint64_t limit;    /* records above do not count */
} reader;

static void say(walk *w, const char *format, ...) AMBS_PRINTF(2, 3);
static void say(walk *w, const char *format, ...)
{
    size_t used = strlen(w->found.text), room = sizeof w->found.text - used;
    if (used > 0 && room > 3) {
        memcpy(w->found.text + used, "; ", 3);
        used += 2;
        room -= 2;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(w->found.text + used, room, format, args);
    va_end(args);
}

static const char *path_of(const reader *r)
{
    return r->segment->path;
}

static uint64_t position(const reader *r)
{
    return r->offset + r->at;
}

/* Tries to have `n` bytes at the window's start; fewer only at the end of the file. */
static int fill(reader *r, size_t n, ambs_error *err)
{
    enum { BLOCK = 1 << 16 };
    if (r->have - r->at >= n) return AMBS_OK;
    if (r->have > r->at) memmove(r->window, r->window + r->at, r->have - r->at);
    r->offset += r->at;
    r->have -= r->at;
    r->at = 0;
    int rc = ambs_reserve(&r->window, &r->capacity, n > BLOCK ? n : BLOCK, 1, err);
    while (rc == AMBS_OK && r->have < n) {
        ssize_t got =
            pread(r->fd, r->window + r->have, r->capacity - r->have, (off_t)(r->offset + r->have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) rc = ambs_fail(err, AMBS_E_IO, "%s: read: %s", path_of(r), strerror(errno));
        if (got <= 0) break;
        r->have += (size_t)got;
    }
    return rc;
}

/* The record at the window's start. AMBS_E_AGAIN at a cut, AMBS_E_FORMAT at damage,
 * AMBS_E_NOT_FOUND at the end of the file. */
static int decode_here(walk *w, reader *r, ambs_record *ret, size_t *ret_size, ambs_error *err)
{
    int rc = fill(r, AMBS_RECORD_HEAD, err);
    if (rc != AMBS_OK) return rc;
    if (r->have == r->at) return ambs_fail(err, AMBS_E_NOT_FOUND, "the end of the segment");
    uint64_t sequence;
    size_t size = 0;
    if (r->have - r->at >= AMBS_RECORD_HEAD &&
        ambs_record_peek(r->window + r->at, &sequence, &size))
        rc = fill(r, size, err);
    if (rc != AMBS_OK) return rc;
    return ambs_record_decode(r->window + r->at, r->have - r->at, w->d, &w->scratch, ret, ret_size,
                              err);
}

/* Moves on to the next good record with a later sequence number. AMBS_E_NOT_FOUND: there is none.
 */
static int search_next(walk *w, reader *r, ambs_record *ret, size_t *ret_size, ambs_error *err)
{
    for (;;) {
        r->at++;
        int rc = fill(r, AMBS_RECORD_HEAD, err);
        if (rc != AMBS_OK) return rc;
        if (r->have - r->at < AMBS_RECORD_HEAD) break;
        uint64_t sequence;
        size_t size;
        if (!ambs_record_peek(r->window + r->at, &sequence, &size) || sequence <= r->sequence ||
            sequence - r->sequence > UINT32_MAX)
            continue;
        rc = decode_here(w, r, ret, ret_size, err);
        if (rc == AMBS_OK || rc == AMBS_E_IO || rc == AMBS_E_NOMEM) return rc;
    }
    r->at = r->have;
    return AMBS_E_NOT_FOUND;
}

/* Does a good record after the hole say that the hole had been durable? Reads to the end; the place
 * is put back. */
static int is_vouched_for(walk *w, reader *r, uint64_t hole, bool *ret_vouched, ambs_error *err)
{
    uint64_t place = position(r), sequence = r->sequence;
    ambs_record record;
    ambs_error ignored;
    size_t size;
    int rc = AMBS_OK;
    *ret_vouched = false;
    while (!*ret_vouched &&
           (rc = decode_here(w, r, &record, &size, &ignored)) != AMBS_E_NOT_FOUND) {
        if (rc == AMBS_E_IO || rc == AMBS_E_NOMEM) break;
        if (rc != AMBS_OK && search_next(w, r, &record, &size, &ignored) != AMBS_OK) break;
        *ret_vouched =
            record.pending < AMBS_RECORD_MAX_PENDING && record.sequence > record.pending + hole;
        r->at += size;
    }
    r->offset = place;
    r->at = r->have = 0;
    r->sequence = sequence;
    return rc == AMBS_E_IO || rc == AMBS_E_NOMEM ? ambs_fail(err, rc, "%s", ignored.text) : AMBS_OK;
}

/* The record at hand is unreadable: goes on behind the hole, or the segment ends here. */
static int pass_hole(walk *w, reader *r, const ambs_error *why, bool *ret_end, ambs_error *err)
{
    uint64_t from = position(r), hole = r->sequence + 1;
    ambs_record record;
    size_t size;
    int rc = search_next(w, r, &record, &size, err);
    bool vouched = false;
    if (rc == AMBS_OK && !w->salvage) rc = is_vouched_for(w, r, hole, &vouched, err);
    if (rc != AMBS_OK && rc != AMBS_E_NOT_FOUND) return rc;
    if (rc == AMBS_OK && vouched)
        return ambs_fail(
            err, AMBS_E_FORMAT,
            "%s is damaged from byte %llu to %llu (after record %llu): %s; `ambs recover` "
            "salvages what is left",
            path_of(r), (unsigned long long)from, (unsigned long long)position(r),
            (unsigned long long)r->sequence, why->text);
    if (rc == AMBS_OK && w->salvage) {
        w->found.damaged_bytes += position(r) - from;
        say(w, "%s: bytes %llu to %llu are damaged and were skipped", path_of(r),
            (unsigned long long)from, (unsigned long long)position(r));
        return AMBS_OK;
    }
    off_t end = lseek(r->fd, 0, SEEK_END);
    uint64_t torn = end > (off_t)from ? (uint64_t)end - from : 0;
    w->found.torn_bytes += torn;
    say(w, "%s: a torn tail of %llu bytes was cut after record %llu", path_of(r),
        (unsigned long long)torn, (unsigned long long)r->sequence);
    *ret_end = true;
    return AMBS_OK;
}

static int open_reader(walk *w, const ambs_segment *segment, reader *r, ambs_error *err)
{
    *r = (reader){.segment = segment, .limit = UINT64_MAX};
    r->fd = open(segment->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0) return ambs_fail(err, AMBS_E_IO, "%s: %s", segment->path, strerror(errno));
    int rc = fill(r, AMBS_SEGMENT_MAGIC_SIZE, err);
    if (rc != AMBS_OK) return rc;
    if (r->have >= AMBS_SEGMENT_MAGIC_SIZE &&
        memcmp(r->window, AMBS_SEGMENT_MAGIC, AMBS_SEGMENT_MAGIC_SIZE) == 0)
        r->at = AMBS_SEGMENT_MAGIC_SIZE;
    else if (r->have >= AMBS_SEGMENT_MAGIC_SIZE && !w->salvage)
        return ambs_fail(err, AMBS_E_FORMAT, "%s does not begin like a segment of a journal",
                         segment->path);
    return AMBS_OK;
}

static void close_reader(reader *r)
{
    if (r->fd >= 0) close(r->fd);
    free(r->window);
}

/* ---- the LIFE records of all segments, read first ---- */

static int check_life(walk *w, const reader *r, const ambs_record_life *life, ambs_error *err)
{
    if (life->format != AMBS_JOURNAL_FORMAT)
        return ambs_fail(
            err, AMBS_E_MISMATCH,
            "%s is of format %u, this version of ambs reads format %d; use the newer ambs",
            path_of(r), life->format, AMBS_JOURNAL_FORMAT);
    if (life->epoch != r->segment->epoch)
        return ambs_fail(err, AMBS_E_MISMATCH, "%s holds life %u: it was renamed or copied",
                         path_of(r), life->epoch);
    if (!w->has_study) {
        memcpy(w->uuid, life->uuid, sizeof w->uuid);
        w->d = life->n_dimensions;
        w->has_study = true;
    }
    if (memcmp(w->uuid, life->uuid, sizeof w->uuid) != 0 || w->d != life->n_dimensions)
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "%s belongs to another study than the segments before it", path_of(r));
    return AMBS_OK;
}

/* *ret_begun is false where the segment has no LIFE record: its manager died while it began. */
static int read_life(walk *w, const ambs_segment *segment, uint64_t *ret_continues, bool *ret_begun,
                     ambs_error *err)
{
    reader r;
    ambs_record record;
    size_t size;
    ambs_error why = {0};
    *ret_begun = false;
    int rc = open_reader(w, segment, &r, err);
    if (rc == AMBS_OK) {
        rc = decode_here(w, &r, &record, &size, &why);
        if (rc == AMBS_OK && record.type == AMBS_RECORD_LIFE) {
            rc = check_life(w, &r, &record.as.life, err);
            *ret_continues = record.as.life.continues;
            *ret_begun = rc == AMBS_OK;
        } else if (rc == AMBS_E_IO || rc == AMBS_E_NOMEM) {
            ambs_fail(err, rc, "%s", why.text);
        } else {
            rc = AMBS_OK;
        }
    }
    close_reader(&r);
    return rc;
}

/* ---- the walk ---- */

static int take(walk *w, reader *r, const ambs_record *record, ambs_error *err)
{
    r->sequence = record->sequence;
    if (record->sequence > r->limit) {
        w->found.ignored_records++;
        return AMBS_OK;
    }
    if (w->found.first_sequence == 0) w->found.first_sequence = record->sequence;
    if (record->sequence <= w->found.last_sequence)
        return AMBS_OK; /* salvage of overlapping lives */
    w->found.last_sequence = record->sequence;
    return w->apply && record->sequence > w->after ? w->apply(w->ctx, record, err) : AMBS_OK;
}

/* Segments follow each other without a gap, or records are missing. */
static int check_gap(walk *w, const reader *r, uint64_t sequence, ambs_error *err)
{
    uint64_t had = w->found.last_sequence > w->after ? w->found.last_sequence : w->after;
    if (r->sequence != 0) had = r->sequence;
    if (sequence - 1 <= had || sequence > r->limit) return AMBS_OK;
    if (w->salvage) {
        say(w, "records %llu to %llu are missing", (unsigned long long)had + 1,
            (unsigned long long)sequence - 1);
        return AMBS_OK;
    }
    return ambs_fail(
        err, AMBS_E_FORMAT,
        "records %llu to %llu are missing before %s; `ambs recover` salvages what is left",
        (unsigned long long)had + 1, (unsigned long long)sequence - 1, path_of(r));
}

/* One record, or the passing of one hole. */
static int step(walk *w, reader *r, bool *ret_end, ambs_error *err)
{
    ambs_record record;
    size_t size;
    ambs_error why = {0};
    int rc = decode_here(w, r, &record, &size, &why);
    if (rc == AMBS_E_NOT_FOUND) {
        *ret_end = true;
        return AMBS_OK;
    }
    if (rc == AMBS_OK && r->sequence != 0 && record.sequence <= r->sequence)
        rc = ambs_fail(&why, AMBS_E_FORMAT, "record %llu follows record %llu",
                       (unsigned long long)record.sequence, (unsigned long long)r->sequence);
    if (rc == AMBS_E_AGAIN || rc == AMBS_E_FORMAT) return pass_hole(w, r, &why, ret_end, err);
    if (rc != AMBS_OK) return ambs_fail(err, rc, "%s", why.text);
    rc = check_gap(w, r, record.sequence, err);
    r->at += size;
    return rc == AMBS_OK ? take(w, r, &record, err) : rc;
}

static int walk_segment(walk *w, const ambs_segment *segment, uint64_t limit, ambs_error *err)
{
    reader r;
    bool end = false;
    int rc = open_reader(w, segment, &r, err);
    r.limit = limit;
    while (rc == AMBS_OK && !end) rc = step(w, &r, &end, err);
    close_reader(&r);
    return rc;
}

static int walk_all(walk *w, const ambs_segment *segments, size_t n, uint64_t *continues,
                    bool *begun, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; i < n && rc == AMBS_OK; i++) {
        rc = read_life(w, &segments[i], &continues[i], &begun[i], err);
        if (rc != AMBS_OK && w->salvage && (rc == AMBS_E_FORMAT || rc == AMBS_E_IO)) {
            say(w, "%s", err ? err->text : segments[i].path);
            rc = AMBS_OK;
        }
    }
    w->found.n_dimensions = (uint32_t)w->d;
    for (size_t i = 0; i < n && rc == AMBS_OK; i++) {
        /* without LIFE, nothing but a torn beginning may be there */
        uint64_t limit = begun[i] || w->salvage ? UINT64_MAX : 0;
        for (size_t k = i + 1; k < n; k++)
            if (begun[k] && continues[k] < limit) limit = continues[k];
        rc = walk_segment(w, &segments[i], limit, err);
    }
    if (w->found.ignored_records > 0)
        say(w, "%llu records were ignored: written by a manager after its successor had begun",
            (unsigned long long)w->found.ignored_records);
    return rc;
}

int ambs_journal_read(const char *study_path, uint64_t after, bool salvage, apply_fn *apply,
                      void *ctx, ambs_journal_findings *ret_findings, ambs_error *err)
{
    walk w = {.after = after, .salvage = salvage, .apply = apply, .ctx = ctx};
    ambs_segment *segments = NULL;
    size_t n = 0;
    int rc = ambs_segment_list(study_path, &segments, &n, err);
    if (rc != AMBS_OK) return rc;
    uint64_t *continues = ambs_calloc(n, sizeof *continues, err);
    bool *begun = ambs_calloc(n, sizeof *begun, err);
    if (!continues || !begun) rc = AMBS_E_NOMEM;
    w.found.n_segments = (uint32_t)n;
    w.found.last_epoch = segments[n - 1].epoch;
    if (rc == AMBS_OK) rc = walk_all(&w, segments, n, continues, begun, err);
    free(continues);
    free(begun);
    ambs_segment_list_free(segments, n);
    ambs_text_fini(&w.scratch);
    if (rc == AMBS_OK && ret_findings) *ret_findings = w.found;
    return rc;
}

int ambs_journal_sync(const char *study_path, ambs_error *err)
{
    ambs_segment *segments;
    size_t n;
    int rc = ambs_segment_list(study_path, &segments, &n, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < n && rc == AMBS_OK; i++) {
        int fd = open(segments[i].path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fdatasync(fd) != 0)
            rc = ambs_fail(err, AMBS_E_IO, "%s can not be made durable: %s", segments[i].path,
                           strerror(errno));
        if (fd >= 0) close(fd);
    }
    ambs_segment_list_free(segments, n);
    return rc;
}
