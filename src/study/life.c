/* SPDX-License-Identifier: MIT */
#include "study/life.h"

#include <cblas.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "study/store.h"

/* How long a write that must be durable waits for a file system that does not answer. */
#define PATIENCE_S 180.0

const char *ambs_build_text(char *buffer)
{
    snprintf(buffer, 256, "ambs %s, %s %s, OpenBLAS kernel %s with %d threads", AMBS_VERSION,
#ifdef __clang__
             "clang",
#else
             "gcc",
#endif
             __VERSION__, openblas_get_corename(), openblas_get_num_threads());
    return buffer;
}

/* Models' ranks round otherwise than one process does: replay then compares to a tolerance. */
static void add_model_ranks(const ambs_spec *spec, uint32_t n_ranks, char *build)
{
    size_t length = strlen(build);
    if (spec->surrogate.ranks > 0 && n_ranks > spec->surrogate.ranks)
        snprintf(build + length, 256 - length, ", the model on %u rank%s of its own",
                 (unsigned)spec->surrogate.ranks, spec->surrogate.ranks == 1 ? "" : "s");
}

/* True where a study file or a journal with a segment lies at `path`. */
static bool study_exists(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0) return true;
    ambs_journal_findings findings;
    ambs_error ignored;
    return ambs_journal_read(path, UINT64_MAX, true, NULL, NULL, &findings, &ignored) !=
           AMBS_E_NOT_FOUND;
}

static int refuse_existing(const char *path, ambs_error *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s is a folder, expected the name of a file for the study, as in -o "
                         "study.h5",
                         path);
    return ambs_fail(
        err, AMBS_E_INVALID,
        "found the study %s already there; go on with it by --resume, or name another file by -o",
        path);
}

static void make_uuid(uint8_t *uuid)
{
    if (getrandom(uuid, 16, 0) != 16) { /* cannot fail for 16 bytes once the kernel has booted */
        double now = ambs_clock_wall_s();
        memcpy(uuid, &now, sizeof now);
    }
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40); /* RFC 4122, version 4 */
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

/* The LIFE record that begins segment `epoch`. */
static int begin_segment(ambs_life *life, const char *path, const ambs_spec *spec, uint32_t n_ranks,
                         uint64_t continues, ambs_error *err)
{
    char build[256];
    ambs_build_text(build);
    add_model_ranks(spec, n_ranks, build);
    ambs_record record = {.type = AMBS_RECORD_LIFE, .sequence = continues + 1};
    ambs_record_life *l = &record.as.life;
    *l = (ambs_record_life){.format = AMBS_JOURNAL_FORMAT,
                            .epoch = life->epoch,
                            .continues = continues,
                            .digest = ambs_spec_digest(spec),
                            .pid = (uint64_t)getpid(),
                            .wall_s = ambs_clock_wall_s(),
                            .n_ranks = n_ranks,
                            .spec_file = spec->file,
                            .n_dimensions = (uint32_t)ambs_space_dimension(spec->space),
                            .spec_text = spec->text,
                            .build = build};
    if (life->table->n_lives > 0)
        memcpy(l->uuid, life->table->uuid, 16);
    else
        make_uuid(l->uuid);
    if (gethostname(l->host, sizeof l->host - 1) != 0) strcpy(l->host, "unknown");
    int rc = path != NULL ? ambs_journal_create(path, l, record.sequence, &life->journal, err) : 0;
    return rc != 0 ? rc : ambs_table_apply(life->table, &record, err);
}

static int begin_new(ambs_life *life, const char *path, const ambs_spec *spec, uint32_t n_ranks,
                     ambs_error *err)
{
    life->epoch = 1;
    if (spec->warm.missing) return ambs_fail(err, AMBS_E_NOT_FOUND, "%s", spec->warm.missing);
    int rc = ambs_table_create(&life->table, err);
    if (rc == 0) rc = ambs_search_create(spec, &life->search, err);
    return rc != 0 ? rc : begin_segment(life, path, spec, n_ranks, 0, err);
}

static int begin_again(ambs_life *life, const char *path, ambs_spec *spec, uint32_t n_ranks,
                       ambs_error *err)
{
    ambs_journal_findings findings = {0};
    int rc = ambs_study_resume(path, spec, &life->table, &life->search, &findings, err);
    if (rc == AMBS_E_NOT_FOUND)
        return ambs_fail(
            err, rc,
            "found %s without its journal %s.journal, from which alone a study is "
            "resumed; put the journal back beside it, or make a study with a journal of "
            "what %s holds: ambs recover %s -o NEW.h5",
            path, path, path, path);
    if (rc != 0) return rc;
    memcpy(life->note, findings.text, sizeof life->note);
    life->epoch = findings.last_epoch + 1;
    return begin_segment(life, path, spec, n_ranks, findings.last_sequence, err);
}

void ambs_life_close(ambs_life *life)
{
    ambs_journal_close(life->journal, NULL);
    ambs_search_destroy(life->search);
    ambs_table_destroy(life->table);
    if (life->lock != NULL) ambs_lock_release(life->lock);
    *life = (ambs_life){0};
}

int ambs_life_begin(const char *path, bool resume, ambs_spec *spec, uint32_t n_ranks,
                    const ambs_log *log, ambs_life *ret_life, ambs_error *err)
{
    ambs_life life = {0};
    int rc = 0;
    bool exists = path != NULL && study_exists(path);
    if (exists && !resume) return refuse_existing(path, err);
    if (path != NULL) rc = ambs_lock_take(path, 150, log, &life.lock, err);
    if (rc == 0 && path != NULL) rc = ambs_lock_keep(life.lock, err);
    if (rc == 0)
        rc = exists ? begin_again(&life, path, spec, n_ranks, err)
                    : begin_new(&life, path, spec, n_ranks, err);
    if (rc == 0) rc = ambs_life_write(&life, true, err);
    if (rc != 0)
        ambs_life_close(&life);
    else
        *ret_life = life;
    return rc;
}

int ambs_life_record(ambs_life *life, ambs_record *record, ambs_error *err)
{
    /* the table judges first: a record that it refuses must not be in the journal, which could then
       not be read again */
    record->sequence = life->table->sequence + 1;
    int rc = ambs_table_apply(life->table, record, err);
    return rc != 0 || life->journal == NULL ? rc : ambs_journal_append(life->journal, record, err);
}

int ambs_life_write(ambs_life *life, bool durable, ambs_error *err)
{
    if (life->journal == NULL) return 0;
    int rc = ambs_journal_write(life->journal, err);
    double until_s = ambs_clock_monotonic_s() + PATIENCE_S;
    while (durable && rc == AMBS_E_AGAIN && ambs_clock_monotonic_s() < until_s) {
        ambs_clock_sleep_s(0.1);
        rc = ambs_journal_write(life->journal, err);
    }
    return rc != 0 || !durable ? rc : ambs_journal_flush(life->journal, 60, err);
}

int ambs_life_end(ambs_life *life, int exit_code, const char *text, ambs_error *err)
{
    ambs_record record = {
        .type = AMBS_RECORD_END,
        .as.end = {.exit_code = exit_code, .wall_s = ambs_clock_wall_s(), .text = text}};
    int rc = ambs_life_record(life, &record, err);
    if (rc == 0) rc = ambs_life_write(life, true, err);
    ambs_life_close(life);
    return rc;
}
