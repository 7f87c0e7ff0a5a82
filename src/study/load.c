/* SPDX-License-Identifier: MIT */
/* The study as any process sees it now, and the snapshot made of that.
 *
 * The journal alone is asked first: it is the truth, it is whole by default, and reading it costs
 * no more than reading the HDF5 file. Only where its beginning was taken away does the file stand
 * for that, and only where there is no journal at all is the file all there is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "study/resume.h"
#include "study/segment.h"
#include "study/store.h"

#define SNAPSHOT_PATIENCE_S 120.0

static int apply(void *ctx, const ambs_record *record, ambs_error *err)
{
    ambs_table *t = ctx;
    /* a table that came from a file may hold what a later life does not count */
    if (record->type == AMBS_RECORD_LIFE && record->as.life.continues < t->sequence)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "the HDF5 file holds records beyond %llu, which life %u does not count",
                         (unsigned long long)record->as.life.continues, record->as.life.epoch);
    return ambs_table_apply(t, record, err);
}

int ambs_study_read_journal(const char *path, ambs_table **ret_table,
                            ambs_journal_findings *ret_findings, ambs_error *err)
{
    ambs_table *table;
    int rc = ambs_table_create(&table, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_journal_read(path, 0, false, apply, table, ret_findings, err);
    if (rc == AMBS_OK && table->n_lives == 0)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND,
                       "the journal of %s holds no life: its manager died while it began", path);
    if (rc == AMBS_OK)
        *ret_table = table;
    else
        ambs_table_destroy(table);
    return rc;
}

int ambs_study_recorded_spec(const ambs_table *table, ambs_spec **ret_spec, ambs_error *err)
{
    int rc = ambs_spec_parse_recorded(table->spec_text, strlen(table->spec_text), table->spec_file,
                                      ret_spec, err);
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "the study recorded in the journal");
}

static int load_journal(const char *path, ambs_table **ret_table, ambs_spec **ret_spec,
                        ambs_journal_findings *ret_findings, ambs_error *err)
{
    ambs_table *table;
    int rc = ambs_study_read_journal(path, &table, ret_findings, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_study_recorded_spec(table, ret_spec, err);
    if (rc == AMBS_OK)
        *ret_table = table;
    else
        ambs_table_destroy(table);
    return rc;
}

/* The file, and what the journal holds after it (`with_journal`). */
static int load_file(const char *path, bool with_journal, ambs_table **ret_table,
                     ambs_spec **ret_spec, ambs_journal_findings *ret_findings, ambs_error *err)
{
    ambs_table *table;
    ambs_spec *spec;
    int rc = ambs_store_read(path, &table, &spec, err);
    if (rc != AMBS_OK) return rc;
    if (with_journal)
        rc = ambs_journal_read(path, table->sequence, false, apply, table, ret_findings, err);
    if (rc == AMBS_OK) {
        *ret_table = table;
        *ret_spec = spec;
        return AMBS_OK;
    }
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    return rc;
}

int ambs_study_load(const char *path, ambs_table **ret_table, ambs_spec **ret_spec,
                    ambs_journal_findings *ret_findings, ambs_error *err)
{
    ambs_journal_findings findings = {0};
    ambs_error of_file = {0};
    int rc = load_journal(path, ret_table, ret_spec, &findings, err);
    if (rc == AMBS_E_NOT_FOUND || rc == AMBS_E_FORMAT) {
        findings = (ambs_journal_findings){0};
        int rc_file =
            load_file(path, rc == AMBS_E_FORMAT, ret_table, ret_spec, &findings, &of_file);
        if (rc_file == AMBS_OK)
            rc = AMBS_OK;
        else if (rc == AMBS_E_NOT_FOUND && rc_file == AMBS_E_NOT_FOUND)
            rc = ambs_fail(err, AMBS_E_NOT_FOUND,
                           "%s: there is no such study, neither the file nor its journal", path);
        else if (rc == AMBS_E_NOT_FOUND)
            rc = ambs_fail(err, rc_file, "%s", of_file.text);
    }
    if (rc == AMBS_OK && ret_findings) *ret_findings = findings;
    return rc;
}

/* ---- the snapshot ---- */

/* Waits for a snapshot that is being written. Where the file system has no locks, *ret_fd is open
 * all the same: two snapshots at once only write twice. */
static int take_turn(const char *path, int *ret_fd, ambs_error *err)
{
    ambs_text name = {0};
    ambs_text_addf(&name, "%s.journal/snapshot.lock", path);
    int rc = ambs_text_check(&name, err);
    if (rc != AMBS_OK) return rc;
    int fd = open(name.text, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        rc = ambs_fail(err, errno == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%s: %s", name.text,
                       strerror(errno));
    double until_s = ambs_clock_monotonic_s() + SNAPSHOT_PATIENCE_S;
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        if (ambs_clock_monotonic_s() > until_s) {
            rc = ambs_fail(err, AMBS_E_BUSY, "%s: another snapshot has been going on for %g s",
                           path, SNAPSHOT_PATIENCE_S);
            close(fd);
            break;
        }
        ambs_clock_sleep_s(0.02);
    }
    ambs_text_fini(&name);
    if (rc == AMBS_OK) *ret_fd = fd;
    return rc;
}

/* Temporary files of snapshots that were killed: nobody else writes while we have the turn. */
static void remove_stale(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder =
        slash ? ambs_strndup(path, (size_t)(slash - path) + 1, NULL) : ambs_strdup(".", NULL);
    DIR *dir = folder ? opendir(folder) : NULL;
    size_t length = strlen(base);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strncmp(entry->d_name, base, length) == 0 &&
            strncmp(entry->d_name + length, ".tmp.", 5) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir) closedir(dir);
    free(folder);
}

int ambs_study_snapshot(const char *path, ambs_error *err)
{
    int turn;
    ambs_table *table = NULL;
    ambs_spec *spec = NULL;
    ambs_journal_findings findings = {0};
    int rc = take_turn(path, &turn, err);
    if (rc != AMBS_OK) return rc;
    remove_stale(path);
    rc = load_journal(path, &table, &spec, &findings, err);
    if (rc == AMBS_E_FORMAT)
        rc = load_file(path, true, &table, &spec, &findings, NULL) == AMBS_OK ? AMBS_OK : rc;
    if (rc == AMBS_OK) {
        /* the file must never know more than the journal does after a power failure */
        rc = ambs_journal_sync(path, err);
        if (rc == AMBS_OK) rc = ambs_store_write(path, table, spec, err);
        ambs_table_destroy(table);
        ambs_spec_destroy(spec);
    }
    close(turn);
    return rc;
}
