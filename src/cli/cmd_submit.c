/* SPDX-License-Identifier: MIT */
/* `ambs submit`: a job script from the folder jobs with its directives filled in, written beside the
 * study and submitted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/write_file.h"
#include "cli/cli.h"
#include "cli/paths.h"
#include "cli/print.h"
#include "cluster/batch_call.h"
#include "cluster/batch_script.h"
#include "config.h"
#include "study/spec.h"

#define SUBMIT_S 60.0

enum { SUCCESSORS_MAX = 100, PATH_SIZE = 4096 };

typedef struct options {
    char *output, *scheduler, *partition, *account, *modules, *extra, *name, *script, *template;
    long long nodes, cores, gpus, successors;
    double time;
    int on_deadline;
    bool dry_run;
} options;

static const char *const deadline_words[] = {"study", "stop", "requeue", "resubmit", NULL};

#define STRING(name_, field, value_, help_)                                                        \
    {                                                                                              \
        .option = {.name = name_,                                                                  \
                   .type = AMBS_OPTION_STRING,                                                     \
                   .offset = offsetof(options, field),                                             \
                   .help = help_},                                                                 \
        .value = value_                                                                            \
    }
#define COUNT(name_, field, least, most, value_, help_)                                            \
    {                                                                                              \
        .option = {.name = name_,                                                                  \
                   .type = AMBS_OPTION_INT,                                                        \
                   .offset = offsetof(options, field),                                             \
                   .initial = "0",                                                                 \
                   .min = least,                                                                   \
                   .max = most,                                                                    \
                   .help = help_},                                                                 \
        .value = value_                                                                            \
    }

static const ambs_cli_option submit_options[] = {
    COUNT("nodes", nodes, 0, 1000000, "N", "hosts (Grid Engine: slots); 0: as the template says"),
    {.option = {.name = "time",
                .type = AMBS_OPTION_DURATION,
                .offset = offsetof(options, time),
                .min = 60,
                .max = INFINITY,
                .help = "the job's time limit, as in 11h30m; default: the template's"},
     .value = "TIME"},
    STRING("scheduler", scheduler, "NAME",
           "slurm, pbs, sge or lsf; default: the one whose command is in PATH"),
    STRING("partition", partition, "NAME", "partition or queue"),
    STRING("account", account, "NAME", "account or project"),
    COUNT("cores", cores, 0, 65536, "N", "cores of each host (Slurm, PBS); 0: all, on PBS one"),
    COUNT("gpus", gpus, 0, 1024, "N", "GPUs of each host"),
    STRING("modules", modules, "NAMES", "what the job loads by module load"),
    STRING("extra", extra, "TEXT",
           "more directives without their prefix, between semicolons: "
           "\"--constraint=v100;--qos=long\""),
    STRING("name", name, "NAME", "of the job; default: of the study"),
    {.option = {.name = "output",
                .type = AMBS_OPTION_STRING,
                .offset = offsetof(options, output),
                .help = "the study file; default: the study's file name with .h5, in this folder"},
     .letter = 'o',
     .value = "STUDY.h5"},
    {.option = {.name = "on-deadline",
                .type = AMBS_OPTION_CHOICE,
                .offset = offsetof(options, on_deadline),
                .initial = "study",
                .choices = deadline_words,
                .help = "what the job does near its end: stop, requeue, resubmit; study: as its "
                        "file says"},
     .value = "WHAT"},
    COUNT("successors", successors, 0, SUCCESSORS_MAX, "N",
          "so many more jobs are queued now, each to start when the one before has ended, and "
          "cancelled when the study is done: where a job cannot submit another"),
    STRING("script", script, "FILE",
           "the job script to write; default: STUDY.sbatch, .qsub, .bsub"),
    STRING("template", template, "FILE", "a job script of your own instead of that in jobs/"),
    {.option = {.name = "dry-run",
                .type = AMBS_OPTION_BOOL,
                .offset = offsetof(options, dry_run),
                .help = "print the script; write and submit nothing"}},
    {.option = {.name = NULL}},
};

/* --- which batch system ---------------------------------------------------------------------- */

