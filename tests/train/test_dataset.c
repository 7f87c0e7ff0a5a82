/* SPDX-License-Identifier: MIT */
/* Data sets by name, and the HDF5 reader. */
#include "near.h"

#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/failing_alloc.h"
#include "config.h"
#include "train/reader.h"

static char folder[] = "/tmp/ambs-test-dataset-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"a.h5",        "b.csv",         "data.bin",
                                        "images-idx3", "data/mine.csv", "data"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) remove(in_folder(names[i]));
    return rmdir(folder);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* One dataset of a file to be written. */
typedef struct part {
    const char *name;
    int rank;
    hsize_t size[3];
    double values[12];
} part;

static const char *write_hdf5(const part *parts, size_t n)
{
    hid_t file = H5Fcreate(in_folder("a.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (size_t i = 0; i < n; i++) {
        hid_t space = H5Screate_simple(parts[i].rank, parts[i].size, NULL);
        hid_t set = H5Dcreate2(file, parts[i].name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                               H5P_DEFAULT);
        assert_true(set >= 0);
        H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, parts[i].values);
        H5Dclose(set);
        H5Sclose(space);
    }
    H5Fclose(file);
    return in_folder("a.h5");
}

static void the_digits_are_there(void **state)
{
    (void)state;
    ambs_dataset *data;
    ambs_error err = {0};
    if (ambs_dataset_read("share:digits", NULL, &data, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(data->n, 1797);
    assert_int_equal(data->d, 64);
    assert_int_equal(data->n_classes, 10);
    assert_string_equal(data->class_names[9], "9");
    const size_t counts[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; /* numpy.bincount */
    size_t found[10] = {0};
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) found[data->labels[i]]++;
    for (size_t i = 0; i < data->n * data->d; i++) sum += data->x[i];
    assert_memory_equal(found, counts, sizeof counts);
    assert_near(sum, 561718, 0); /* numpy: load_digits().data.sum() */
    ambs_dataset_destroy(data);
}

static void further_dimensions_are_laid_out_and_test_parts_come_last(void **state)
{
    (void)state;
    const part parts[] = {{"x", 3, {2, 1, 2}, {1, 2, 3, 4}},
                          {"y", 1, {2}, {0.5, 1.5}},
                          {"x_test", 2, {1, 2}, {5, 6}},
                          {"y_test", 1, {1}, {2.5}}};
    ambs_dataset *data;
    assert_int_equal(ambs_dataset_read(write_hdf5(parts, 4), NULL, &data, NULL), 0);
    assert_int_equal(data->n, 3);
    assert_int_equal(data->d, 2);
    assert_int_equal(data->n_test, 1);
    for (size_t i = 0; i < 6; i++) assert_near(data->x[i], (double)(i + 1), 0);
    assert_near(data->targets[2], 2.5, 0);
    ambs_dataset_destroy(data);
}

static void not_a_number_is_a_missing_value_where_that_is_allowed(void **state)
{
    (void)state;
    const part parts[] = {{"x", 2, {2, 1}, {1, NAN}}, {"y", 1, {2}, {0.5, 1.5}}};
    ambs_dataset *data;
    const ambs_dataset_options options = {.impute = true};
    assert_int_equal(ambs_dataset_read(write_hdf5(parts, 2), &options, &data, NULL), 0);
    assert_true(isnan(data->x[1]));
    ambs_dataset_destroy(data);
}

static void refuse(const char *name, const ambs_dataset_options *options, const char *pattern)
{
    ambs_dataset *data = NULL;
    ambs_error err = {0};
    ambs_text expected = {0};
    assert_true(ambs_dataset_read(name, options, &data, &err) < 0);
    assert_null(data);
    for (const char *p = pattern; *p; p++) /* % stands for the name */
        ambs_text_add_bytes(&expected, *p == '%' ? name : p, *p == '%' ? strlen(name) : 1);
    assert_string_equal(err.text, expected.text);
    ambs_text_fini(&expected);
}

static void every_bad_hdf5_file_is_told(void **state)
{
    (void)state;
    static const struct {
        part parts[4];
        size_t n;
        const char *message;
    } cases[] = {
        {{{"z", 1, {2}, {0}}},
         1,
         "%: found no dataset \"x\", expected datasets \"x\" [n, d] and \"y\" [n]"},
        {{{"x", 1, {2}, {0}}},
         1,
         "%: found no dataset \"y\", expected datasets \"x\" [n, d] and \"y\" [n]"},
        {{{"x", 2, {2, 2}, {0}}, {"y", 1, {3}, {0}}},
         2,
         "%: dataset \"x\" has 2 rows and \"y\" 3 rows of 1, expected one number in \"y\" for each "
         "row "
         "of \"x\""},
        {{{"x", 2, {2, 2}, {0}}, {"y", 2, {2, 2}, {0}}},
         2,
         "%: dataset \"x\" has 2 rows and \"y\" 2 rows of 2, expected one number in \"y\" for each "
         "row "
         "of \"x\""},
        {{{"x", 2, {0, 2}, {0}}, {"y", 1, {0}, {0}}}, 2, "%: dataset \"x\" is empty"},
        {{{"x", 2, {2, 0}, {0}}, {"y", 1, {2}, {0}}},
         2,
         "%: dataset \"x\" has rows of no usable size"},
        {{{"x", 2, {2, 1}, {0, NAN}}, {"y", 1, {2}, {0, 1}}},
         2,
         "%: dataset \"x\", row 1, column 0: found nan, expected a finite number (counted from 0, "
         "test "
         "rows last)"},
        {{{"x", 2, {2, 1}, {0, 1}}, {"y", 1, {2}, {0, INFINITY}}},
         2,
         "%: target of row 1 (counted from 0): found inf, expected a finite number"},
        {{{"x", 2, {2, 1}, {0}},
          {"y", 1, {2}, {0, 1}},
          {"x_test", 2, {1, 2}, {0}},
          {"y_test", 1, {1}, {0}}},
         4,
         "%: \"x_test\" has 2 columns, expected 1 as in \"x\""},
        {{{"x", 2, {2, 1}, {0}}, {"y", 1, {2}, {4, 4}}},
         2,
         "%: the target has 1 value only, expected 2 to 10000 classes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(write_hdf5(cases[i].parts, cases[i].n), NULL, cases[i].message);
    write_text("images-idx3", "");
    refuse(in_folder("images-idx3"), &(ambs_dataset_options){.kind = AMBS_TARGET_NUMBERS},
           "task: found regression, but the labels of an IDX file are classes");
    write_text("a.h5", "no HDF5");
    refuse(in_folder("a.h5"), NULL, "%: is no HDF5 file, or is damaged");
}

static void every_bad_name_is_told(void **state)
{
    (void)state;
    refuse(in_folder("absent.csv"), NULL, "%: No such file or directory");
    refuse(folder, NULL, "%: found a folder, expected a file");
    refuse("share:", NULL,
           "share:: expected the name of a data set after share:, such as share:digits");
    refuse("share:../secret", NULL,
           "share:../secret: expected the name of a data set after share:, such as share:digits");
    unsetenv("AMBS_SHARE");
    refuse("share:digit", NULL,
           "share:digit: no such data set (looked for data/digit.h5 and .csv in " AMBS_DATADIR
           " and " AMBS_SOURCE_SHAREDIR ")");
    write_text("data.bin", "");
    refuse(
        in_folder("data.bin"), NULL,
        "%: unknown kind of file, expected a name that ends with .csv, .tsv, .h5 or .hdf5, or that "
        "contains idx (-idx3-ubyte), .gz after it allowed but for HDF5");
    const part parts[] = {{"x", 1, {1}, {0}}};
    refuse(write_hdf5(parts, 1), &(ambs_dataset_options){.target = "y"},
           "target: found \"y\", but only a CSV has named columns and % is none");
    if (access("/usr/share/datasets/fashion-mnist", F_OK) != 0)
        refuse("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", NULL,
               "%: No such file or directory (Debian: apt-get install dataset-fashion-mnist)");
}

static void a_folder_of_the_users_own_comes_first(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("data"), 0700), 0);
    write_text("data/mine.csv", "a,y\n1,0\n2,1\n");
    setenv("AMBS_SHARE", folder, 1);
    ambs_dataset *data;
    ambs_error err = {0};
    if (ambs_dataset_read("share:mine", NULL, &data, &err) != 0) fail_msg("%s", err.text);
    unsetenv("AMBS_SHARE");
    assert_int_equal(data->n, 2);
    ambs_dataset_destroy(data);
}

static int read_digits(void *ctx)
{
    (void)ctx;
    ambs_dataset *data;
    int rc = ambs_dataset_read("share:digits", NULL, &data, NULL);
    if (rc == 0) ambs_dataset_destroy(data);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(read_digits, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digits_are_there),
        cmocka_unit_test(further_dimensions_are_laid_out_and_test_parts_come_last),
        cmocka_unit_test(not_a_number_is_a_missing_value_where_that_is_allowed),
        cmocka_unit_test(every_bad_hdf5_file_is_told),
        cmocka_unit_test(every_bad_name_is_told),
        cmocka_unit_test(a_folder_of_the_users_own_comes_first),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/dataset", tests, make_folder, remove_folder);
}
