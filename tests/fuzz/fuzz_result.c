/* SPDX-License-Identifier: MIT */
/* Any bytes as a command's result and as a step report: what is taken is a finite number, all else
 * has a reason and a message that fits. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "objective/capture.h"
#include "objective/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ambs_capture capture;
    const char *bytes = (const char *)data;
    ambs_outcome o = {0};
    ambs_result_read(bytes, size, "loss", "the result", &o);
    require(o.state == AMBS_TRIAL_COMPLETE ? isfinite(o.objective) && o.reason == AMBS_REASON_NONE
                                           : o.reason != AMBS_REASON_NONE && isnan(o.objective));
    require(o.n_metrics <= AMBS_MAX_METRICS && memchr(o.message, '\0', sizeof o.message) != NULL);
    require(ambs_utf8_valid(o.message, strlen(o.message), NULL));
    for (size_t i = 0; i < o.n_metrics; i++)
        require(isfinite(o.metrics[i].value) && o.metrics[i].name[0]);

    ambs_metric metrics[AMBS_MAX_METRICS];
    long long step;
    size_t n = 0, length = 0;
    ambs_error err;
    if (ambs_report_read(bytes, size, "loss", &step, metrics, &n, &err) == AMBS_OK)
        require(n > 0 && n <= AMBS_MAX_METRICS);

    if (!capture.bytes) require(ambs_capture_init(&capture, 64, 64, &err) == AMBS_OK);
    ambs_capture_clear(&capture);
    for (size_t at = 0; at < size; at += 1000)
        ambs_capture_add(&capture, bytes + at, size - at < 1000 ? size - at : 1000);
    const char *line = ambs_capture_last_line(&capture, &length);
    require(!line || (length > 0 && length <= 2 * capture.keep && !memchr(line, '\n', length)));
    ambs_kept_output output;
    char part[17];
    ambs_capture_text(&capture, 40, 50, &output);
    require(!output.text || ambs_utf8_valid(output.text, output.length, NULL));
    while (ambs_kept_output_next(&output, part, sizeof part))
        require(part[0] && ambs_utf8_valid(part, strlen(part), NULL));
    require(output.told == output.length);
    free(output.text);
    return 0;
}
