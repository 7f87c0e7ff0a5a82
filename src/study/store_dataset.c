/* SPDX-License-Identifier: MIT */
/* Rows become columns block by block, so that the memory needed does not grow with the study. Small
 * datasets are contiguous; larger ones chunked, with shuffle and deflate for all but doubles (whose
 * digits hardly compress), and chunks that hold nothing but the missing value are not stored at
 * all. */
#include "study/store_dataset.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum { SMALL_ROWS = 2048, DEFLATE_LEVEL = 1 };

int store_refuse(const store_writer *w, const char *what)
{
    return ambs_hdf5_fail(w->err, AMBS_E_IO, w->path, what);
}

/* ---- attributes ---- */

int store_put_attribute(const store_writer *w, hid_t object, const char *name, hid_t disk,
                        hid_t memory, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, disk, space, H5P_DEFAULT, H5P_DEFAULT);
    bool failed = attribute < 0 || H5Awrite(attribute, memory, value) < 0;
    if (attribute >= 0 && H5Aclose(attribute) < 0) failed = true;
    H5Sclose(space);
    return failed ? store_refuse(w, name) : AMBS_OK;
}

int store_put_text(const store_writer *w, hid_t object, const char *name, const char *value)
{
    hid_t type = ambs_hdf5_string(1);
    H5Tset_size(type, H5T_VARIABLE);
    int rc = store_put_attribute(w, object, name, type, type, &value);
    H5Tclose(type);
    return rc;
}

int store_put_number(const store_writer *w, hid_t object, const char *name, uint64_t value)
{
    int64_t signed_value = (int64_t)value;
    return store_put_attribute(w, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &signed_value);
}

/* ---- datasets ---- */

/* The creation property list: contiguous when small, else chunks; -1 on failure. */
static hid_t layout_of(const store_dataset *d)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = AMBS_STORE_BLOCK;
    bool ok = list >= 0 && H5Pset_obj_track_times(list, 0) >= 0;
    if (ok && d->missing) ok = H5Pset_fill_value(list, d->memory, d->missing) >= 0;
    if (ok && d->n > SMALL_ROWS) {
        if (chunk > d->n) chunk = d->n;
        ok = H5Pset_chunk(list, 1, &chunk) >= 0;
        if (ok && H5Tget_class(d->disk) != H5T_FLOAT)
            ok = H5Pset_shuffle(list) >= 0 && H5Pset_deflate(list, DEFLATE_LEVEL) >= 0;
    }
    if (ok) return list;
    H5Pclose(list);
    return -1;
}

static bool is_all_missing(const store_dataset *d, const char *block, size_t n)
{
    if (!d->missing || d->n <= SMALL_ROWS) return false;
    for (size_t i = 0; i < n; i++)
        if (memcmp(block + i * d->size, d->missing, d->size) != 0) return false;
    return true;
}

static bool write_blocks(const store_writer *w, const store_dataset *d, hid_t set, hid_t space)
{
    for (size_t from = 0; from < d->n; from += AMBS_STORE_BLOCK) {
        size_t n = d->n - from < AMBS_STORE_BLOCK ? d->n - from : AMBS_STORE_BLOCK;
        d->fill(d, from, n, w->block);
        if (is_all_missing(d, w->block, n)) continue;
        hsize_t start = from, count = n;
        hid_t part = H5Screate_simple(1, &count, NULL);
        bool ok = part >= 0 &&
                  H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
                  H5Dwrite(set, d->memory, part, space, H5P_DEFAULT, w->block) >= 0;
        H5Sclose(part);
        if (!ok) return false;
    }
    return true;
}

int store_put_dataset(store_writer *w, hid_t group, const store_dataset *d)
{
    int rc = ambs_reserve(&w->block, &w->block_size, AMBS_STORE_BLOCK * d->size, 1, w->err);
    if (rc != AMBS_OK) return rc;
    hsize_t n = d->n;
    hid_t space = H5Screate_simple(1, &n, NULL), list = layout_of(d), set = -1;
    if (space >= 0 && list >= 0)
        set = H5Dcreate2(group, d->name, d->disk, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (set < 0 || !write_blocks(w, d, set, space)) rc = store_refuse(w, d->name);
    if (rc == AMBS_OK && d->unit) rc = store_put_text(w, set, "unit", d->unit);
    if (rc == AMBS_OK && d->about) rc = store_put_text(w, set, "description", d->about);
    if (set >= 0 && H5Dclose(set) < 0 && rc == AMBS_OK) rc = store_refuse(w, d->name);
    H5Pclose(list);
    H5Sclose(space);
    return rc;
}

hid_t store_open_group(const store_writer *w, hid_t parent, const char *name, const char *about,
                       int *rc)
{
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT);
    H5Pclose(list);
    *rc = group < 0 ? store_refuse(w, name) : store_put_text(w, group, "description", about);
    return group;
}

