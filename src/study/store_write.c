/* SPDX-License-Identifier: MIT */
/* Writing STUDY.h5: a whole new file beside the old one, fsync, rename, fsync of the folder. So a
 * reader meets the old file or the new one, never a part, and an error leaves the old one as it
 * was. */
#include "study/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "config.h"
#include "space/space.h"
#include "study/segment.h"
#include "study/store_dataset.h"
#include "study/store_seal.h"

static int put_rows(store_writer *w, hid_t group, const ambs_column_group *g)
{
    const char *table = (const char *)w->table, *base;
    size_t n;
    memcpy(&base, table + g->rows, sizeof base);
    memcpy(&n, table + g->n, sizeof n);
    int rc = AMBS_OK;
    for (const ambs_column *c = g->columns; c->name && rc == AMBS_OK; c++) {
        if (c->repeats && !ambs_repeats_on(&w->spec->repeats)) continue;
        store_field f = {.column = c, .base = base, .stride = g->stride, .table = w->table};
        rc = store_put_column(w, group, &f, n);
    }
    return rc;
}

static int put_root(const store_writer *w)
{
    const ambs_table *t = w->table;
    const ambs_spec *s = w->spec;
    char uuid[37];
    int rc = store_put_number(w, w->file, "format_version", AMBS_STORE_FORMAT);
    if (rc == AMBS_OK) rc = store_put_text(w, w->file, "program", "ambs " AMBS_VERSION);
    if (rc == AMBS_OK) rc = store_put_text(w, w->file, "uuid", ambs_store_uuid_text(t->uuid, uuid));
    if (rc == AMBS_OK) rc = store_put_number(w, w->file, "sequence", t->sequence);
    if (rc == AMBS_OK) rc = store_put_number(w, w->file, "digest", t->digest);
    if (rc == AMBS_OK) rc = store_put_text(w, w->file, "name", s->name);
    if (rc == AMBS_OK) rc = store_put_text(w, w->file, "metric", s->metric);
    if (rc == AMBS_OK)
        rc = store_put_text(w, w->file, "goal", s->goal == AMBS_MINIMIZE ? "minimize" : "maximize");
    if (rc == AMBS_OK) rc = store_put_number(w, w->file, "seed", s->seed);
    if (rc == AMBS_OK)
        rc = store_put_text(w, w->file, "spec_file", t->spec_file ? t->spec_file : s->file);
    if (rc == AMBS_OK)
        rc = store_put_text(w, w->file, "spec", t->spec_text ? t->spec_text : s->text);
    return rc;
}

static int put_all(store_writer *w)
{
    int rc = put_root(w);
    for (const ambs_column_group *g = ambs_column_groups; g->name && rc == AMBS_OK; g++) {
        if (g->repeats && !ambs_repeats_on(&w->spec->repeats)) continue;
        hid_t group = store_open_group(w, w->file, g->name, g->about, &rc);
        if (rc == AMBS_OK) rc = put_rows(w, group, g);
        if (rc == AMBS_OK && g == &ambs_column_groups[0]) rc = store_put_parameters(w, group);
        if (rc == AMBS_OK && g == &ambs_column_groups[0]) rc = store_put_metrics(w, group);
        rc = store_close_group(w, group, rc);
    }
    if (rc == AMBS_OK) rc = store_put_evaluations(w);
    if (rc == AMBS_OK) rc = store_put_operations(w);
    if (rc == AMBS_OK) rc = store_put_front(w);
    if (rc == AMBS_OK) rc = store_put_space(w);
    return rc;
}

/* ---- the file ---- */

/* HDF5 builds the file in memory (its core driver), and the bytes are written by our own code: the
 * library of 1.10 crashes at exit when a disk was full, and hides errno. Costs the size of the file
 * twice in memory. */
static int build_image(store_writer *w, void **ret_image, size_t *ret_size)
{
    enum { INCREMENT = 1 << 20 };
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    H5Pset_fapl_core(access, INCREMENT, 0);
    w->file = H5Fcreate("in memory", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (w->file < 0) return store_refuse(w, "HDF5 can not build a file in memory");
    int rc = put_all(w);
    ssize_t size = rc == AMBS_OK && H5Fflush(w->file, H5F_SCOPE_GLOBAL) >= 0
                       ? H5Fget_file_image(w->file, NULL, 0)
                       : 0;
    if (rc == AMBS_OK && size <= 0) rc = store_refuse(w, "flushing");
    void *image = rc == AMBS_OK ? ambs_calloc((size_t)size, 1, w->err) : NULL;
    if (rc == AMBS_OK && !image) rc = AMBS_E_NOMEM;
    if (rc == AMBS_OK && H5Fget_file_image(w->file, image, (size_t)size) != size)
        rc = store_refuse(w, "reading the image");
    H5Fclose(w->file);
    if (rc != AMBS_OK) {
        free(image);
        return rc;
    }
    *ret_image = image;
    *ret_size = (size_t)size;
    return AMBS_OK;
}

static int write_image(const char *path, const char *temporary, const void *image, size_t size,
                       ambs_error *err)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return ambs_fail(err, AMBS_E_IO, "%s: a new file beside it can not be made: %s", path,
                         strerror(errno));
    int rc = ambs_store_write_sealed(fd, path, image, size, err);
    if (close(fd) != 0 && rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_IO, "%s: close: %s", path, strerror(errno));
    if (rc == AMBS_OK && rename(temporary, path) != 0)
        rc = ambs_fail(err, AMBS_E_IO, "%s can not be put in place: %s", path, strerror(errno));
    if (rc != AMBS_OK) unlink(temporary);
    return rc == AMBS_OK ? ambs_segment_sync_folder_of(path, err) : rc;
}

int ambs_store_write(const char *path, const ambs_table *table, const ambs_spec *spec,
                     ambs_error *err)
{
    if (table->d != ambs_space_dimension(spec->space))
        return ambs_fail(err, AMBS_E_MISMATCH, "%s: the trials have %zu parameters, the space %zu",
                         path, table->d, ambs_space_dimension(spec->space));
    void *image = NULL;
    size_t size = 0;
    ambs_hdf5_quiet quiet = ambs_hdf5_begin();
    store_writer w = {.path = path, .table = table, .spec = spec, .err = err};
    int rc = build_image(&w, &image, &size);
    free(w.block);
    ambs_hdf5_end(quiet);
    ambs_text temporary = {0};
    ambs_text_addf(&temporary, "%s.tmp.%ld", path, (long)getpid());
    if (rc == AMBS_OK) rc = ambs_text_check(&temporary, err);
    if (rc == AMBS_OK) {
        unlink(temporary.text); /* of a process long gone that had the same number */
        rc = write_image(path, temporary.text, image, size, err);
    }
    ambs_text_fini(&temporary);
    free(image);
    return rc;
}
