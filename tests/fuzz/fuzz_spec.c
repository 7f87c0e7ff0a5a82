/* SPDX-License-Identifier: MIT */
/* Any bytes as a study file: an error or a study, whose recorded text gives the same study again,
 * with a setting of the command line too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "study/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A ConfigSpace file is only taken from the record behind the text: a fuzzer should not open what
 * it likes. */
static int names_a_file(const char *text, size_t size)
{
    return memmem(text, size, "space", 5) && !memmem(text, size, "\n# --space ", 11);
}

static void print_and_read_again(const ambs_spec *spec)
{
    ambs_text shown = {0};
    ambs_error err = {0};
    ambs_spec *again = NULL;
    ambs_spec_print(spec, "study.h5", &shown);
    ambs_text_fini(&shown);
    if (ambs_spec_parse(spec->text, strlen(spec->text), "again.yaml", NULL, 0, &again, &err) !=
        AMBS_OK)
        abort();
    if (ambs_spec_digest(spec) != ambs_spec_digest(again)) abort();
    if (ambs_spec_check_resume(spec, again, &err) != AMBS_OK) abort();
    ambs_spec_destroy(again);
}

/* True where it is a study. */
static int read_with(const char *text, size_t size, const ambs_setting *settings, size_t n)
{
    ambs_error err = {0};
    ambs_spec *spec = NULL;
    int rc = ambs_spec_parse(text, size, "fuzz.yaml", settings, n, &spec, &err);
    if (rc == AMBS_OK)
        print_and_read_again(spec);
    else if (err.text[0] == '\0')
        abort(); /* every refusal says why */
    ambs_spec_destroy(spec);
    return rc == AMBS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ambs_setting setting = {"study.seed", "7"};
    const char *text = (const char *)data;
    if (names_a_file(text, size)) return 0;
    if (read_with(text, size, NULL, 0)) read_with(text, size, &setting, 1);
    return 0;
}