int store_close_group(const store_writer *w, hid_t group, int rc)
{
    return group >= 0 && H5Gclose(group) < 0 && rc == AMBS_OK ? store_refuse(w, "closing a group")
                                                              : rc;
}

/* ---- the fields of rows ---- */

/* The text of a field that is a string on disk. `buffer` holds 64 bytes. */
static const char *text_of(const store_field *f, size_t i, char *buffer)
{
    const char *at = f->base + i * f->stride + f->column->offset;
    int value;
    const char *text;
    switch (f->column->kind) {
    case AMBS_COLUMN_WORD:
        memcpy(&value, at, sizeof value);
        return f->column->word(value);
    case AMBS_COLUMN_REASON: {
        int code;
        memcpy(&value, at, sizeof value);
        memcpy(&code, f->base + i * f->stride + f->column->size, sizeof code);
        return ambs_reason_text((ambs_reason)value, code, buffer);
    }
    case AMBS_COLUMN_METRIC:
        memcpy(&value, at, sizeof value);
        return f->table->curve_names[value];
    case AMBS_COLUMN_TEXT:
        memcpy(&text, at, sizeof text);
        return text;
    default:
        return at; /* CHARS */
    }
}

static bool is_text(ambs_column_kind kind)
{
    return kind == AMBS_COLUMN_WORD || kind == AMBS_COLUMN_REASON || kind == AMBS_COLUMN_METRIC ||
           kind == AMBS_COLUMN_TEXT || kind == AMBS_COLUMN_CHARS;
}

static void fill_texts(const store_dataset *d, size_t from, size_t n, char *block)
{
    const store_field *f = d->ctx;
    char buffer[64];
    memset(block, 0, n * d->size);
    for (size_t i = 0; i < n; i++) {
        const char *text = text_of(f, from + i, buffer);
        memcpy(block + i * d->size, text, strnlen(text, d->size));
    }
}

static void fill_numbers(const store_dataset *d, size_t from, size_t n, char *block)
{
    const store_field *f = d->ctx;
    const char *at = f->base + from * f->stride + f->column->offset;
    for (size_t i = 0; i < n; i++) memcpy(block + i * d->size, at + i * f->stride, d->size);
}

/* Long enough for the longest; what no value can exceed is not searched. */
static size_t text_size(const store_field *f, size_t n)
{
    char buffer[64];
    size_t size = 1, length;
    if (f->column->kind == AMBS_COLUMN_WORD) {
        for (int v = 0; v < f->column->n_words; v++)
            if ((length = strlen(f->column->word(v))) > size) size = length;
        return size;
    }
    for (size_t i = 0; i < n; i++)
        if ((length = strlen(text_of(f, i, buffer))) > size) size = length;
    return size;
}

static int put_text_column(store_writer *w, hid_t group, const store_field *f, size_t n)
{
    static const char empty[AMBS_HOST_SIZE];
    store_dataset d = {.name = f->column->name,
                       .n = n,
                       .fill = fill_texts,
                       .ctx = f,
                       .w = w,
                       .unit = f->column->unit,
                       .about = f->column->about,
                       .size = text_size(f, n)};
    if (d.size <= sizeof empty) d.missing = empty;
    d.disk = d.memory = ambs_hdf5_string(d.size);
    int rc = store_put_dataset(w, group, &d);
    H5Tclose(d.disk);
    return rc;
}

int store_put_column(store_writer *w, hid_t group, const store_field *f, size_t n)
{
    static const double no_float = NAN;
    static const int64_t zero = 0; /* what HDF5 gives for chunks that are not stored */
    const ambs_column *c = f->column;
    if (is_text(c->kind)) return put_text_column(w, group, f, n);
    store_dataset d = {.name = c->name,
                       .n = n,
                       .fill = fill_numbers,
                       .ctx = f,
                       .w = w,
                       .unit = c->unit,
                       .about = c->about};
    hid_t truth = -1;
    switch (c->kind) {
    case AMBS_COLUMN_F64:
        d.disk = H5T_IEEE_F64LE, d.memory = H5T_NATIVE_DOUBLE, d.size = 8, d.missing = &no_float;
        break;
    case AMBS_COLUMN_U32:
        d.disk = H5T_STD_U32LE, d.memory = H5T_NATIVE_UINT32, d.size = 4, d.missing = &zero;
        break;
    case AMBS_COLUMN_I32:
        d.disk = H5T_STD_I32LE, d.memory = H5T_NATIVE_INT32, d.size = 4, d.missing = &zero;
        break;
    case AMBS_COLUMN_BOOL:
        d.disk = d.memory = truth = ambs_hdf5_bool(), d.size = 1;
        break;
    default:
        d.disk = H5T_STD_I64LE, d.memory = H5T_NATIVE_INT64, d.size = 8, d.missing = &zero;
        break;
    }
    int rc = store_put_dataset(w, group, &d);
    if (truth >= 0) H5Tclose(truth);
    return rc;
}
