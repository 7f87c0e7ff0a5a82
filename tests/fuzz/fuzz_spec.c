/* SPDX-License-Identifier: MIT */
/* Any bytes as a study file: an error or a study, whose recorded text gives the same study again.
 */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    ambs_error err = {0};
    ambs_spec *spec = NULL;
    if (names_a_file(text, size)) return 0;
    int rc = ambs_spec_parse(text, size, "fuzz.yaml", NULL, 0, &spec, &err);
    if (rc == AMBS_OK)
        print_and_read_again(spec);
    else if (err.text[0] == '\0')
        abort(); /* every refusal says why */
    ambs_spec_destroy(spec);
    return 0;
}
