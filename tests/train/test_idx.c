/* SPDX-License-Identifier: MIT */
#include "near.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../base/failing_alloc.h"
#include "config.h"
#include "train/reader.h"
#if AMBS_HAVE_ZLIB
#include <zlib.h>
#endif

#define BYTES(text) text, sizeof(text) - 1

static void every_type_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        float expected[2];
    } cases[] = {
        {BYTES("\0\0\x08\1\0\0\0\2\0\xff"), {0, 255}},
        {BYTES("\0\0\x09\1\0\0\0\2\x01\xff"), {1, -1}},
        {BYTES("\0\0\x0b\1\0\0\0\2\x01\x02\xff\xfe"), {258, -2}},
        {BYTES("\0\0\x0c\1\0\0\0\2\0\0\x01\0\xff\xff\xff\xff"), {256, -1}},
        {BYTES("\0\0\x0d\1\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0"), {1.5, -2}},
        {BYTES("\0\0\x0e\1\0\0\0\2\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0"), {1.5, -2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ambs_idx array;
        ambs_error err = {0};
        if (ambs_idx_parse("t", cases[i].bytes, cases[i].size, &array, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(array.n_values, 2);
        for (size_t k = 0; k < 2; k++) assert_near(array.values[k], cases[i].expected[k], 0);
        free(array.values);
    }
}

static void every_bad_array_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } cases[] = {
        {BYTES(""),
         "t: is no IDX file: expected two zero bytes, a type and the number of dimensions at its "
         "beginning"},
        {BYTES("\x89HDF"),
         "t: is no IDX file: expected two zero bytes, a type and the number of dimensions at its "
         "beginning"},
        {BYTES("\0\0\x0a\1"), "t: byte 2: found type 0x0a, expected 0x08, 0x09 or 0x0b to 0x0e"},
        {BYTES("\0\0\x08\0"), "t: byte 3: found 0 dimensions, expected 1 to 8"},
        {BYTES("\0\0\x08\x09"), "t: byte 3: found 9 dimensions, expected 1 to 8"},
        {BYTES("\0\0\x08\2\0\0\0\1\0\0"), "t: found 10 bytes, expected a header of 12"},
        {BYTES("\0\0\x08\1\0\0\0\0"), "t: dimension 0 is 0"},
        {BYTES("\0\0\x08\1\0\0\0\3\1\2"),
         "t: found 2 bytes of values, expected more for its dimensions: the file is cut short"},
        {BYTES("\0\0\x08\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"),
         "t: found 1 bytes of values, expected more for its dimensions: the file is cut short"},
        {BYTES("\0\0\x08\1\0\0\0\1\1\2"),
         "t: found 2 bytes of values, expected 1 for its dimensions"},
        {BYTES("\0\0\x0b\1\0\0\0\2\1\2\3"),
         "t: found 3 bytes of values, expected 4 for its dimensions"},
        {BYTES("\0\0\x0d\1\0\0\0\1\x7f\xc0\0\0"),
         "t: value 0 (byte 8): found a value that is not finite, expected a number"},
        {BYTES("\0\0\x0e\1\0\0\0\1\x7f\xe0\0\0\0\0\0\0"),
         "t: value 0 (byte 8): found a value that is not finite, expected a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ambs_idx array;
        ambs_error err = {0};
        assert_true(ambs_idx_parse("t", cases[i].bytes, cases[i].size, &array, &err) < 0);
        assert_string_equal(err.text, cases[i].message);
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static char folder[] = "/tmp/ambs-test-idx-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"train-images-idx3-ubyte",
                                        "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte",
                                        "b-images-idx3-ubyte",
                                        "b-labels-idx1-ubyte",
                                        "plain-idx3",
                                        "a.gz"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(in_folder(names[i]));
    return rmdir(folder);
}

static const char images[] = "\0\0\x08\3\0\0\0\3\0\0\0\1\0\0\0\2\1\2\3\4\5\6";
static const char labels[] = "\0\0\x08\1\0\0\0\3\0\1\1";
static const char test_images[] = "\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\2\x08\x09";
static const char test_labels[] = "\0\0\x08\1\0\0\0\1\0";

static void labels_and_the_test_part_are_found_beside_the_images(void **state)
{
    (void)state;
    write_file("train-images-idx3-ubyte", BYTES(images));
    write_file("train-labels-idx1-ubyte", BYTES(labels));
    write_file("t10k-images-idx3-ubyte", BYTES(test_images));
    write_file("t10k-labels-idx1-ubyte", BYTES(test_labels));
    ambs_dataset *data;
    ambs_error err = {0};
    if (ambs_dataset_read(in_folder("train-images-idx3-ubyte"), NULL, &data, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(data->n, 4);
    assert_int_equal(data->d, 2);
    assert_int_equal(data->n_test, 1);
    assert_int_equal(data->n_classes, 2);
    assert_near(data->x[7], 9, 0);
    assert_int_equal(data->labels[2], 1);
    assert_int_equal(data->labels[3], 0);
    ambs_dataset_destroy(data);
}

static void images_without_fitting_labels_are_refused(void **state)
{
    (void)state;
    ambs_dataset *data;
    ambs_error err = {0};
    char expected[512];
    write_file("b-images-idx3-ubyte", BYTES(images));
    assert_int_equal(ambs_dataset_read(in_folder("b-images-idx3-ubyte"), NULL, &data, &err),
                     AMBS_E_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s: No such file or directory",
             in_folder("b-labels-idx1-ubyte"));
    assert_string_equal(err.text, expected);
    write_file("b-labels-idx1-ubyte", BYTES(test_labels));
    assert_int_equal(ambs_dataset_read(in_folder("b-images-idx3-ubyte"), NULL, &data, &err),
                     AMBS_E_FORMAT);
    snprintf(expected, sizeof expected,
             "%s: found 1 labels in 1 dimensions, expected one for each of the 3 images",
             in_folder("b-labels-idx1-ubyte"));
    assert_string_equal(err.text, expected);
    write_file("plain-idx3", BYTES(images));
    assert_int_equal(ambs_dataset_read(in_folder("plain-idx3"), NULL, &data, &err), AMBS_E_INVALID);
    snprintf(
        expected, sizeof expected,
        "%s: expected a name with \"images\" and \"idx3\" in it, from which the labels' name is "
        "made (…-labels-idx1-…)",
        in_folder("plain-idx3"));
    assert_string_equal(err.text, expected);
}

static void gzip_is_unpacked_or_named(void **state)
{
    (void)state;
    char *bytes;
    size_t size;
    ambs_error err = {0};
#if AMBS_HAVE_ZLIB
    gzFile file = gzopen(in_folder("a.gz"), "wb");
    assert_int_equal(gzwrite(file, images, sizeof images - 1), sizeof images - 1);
    gzclose(file);
    assert_int_equal(ambs_file_load(in_folder("a.gz"), &bytes, &size, NULL), 0);
    assert_int_equal(size, sizeof images - 1);
    assert_memory_equal(bytes, images, size);
    free(bytes);
    struct stat facts;
    assert_int_equal(stat(in_folder("a.gz"), &facts), 0);
    assert_int_equal(truncate(in_folder("a.gz"), facts.st_size - 12), 0);
    assert_int_equal(ambs_file_load(in_folder("a.gz"), &bytes, &size, &err), AMBS_E_FORMAT);
    assert_non_null(strstr(err.text, "a.gz: the gzip data is damaged or cut short"));
#else
    write_file("a.gz", BYTES("\x1f\x8b\x08"));
    assert_int_equal(ambs_file_load(in_folder("a.gz"), &bytes, &size, &err), AMBS_E_NOT_BUILT);
    assert_non_null(strstr(err.text, "a.gz: packed with gzip, and this build has no zlib (Debian: "
                                     "zlib1g-dev); unpack it first (gunzip -k)"));
#endif
}

static int parse_once(void *ctx)
{
    (void)ctx;
    ambs_idx array;
    int rc = ambs_idx_parse("t", BYTES(images), &array, NULL);
    if (rc == 0) free(array.values);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(parse_once, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(every_bad_array_is_told),
        cmocka_unit_test(labels_and_the_test_part_are_found_beside_the_images),
        cmocka_unit_test(images_without_fitting_labels_are_refused),
        cmocka_unit_test(gzip_is_unpacked_or_named),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/idx", tests, make_folder, remove_folder);
}
