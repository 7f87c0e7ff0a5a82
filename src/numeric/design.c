/* SPDX-License-Identifier: MIT */
#include "numeric/design.h"

#include <string.h>

static int refuse(const char *name, ambs_error *err)
{
    ambs_text known = {0};
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        const ambs_member *m = &ambs_design_registry[i]->member;
        if (!m->for_tests) ambs_text_addf(&known, "%s%s", known.length ? ", " : "", m->name);
    }
    int rc = ambs_text_check(&known, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "unknown design \"%.60s\", expected one of %s", name,
                       known.text);
    ambs_text_fini(&known);
    return rc;
}

int ambs_design_find(const char *name, const ambs_design_ops **ret_design, ambs_error *err)
{
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        if (strcmp(ambs_design_registry[i]->member.name, name) != 0) continue;
        *ret_design = ambs_design_registry[i];
        return AMBS_OK;
    }
    return refuse(name, err);
}
