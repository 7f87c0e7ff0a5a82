/* SPDX-License-Identifier: MIT */
/* IDX, the format of the MNIST files (LeCun, Cortes, Burges; yann.lecun.com/exdb/mnist): two zero
 * bytes, a type, the number of dimensions, each dimension as a big-endian 32-bit number, then the
 * values, big-endian, row-major. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "train/reader.h"

/* The value types: code, bytes, and how a value of that many bytes becomes a number. */
typedef enum idx_type {
    TYPE_U8 = 0x08,
    TYPE_I8 = 0x09,
    TYPE_I16 = 0x0b,
    TYPE_I32 = 0x0c,
    TYPE_F32 = 0x0d,
    TYPE_F64 = 0x0e
} idx_type;

static size_t type_bytes(unsigned type)
{
    switch (type) {
    case TYPE_U8:
    case TYPE_I8:
        return 1;
    case TYPE_I16:
        return 2;
    case TYPE_I32:
    case TYPE_F32:
        return 4;
    case TYPE_F64:
        return 8;
    default:
        return 0;
    }
}

static uint64_t big_endian(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | bytes[i];
    return value;
}

static float value_at(const unsigned char *bytes, unsigned type)
{
    const uint64_t word = big_endian(bytes, type_bytes(type));
    const uint32_t half = (uint32_t)word;
    float single;
    double number;
    switch (type) {
    case TYPE_I8:
        return (float)(int8_t)word;
    case TYPE_I16:
        return (float)(int16_t)word;
    case TYPE_I32:
        return (float)(int32_t)word;
    case TYPE_F32:
        memcpy(&single, &half, sizeof single);
        return single;
    case TYPE_F64:
        memcpy(&number, &word, sizeof number);
        /* beyond single precision is as bad as infinite, and is refused with it */
        return fabs(number) <= 3.4e38 ? (float)number : NAN;
    default:
        return (float)word;
    }
}

/* Dimensions and their product, against the bytes that follow. */
static int parse_header(const char *name, const unsigned char *bytes, size_t size, ambs_idx *array,
                        ambs_error *err)
{
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: is no IDX file: expected two zero bytes, a type and the number of "
                         "dimensions at its beginning",
                         name);
    const size_t width = type_bytes(bytes[2]);
    if (width == 0)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: byte 2: found type 0x%02x, expected 0x08, 0x09 or 0x0b to 0x0e", name,
                         bytes[2]);
    array->n_dimensions = bytes[3];
    if (array->n_dimensions < 1 || array->n_dimensions > AMBS_IDX_MAX_DIMENSIONS)
        return ambs_fail(err, AMBS_E_FORMAT, "%s: byte 3: found %u dimensions, expected 1 to %d",
                         name, bytes[3], AMBS_IDX_MAX_DIMENSIONS);
    const size_t header = 4 + 4 * array->n_dimensions;
    if (size < header)
        return ambs_fail(err, AMBS_E_FORMAT, "%s: found %zu bytes, expected a header of %zu", name,
                         size, header);
    array->n_values = 1;
    for (size_t i = 0; i < array->n_dimensions; i++) {
        array->dimension[i] = big_endian(bytes + 4 + 4 * i, 4);
        if (array->dimension[i] == 0)
            return ambs_fail(err, AMBS_E_FORMAT, "%s: dimension %zu is 0", name, i);
        if (array->n_values > (size - header) / array->dimension[i])
            return ambs_fail(err, AMBS_E_FORMAT,
                             "%s: found %zu bytes of values, expected more for its dimensions: the "
                             "file is cut short",
                             name, size - header);
        array->n_values *= array->dimension[i];
    }
    if ((size - header) / width < array->n_values || (size - header) != array->n_values * width)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: found %zu bytes of values, expected %zu for its dimensions", name,
                         size - header, array->n_values * width);
    return AMBS_OK;
}

int ambs_idx_parse(const char *name, const char *bytes, size_t size, ambs_idx *ret_array,
                   ambs_error *err)
{
    const unsigned char *raw = (const unsigned char *)bytes;
    ambs_idx array = {0};
    int rc = parse_header(name, raw, size, &array, err);
    if (rc != AMBS_OK) return rc;
    array.values = ambs_calloc(array.n_values, sizeof *array.values, err);
    if (!array.values) return AMBS_E_NOMEM;
    const size_t width = type_bytes(raw[2]);
    const unsigned char *at = raw + 4 + 4 * array.n_dimensions;
    for (size_t i = 0; i < array.n_values; i++, at += width) {
        array.values[i] = value_at(at, raw[2]);
        if (isfinite(array.values[i])) continue;
        free(array.values);
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: value %zu (byte %zu): found a value that is not finite, expected a "
                         "number",
                         name, i, (size_t)(at - raw));
    }
    *ret_array = array;
    return AMBS_OK;
}

/* --- files ---------------------------------------------------------------------------------- */

