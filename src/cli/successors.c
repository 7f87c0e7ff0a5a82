/* SPDX-License-Identifier: MIT */
#include "cli/successors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/batch_call.h"

extern char **environ;

void ambs_successors_cancel(void)
{
    const char *path = getenv("AMBS_SUCCESSORS");
    FILE *file = path ? fopen(path, "r") : NULL;
    ambs_batch_job job = ambs_batch_find_job((const char *const *)(uintptr_t)environ);
    char line[AMBS_BATCH_ID_SIZE + 2];
    if (!file) return;
    while (job.ops->cancel && fgets(line, sizeof line, file)) {
        line[strcspn(line, " \t\r\n")] = '\0';
        if (!line[0] || strcmp(line, job.id) == 0) continue;
        ambs_text said = {0};
        ambs_error ignored; /* it may have ended long ago */
        ambs_batch_call_for(job.ops->cancel, line, NULL, AMBS_BATCH_ASK_S, &said, &ignored);
        ambs_text_fini(&said);
    }
    fclose(file);
}