static bool is_in_path(const char *program)
{
    const char *path = getenv("PATH");
    char file[PATH_SIZE];
    for (size_t n; path && *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", (int)n, path, program);
        if (access(file, X_OK) == 0) return true;
    }
    return false;
}

/* PBS and Grid Engine both have a qsub; only the latter has qconf. */
static const char *detect(void)
{
    if (is_in_path("sbatch")) return "slurm";
    if (is_in_path("qsub")) return is_in_path("qconf") ? "sge" : "pbs";
    return is_in_path("bsub") ? "lsf" : NULL;
}

static int choose_system(const char *given, const ambs_batch_ops **ret_ops, ambs_error *err)
{
    const char *name = given ? given : detect();
    if (!name)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "found none of sbatch, qsub and bsub in PATH: name the batch system by "
                         "--scheduler to see the script with --dry-run, or run the study here by "
                         "ambs run");
    int rc = ambs_batch_find(name, ret_ops, err);
    if (rc == AMBS_OK && !(*ret_ops)->submit)
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "there is no job script for %s, expected slurm, pbs, sge or lsf", name);
    return rc;
}

/* --- the template ---------------------------------------------------------------------------- */

static int read_file(const char *path, ambs_text *out, ambs_error *err)
{
    char bytes[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    if (!file) return ambs_fail(err, AMBS_E_NOT_FOUND, "%s: there is no such file", path);
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0) ambs_text_add_bytes(out, bytes, n);
    fclose(file);
    return ambs_text_check(out, err);
}

static int read_template(const options *o, const ambs_batch_ops *ops, ambs_text *out,
                         ambs_error *err)
{
    const char *const folders[] = {AMBS_DATADIR "/jobs", AMBS_SOURCE_SHAREDIR "/../jobs"};
    char path[PATH_SIZE];
    ambs_error ignored;
    if (o->template) return read_file(o->template, out, err);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], ops->script);
        if (read_file(path, out, &ignored) == AMBS_OK) return AMBS_OK;
    }
    return ambs_fail(err, AMBS_E_NOT_FOUND,
                     "the job script %s is not in %s: install ambs, or name one by --template",
                     ops->script, folders[0]);
}

/* --- what is asked for ------------------------------------------------------------------------ */

/* Letters, digits, points, dashes and underscores; PBS takes 15 characters. */
static void make_name(const char *from, char *ret, size_t size)
{
    size_t n = 0;
    for (; from[n] && n < 15 && n + 1 < size; n++)
        ret[n] = strchr(" \t/:,;@*\\?\"'", from[n]) || (unsigned char)from[n] > 126 ? '_' : from[n];
    ret[n] = '\0';
}

/* The words of `ambs run` behind the study: [at most n_settings * 2 + n_operands + 6]. */
static size_t make_words(const ambs_call *call, const options *o, const char *output,
                         char (*settings)[PATH_SIZE], const char **ret)
{
    size_t n = 0;
    ret[n++] = call->operands[0];
    ret[n++] = "-o";
    ret[n++] = output;
    if (o->on_deadline > 0) {
        ret[n++] = "--on-deadline";
        ret[n++] = deadline_words[o->on_deadline];
    }
    for (size_t i = 0; i < call->n_settings; i++) {
        snprintf(settings[i], PATH_SIZE, "%s=%s", call->settings[i].path, call->settings[i].value);
        ret[n++] = "--set";
        ret[n++] = settings[i];
    }
    for (size_t i = 1; i < call->n_operands; i++) ret[n++] = call->operands[i];
    ret[n] = NULL;
    return n;
}

/* The study must be right before it waits in a queue; its `on_deadline` must not go on beside the
 * successors. */
