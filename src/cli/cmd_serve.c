/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/open.h"
#include "cli/serve.h"

typedef struct options {
    char *output;
    bool resume;
} options;

/* Line by line until quit or the end of the input. */
static int serve_lines(ambs_serve *serve, ambs_error *err)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool go_on = true;
    int rc = 0;
    while (go_on && rc == 0 && (length = getline(&line, &capacity, stdin)) >= 0) {
        if (length > 0 && line[length - 1] == '\n') length--;
        if (length == 0) continue;
        ambs_text out = {0};
        go_on = ambs_serve_line(serve, line, (size_t)length, &out);
        rc = ambs_print(&out, err);
    }
    free(line);
    return rc;
}

static int serve(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    ambs_spec *spec = NULL;
    ambs_serve *session;
    int rc = 0;
    if (o->resume && o->output == NULL)
        return ambs_fail(err, AMBS_E_INVALID,
                         "--resume needs -o STUDY.h5, the study to go on with");
    if (strcmp(call->operands[0], "-") != 0) {
        rc = ambs_spec_read(call->operands[0], call->settings, call->n_settings, &spec, err);
    } else if (call->n_settings > 0) {
        rc = ambs_fail(
            err, AMBS_E_INVALID,
            "--set and --seed need a study file; with - they belong into the init command");
    }
    if (spec && spec->surrogate.ranks > 0)
        fprintf(stderr,
                "ambs serve: surrogate.ranks: ranks of the model's own are those of ambs run; "
                "here one process computes the same\n");
    if (rc == 0) rc = ambs_serve_create(spec, o->output, o->resume, &session, err);
    if (rc != 0) return rc;
    rc = serve_lines(session, err);
    int rc_end = ambs_serve_destroy(session, rc == 0 ? err : NULL);
    return rc != 0 ? rc : rc_end;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return serve(call, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_serve = {
    .name = "serve",
    .operands = "STUDY.yaml|-",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Ask and tell as JSON lines on standard input and output",
    .details =
        "For programs that run their trials themselves, in any language. One command object "
        "a line, one answer a line:\n"
        "  {\"cmd\":\"ask\"}                          {\"id\":0,\"params\":{\"x\":0.5}}\n"
        "  {\"cmd\":\"tell\",\"id\":0,\"objective\":0.1}  {\"ok\":true,\"id\":0}   or "
        "\"status\":\"failed\"\n"
        "  {\"cmd\":\"tell\",\"params\":{\"x\":0.7},\"objective\":0.2}   a configuration of "
        "your own\n"
        "  {\"cmd\":\"report\",\"id\":0,\"step\":2,\"value\":0.4}        "
        "{\"decision\":\"continue\"}\n"
        "  {\"cmd\":\"enqueue\",\"params\":{\"x\":0.7}}   the next ask gives it\n"
        "  {\"cmd\":\"cancel\",\"id\":0}  {\"cmd\":\"best\"}  {\"cmd\":\"status\"}  "
        "{\"cmd\":\"quit\"}\n"
        "Where the study has repeats an ask has \"repeat\" beside the id, since a trial may be "
        "evaluated again, and is answered by {\"wait\":true,…} when a result has to come "
        "first; a tell may give \"repeat\" back. "
        "Several asks may be open at once; when the budget or the space is used up an ask "
        "is answered by {\"exhausted\":true,…}. An error is an answer {\"error\":\"…\"} and "
        "changes nothing. With - as study "
        "the first command is {\"cmd\":\"init\",\"study\":{…}}. With -o every result is "
        "durable when it is answered, and "
        "--resume goes on after the process ended however it did.",
    .options =
        (const ambs_cli_option[]){
            {{"output", AMBS_OPTION_STRING, offsetof(options, output),
              .help = "keep the study in this file; else it lives "
                      "in memory alone"},
             .letter = 'o',
             .value = "STUDY.h5"},
            {{"resume", AMBS_OPTION_BOOL, offsetof(options, resume), "false",
              .help = "go on with the study in the file; begin it if there is none yet"}},
            {{NULL}}},
    .options_size = sizeof(options),
    .takes_settings = true,
    .run = run,
};
