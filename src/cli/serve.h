/* SPDX-License-Identifier: MIT */
/* Ask and tell as JSON lines: one command object a line in, one answer object a line out.
 *
 *   {"cmd":"init","study":{…}}           first, where the command line named no study;
 *                                        "study" is an object, or its YAML as a string
 *   {"cmd":"ask"}                        {"id":3,"params":{…}}, or {"exhausted":true,"message":"…"}
 *                                        when the budget or the space is used up
 *   {"cmd":"tell","id":3,"objective":0.1}
 *                                        {"ok":true,"id":3}; "status":"failed"|"pruned",
 *                                        "metrics":{…}, "message":"…", "duration_s":1.5 may follow
 *   {"cmd":"tell","params":{…},"objective":0.1}
 *                                        a configuration of the caller's own: {"ok":true,"id":7}
 *   {"cmd":"report","id":3,"step":2,"value":0.4}
 *                                        {"decision":"continue"} or "stop"; "metric" may follow
 *   {"cmd":"cancel","id":3}              {"ok":true,"id":3}
 *   {"cmd":"best"}                       {"id":3,"objective":0.1,"params":{…}}; nulls without one
 *   {"cmd":"status"}                     counts
 *   {"cmd":"quit"}                       {"ok":true}
 *
 * Whatever is wrong is answered by {"error":"…"} and changes nothing. With a study file every
 * answer is given only when what it acknowledges is in the journal; a tell when it is durable. */
#ifndef AMBS_CLI_SERVE_H
#define AMBS_CLI_SERVE_H

#include "base/text.h"
#include "study/spec.h"

typedef struct ambs_serve ambs_serve;

/* `spec` is taken (NULL: the first command must be init). `path` of the study file, NULL: nothing
 * is saved; with `resume` it goes on where it was, else it must not exist. */
int ambs_serve_create(ambs_spec *spec, const char *path, bool resume, ambs_serve **ret_serve,
                      ambs_error *err);
/* Commits, writes STUDY.h5 and frees. The error of the first that failed. */
int ambs_serve_destroy(ambs_serve *serve, ambs_error *err);
/* Answers one line (without its newline) by one line in `out`, newline included. Returns false
 * after quit. */
bool ambs_serve_line(ambs_serve *serve, const char *line, size_t length, ambs_text *out);

#endif