static int check_study(const ambs_call *call, const options *o, char *ret_name, size_t size,
                       ambs_error *err)
{
    ambs_spec *spec;
    int rc = ambs_spec_read(call->operands[0], call->settings, call->n_settings, &spec, err);
    if (rc != AMBS_OK) return rc;
    int action = o->on_deadline > 0 ? o->on_deadline - 1 : (int)spec->on_deadline.action;
    make_name(o->name ? o->name : spec->name, ret_name, size);
    ambs_spec_destroy(spec);
    if (o->successors > 0 && action != AMBS_ON_DEADLINE_STOP)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found --successors with on_deadline: %s, by which the job would go on "
                         "twice: choose one of the two",
                         deadline_words[action + 1]);
    return AMBS_OK;
}

static int make_script(const ambs_call *call, const ambs_batch_ops *ops, const char *path,
                       const char *successors, ambs_text *out, ambs_error *err)
{
    const options *o = call->options;
    char output[PATH_SIZE], name[64];
    ambs_text template = {0};
    int rc = ambs_output_path(o->output, call->operands[0], output, sizeof output, err);
    if (rc == AMBS_OK) rc = check_study(call, o, name, sizeof name, err);
    if (rc == AMBS_OK) rc = read_template(o, ops, &template, err);
    char(*settings)[PATH_SIZE] = ambs_calloc(call->n_settings, PATH_SIZE, err);
    const char **words =
        ambs_calloc(2 * call->n_settings + call->n_operands + 6, sizeof *words, err);
    if (!settings || !words) rc = AMBS_E_NOMEM;
    if (rc == AMBS_OK) {
        make_words(call, o, output, settings, words);
        const ambs_batch_request request = {.nodes = (uint32_t)o->nodes,
                                            .cores = (uint32_t)o->cores,
                                            .gpus = (uint32_t)o->gpus,
                                            .time_s = o->time,
                                            .name = name,
                                            .partition = o->partition,
                                            .account = o->account};
        const ambs_batch_script script = {.ops = ops,
                                          .request = &request,
                                          .extra = o->extra,
                                          .modules = o->modules,
                                          .path = path,
                                          .argv = words,
                                          .successors = successors};
        rc = ambs_batch_write_script(&script, template.text ? template.text : "", out, err);
        if (rc != AMBS_OK) rc = ambs_wrap(err, rc, "%s", o->template ? o->template : ops->script);
    }
    free(settings);
    free(words);
    ambs_text_fini(&template);
    return rc;
}

/* --- submitting ------------------------------------------------------------------------------ */

/* The words of the submission: `after` is the id of the job to wait for, "" none. */
static size_t submit_words(const ambs_batch_ops *ops, const char *path, const char *after,
                           const char **ret)
{
    size_t n = 0;
    for (const char *const *w = ops->submit; *w; w++) ret[n++] = *w;
    for (const char *const *w = ops->after; after[0] && *w; w++) ret[n++] = *w;
    if (!ops->script_on_stdin) ret[n++] = path;
    ret[n] = NULL;
    return n;
}

static int submit(const ambs_batch_ops *ops, const char *path, const char *text, const char *after,
                  char *ret_id, ambs_error *err)
{
    const char *words[AMBS_BATCH_WORDS_MAX + 1];
    char line[120];
    ambs_text said = {0};
    submit_words(ops, path, after, words);
    int rc =
        ambs_batch_call_for(words, after, ops->script_on_stdin ? text : NULL, SUBMIT_S, &said, err);
    if (rc != AMBS_OK)
        rc = ambs_wrap(err, rc, "the job was refused");
    else if (!ops->read_id(said.text ? said.text : "", ret_id))
        rc = ambs_fail(err, AMBS_E_FORMAT, "%s answered \"%s\", expected the job's id", words[0],
                       ambs_batch_line(said.text ? said.text : "", line, sizeof line));
    ambs_text_fini(&said);
    return rc;
}

/* The job and those that wait for it, one for another; their ids go into the file that the script
 * names. */
