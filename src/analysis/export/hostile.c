/* SPDX-License-Identifier: MIT */
/* Fails in the middle: what it wrote until then must not reach anybody. */
#include "analysis/exporter.h"

static int write_hostile(const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                         ambs_error *err)
{
    ambs_text_addf(out, "%zu of the trials of %s", table->n / 2, spec->name);
    return ambs_fail(err, AMBS_E_FORMAT, "the hostile exporter fails always");
}

const ambs_exporter_ops ambs_exporter_hostile = {
    .member = {.name = "hostile", .summary = "fails in the middle, for tests", .for_tests = true},
    .ending = ".txt",
    .write = write_hostile,
};