static int load_array(const char *path, ambs_idx *ret_array, ambs_error *err)
{
    char *bytes;
    size_t size;
    int rc = ambs_file_load(path, &bytes, &size, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_idx_parse(path, bytes, size, ret_array, err);
    free(bytes);
    return rc;
}

/* `path` with the last `from` put as `to`; NULL in *ret_path where `from` does not occur. */
static int replace(const char *path, const char *from, const char *to, char **ret_path,
                   ambs_error *err)
{
    const char *at = NULL;
    for (const char *p = strstr(path, from); p; p = strstr(p + 1, from)) at = p;
    *ret_path = NULL;
    if (!at) return AMBS_OK;
    ambs_text text = {0};
    ambs_text_add_bytes(&text, path, (size_t)(at - path));
    ambs_text_addf(&text, "%s%s", to, at + strlen(from));
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK)
        *ret_path = text.text;
    else
        ambs_text_fini(&text);
    return rc;
}

/* train-images-idx3-ubyte → train-labels-idx1-ubyte. */
static int labels_path(const char *images, char **ret_path, ambs_error *err)
{
    char *renamed = NULL;
    int rc = replace(images, "images", "labels", &renamed, err);
    if (rc == AMBS_OK && renamed) rc = replace(renamed, "idx3", "idx1", ret_path, err);
    const bool found = rc == AMBS_OK && renamed && *ret_path;
    free(renamed);
    if (rc != AMBS_OK || found) return rc;
    return ambs_fail(err, AMBS_E_INVALID,
                     "%s: expected a name with \"images\" and \"idx3\" in it, from which the "
                     "labels' name is made (…-labels-idx1-…)",
                     images);
}

static int load_part(const char *images_path, ambs_idx *ret_images, ambs_idx *ret_labels,
                     ambs_error *err)
{
    char *path;
    int rc = labels_path(images_path, &path, err);
    if (rc != AMBS_OK) return rc;
    ambs_idx images = {0}, labels = {0};
    rc = load_array(images_path, &images, err);
    if (rc == AMBS_OK) rc = load_array(path, &labels, err);
    if (rc == AMBS_OK && (labels.n_dimensions != 1 || labels.dimension[0] != images.dimension[0]))
        rc = ambs_fail(err, AMBS_E_FORMAT,
                       "%s: found %zu labels in %zu dimensions, expected one for each of the %zu "
                       "images",
                       path, labels.n_values, labels.n_dimensions, images.dimension[0]);
    free(path);
    if (rc != AMBS_OK) {
        free(images.values);
        free(labels.values);
        return rc;
    }
    *ret_images = images;
    *ret_labels = labels;
    return AMBS_OK;
}

static int join_parts(const char *path, const ambs_idx *images, const ambs_idx *labels,
                      size_t n_parts, ambs_dataset **ret_data, ambs_error *err)
{
    const size_t n_train = images[0].dimension[0], d = images[0].n_values / n_train;
    const size_t n_test = n_parts > 1 ? images[1].dimension[0] : 0;
    if (n_parts > 1 && images[1].n_values != n_test * d)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: the test images have %zu values each, expected %zu as the others",
                         path, images[1].n_values / n_test, d);
    ambs_dataset *data;
    int rc = ambs_dataset_create(path, n_train + n_test, d, &data, err);
    if (rc != AMBS_OK) return rc;
    double *targets = ambs_calloc(data->n, sizeof *targets, err);
    if (!targets) {
        ambs_dataset_destroy(data);
        return AMBS_E_NOMEM;
    }
    size_t row = 0;
    for (size_t p = 0; p < n_parts; p++) {
        memcpy(data->x + row * d, images[p].values, images[p].n_values * sizeof(float));
        for (size_t i = 0; i < labels[p].n_values; i++) targets[row++] = labels[p].values[i];
    }
    data->n_test = n_test;
    rc = ambs_dataset_set_target(path, data, targets, AMBS_TARGET_CLASSES, err);
    free(targets);
    if (rc != AMBS_OK) {
        ambs_dataset_destroy(data);
        return rc;
    }
    *ret_data = data;
    return AMBS_OK;
}

int ambs_idx_read(const char *path, ambs_dataset **ret_data, ambs_error *err)
{
    ambs_idx images[2] = {{0}}, labels[2] = {{0}};
    size_t n_parts = 0;
    char *test_path = NULL;
    int rc = load_part(path, &images[0], &labels[0], err);
    if (rc != AMBS_OK) return rc;
    n_parts = 1;
    rc = replace(path, "train-", "t10k-", &test_path, err);
    if (rc == AMBS_OK && test_path && access(test_path, R_OK) == 0) {
        rc = load_part(test_path, &images[1], &labels[1], err);
        n_parts = rc == AMBS_OK ? 2 : 1;
    }
    if (rc == AMBS_OK) rc = join_parts(path, images, labels, n_parts, ret_data, err);
    free(test_path);
    for (size_t p = 0; p < n_parts; p++) {
        free(images[p].values);
        free(labels[p].values);
    }
    return rc;
}
