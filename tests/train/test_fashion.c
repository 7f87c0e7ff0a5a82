/* SPDX-License-Identifier: MIT */
/* The real files of Debian's dataset-fashion-mnist, where they are installed. */
#include "near.h"

#include <unistd.h>

#include "config.h"
#include "train/train.h"

static const char path[] = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz";

static void fashion_mnist_has_seven_thousand_pictures_of_each_kind(void **state)
{
    (void)state;
    ambs_dataset *data;
    ambs_error err = {0};
    if (ambs_dataset_read(path, NULL, &data, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(data->n, 70000);
    assert_int_equal(data->n_test, 10000);
    assert_int_equal(data->d, 28 * 28);
    assert_int_equal(data->n_classes, 10);
    size_t counts[10] = {0};
    for (size_t i = 0; i < data->n; i++) counts[data->labels[i]]++;
    for (size_t k = 0; k < 10; k++) assert_int_equal(counts[k], 7000);
    ambs_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fashion_mnist_has_seven_thousand_pictures_of_each_kind),
    };
    if (!AMBS_HAVE_ZLIB || access(path, R_OK) != 0) return 77;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/fashion", tests, NULL, NULL);
}