static int submit_all(const options *o, const ambs_batch_ops *ops, const char *path,
                      const char *text, const char *successors, ambs_error *err)
{
    char id[AMBS_BATCH_ID_SIZE] = "";
    ambs_text ids = {0};
    int rc = AMBS_OK;
    for (long long i = 0; i <= o->successors && rc == AMBS_OK; i++) {
        char after[AMBS_BATCH_ID_SIZE];
        memcpy(after, id, sizeof after);
        rc = submit(ops, path, text, after, id, err);
        if (rc != AMBS_OK) break;
        ambs_text_addf(&ids, "%s\n", id);
        if (after[0])
            printf("%s job %s, when %s has ended\n", ops->member.name, id, after);
        else
            printf("%s job %s: %s\n", ops->member.name, id, path);
    }
    if (o->successors > 0 && ids.length > 0) {
        ambs_error why;
        if (ambs_write_file(successors, &ids, &why) != AMBS_OK && rc == AMBS_OK)
            rc = ambs_fail(err, AMBS_E_IO, "%s", why.text);
    }
    ambs_text_fini(&ids);
    return rc;
}

static int name_files(const ambs_call *call, const ambs_batch_ops *ops, char *ret_path,
                      char *ret_successors, ambs_error *err)
{
    const options *o = call->options;
    char h5[PATH_SIZE], folder[PATH_SIZE] = "";
    const char *given = o->script ? o->script : h5;
    int rc = o->script ? AMBS_OK : ambs_output_path(NULL, call->operands[0], h5, sizeof h5, err);
    if (rc != AMBS_OK) return rc;
    if (!o->script) strcpy(strrchr(h5, '.'), strrchr(ops->script, '.'));
    if (given[0] != '/' && !getcwd(folder, sizeof folder))
        return ambs_fail(err, AMBS_E_IO, "the working folder has no name");
    int n = snprintf(ret_path, PATH_SIZE, "%s%s%s", folder, folder[0] ? "/" : "", given);
    int k = snprintf(ret_successors, PATH_SIZE, "%s.jobs", ret_path);
    return n < PATH_SIZE && k < PATH_SIZE
               ? AMBS_OK
               : ambs_fail(err, AMBS_E_INVALID, "the path of the script is too long");
}

static void print_dry(const ambs_batch_ops *ops, const char *path, ambs_text *out)
{
    const char *words[AMBS_BATCH_WORDS_MAX + 1];
    submit_words(ops, path, "", words);
    ambs_text_add(out, "#");
    for (const char *const *w = words; *w; w++) ambs_text_addf(out, " %s", *w);
    if (ops->script_on_stdin) ambs_text_addf(out, " < %s", path);
    ambs_text_add(out, "\n");
}

static int act(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    char path[PATH_SIZE], successors[PATH_SIZE];
    const ambs_batch_ops *ops;
    ambs_text text = {0};
    int rc = choose_system(o->scheduler, &ops, err);
    if (rc == AMBS_OK) rc = name_files(call, ops, path, successors, err);
    if (rc == AMBS_OK)
        rc = make_script(call, ops, path, o->successors > 0 ? successors : NULL, &text, err);
    if (rc == AMBS_OK && o->dry_run) {
        print_dry(ops, path, &text);
        return ambs_print(&text, err);
    }
    if (rc == AMBS_OK) rc = ambs_write_file(path, &text, err);
    if (rc == AMBS_OK) rc = submit_all(o, ops, path, text.text, successors, err);
    ambs_text_fini(&text);
    return rc;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return act(call, &err) == AMBS_OK ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_submit = {
    .name = "submit",
    .operands = "STUDY.yaml [-- OPTIONS OF ambs run]",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .summary = "Write a job script for a study and submit it to the batch system",
    .details =
        "The script is one of those in jobs/ with its directives changed; --dry-run prints it. It "
        "goes on with the study where it stopped, so submitting once more continues it. Words "
        "behind -- go to ambs run, as do --set and --seed.",
    .options = submit_options,
    .options_size = sizeof(options),
    .takes_settings = true,
    .run = run,
};
