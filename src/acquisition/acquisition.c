/* SPDX-License-Identifier: MIT */
#include "acquisition/acquisition.h"

#include <string.h>

int ambs_acquisition_find(const char *name, const ambs_acquisition_ops **ret_ops, ambs_error *err)
{
    for (size_t i = 0; ambs_acquisition_registry[i]; i++) {
        if (strcmp(ambs_acquisition_registry[i]->member.name, name) != 0) continue;
        *ret_ops = ambs_acquisition_registry[i];
        return AMBS_OK;
    }
    ambs_text known = {0};
    for (size_t i = 0; ambs_acquisition_registry[i]; i++) {
        const ambs_member *m = &ambs_acquisition_registry[i]->member;
        if (!m->for_tests) ambs_text_addf(&known, "%s%s", known.length ? ", " : "", m->name);
    }
    int rc = ambs_text_check(&known, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "unknown acquisition \"%.60s\", expected one of %s",
                       name, known.text);
    ambs_text_fini(&known);
    return rc;
}
