/* SPDX-License-Identifier: MIT */
/* From the text of a study file to an ambs_spec: the tree is parsed, settings of the command line
 * are put in, other formats are rewritten into our sections, and the sections are read. All
 * findings are collected, and reported at the end. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "objective/objective.h"
#include "search/method.h"
#include "study/read.h"

/* Behind this line of a recorded text stand, as comments, what came from elsewhere. */
static const char marker[] =
    "# ambs added what follows: settings of the command line, files that were named\n";
static const char set_prefix[] = "# --set ", plan_prefix[] = "# --plan ";
const char ambs_space_prefix[] = "# --space ", ambs_warm_prefix[] = "# --warm ";

/* ---- life ---------------------------------------------------------------------------------- */

void ambs_spec_destroy(ambs_spec *spec)
{
    if (!spec) return;
    if (spec->objective) {
        if (spec->objective->fini) spec->objective->fini(spec->objective_options);
        ambs_options_fini(spec->objective->member.options, spec->objective_options);
    }
    if (spec->method) ambs_options_fini(spec->method->member.options, spec->method_options);
    for (size_t i = 0; i < spec->n_objective_settings; i++) {
        free(spec->objective_settings[i].name);
        free(spec->objective_settings[i].value);
    }
    for (size_t i = 0; i < spec->n_settings; i++) {
        free((char *)(uintptr_t)spec->settings[i].path); /* our copies: const for readers only */
        free((char *)(uintptr_t)spec->settings[i].value);
    }
    for (size_t i = 0; spec->argv && spec->argv[i]; i++) free(spec->argv[i]);
    for (size_t i = 0; i < spec->n_notes; i++) free(spec->notes[i]);
    for (size_t i = 0; i < spec->slots.n_gpus; i++) free(spec->slots.gpus[i]);
    free(spec->slots.gpus);
    free(spec->slots.cores);
    free(spec->slots.gpu_variable);
    free(spec->objective_settings);
    free(spec->objective_options);
    free(spec->method_options);
    free(spec->initial_points);
    ambs_warm_fini(&spec->warm);
    free(spec->settings);
    free(spec->argv);
    free(spec->notes);
    free(spec->fidelity);
    free(spec->trial.scratch);
    free(spec->metric);
    for (size_t i = 0; i < spec->n_goals; i++) free(spec->goals[i].name);
    free(spec->goals);
    free(spec->name);
    free(spec->file);
    free(spec->text);
    ambs_space_destroy(spec->space);
    free(spec);
}

const ambs_space *ambs_spec_space(const ambs_spec *spec)
{
    return spec->space;
}

const char *ambs_spec_metric(const ambs_spec *spec, ambs_goal *ret_goal)
{
    *ret_goal = spec->goal;
    return spec->metric;
}

size_t ambs_spec_n_metrics(const ambs_spec *spec)
{
    return spec->n_goals > 1 ? spec->n_goals : 1;
}

const char *ambs_spec_metric_at(const ambs_spec *spec, size_t i, ambs_goal *ret_goal)
{
    if (i >= ambs_spec_n_metrics(spec)) return NULL;
    if (spec->n_goals < 2) return ambs_spec_metric(spec, ret_goal);
    *ret_goal = spec->goals[i].goal;
    return spec->goals[i].name;
}

/* The file's name without folder and ending. */
static char *default_name(const char *file, ambs_error *err)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    return length > 0 ? ambs_strndup(base, length, err) : ambs_strdup("study", err);
}

static int spec_create(const char *file, ambs_spec **ret_spec, ambs_error *err)
{
    ambs_spec *spec = ambs_calloc(1, sizeof *spec, err);
    if (!spec) return AMBS_E_NOMEM;
    spec->target = spec->fidelity_min = spec->fidelity_max = spec->slots.memory_bytes = NAN;
    spec->file = ambs_strdup(file, err);
    spec->name = default_name(file, err);
    if (!spec->file || !spec->name || ambs_space_create(&spec->space, err) != AMBS_OK) {
        ambs_spec_destroy(spec);
        return AMBS_E_NOMEM;
    }
    *ret_spec = spec;
    return AMBS_OK;
}

/* ---- settings ------------------------------------------------------------------------------ */

static void keep_setting(ambs_reader *r, const char *path, size_t path_length, const char *value,
                         size_t value_length)
{
    ambs_spec *spec = r->spec;
    ambs_setting copy = {.path = ambs_strndup(path, path_length, NULL),
                         .value = ambs_strndup(value, value_length, NULL)};
    if (!copy.path || !copy.value ||
        ambs_resize(&spec->settings, spec->n_settings + 1, sizeof copy, NULL) != AMBS_OK) {
        free((char *)(uintptr_t)copy.path);
        free((char *)(uintptr_t)copy.value);
        r->findings->no_memory = true;
        return;
    }
    spec->settings[spec->n_settings++] = copy;
}

/* Not where the record ends with the very same ones: the text alone gives the same spec then. */
static void keep_settings(ambs_reader *r, const ambs_setting *settings, size_t n)
{
    const ambs_spec *spec = r->spec;
    bool recorded = n <= spec->n_settings;
    for (size_t i = 0; recorded && i < n; i++) {
        const ambs_setting *kept = &spec->settings[spec->n_settings - n + i];
        recorded = strcmp(kept->path, settings[i].path) == 0 &&
                   strcmp(kept->value, settings[i].value) == 0;
    }
    for (size_t i = 0; !recorded && i < n; i++)
        keep_setting(r, settings[i].path, strlen(settings[i].path), settings[i].value,
                     strlen(settings[i].value));
}

static bool begins(const char *line, size_t length, const char *prefix)
{
    return length >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

/* What a study keeps for all its lives from its first. */
static bool is_of_begin(const char *line, size_t length)
{
    return begins(line, length, ambs_warm_prefix) || begins(line, length, plan_prefix);
}

/* Where the record begins: the first marker line with nothing but records behind it, so that what a
 * user writes there is never lost, and what stands before it is no record; else `length`. */
static size_t find_marker(const char *text, size_t length)
{
    size_t found = length;
    for (size_t at = 0; at < length;) {
        const char *line = text + at, *end = memchr(line, '\n', length - at);
        size_t n = end ? (size_t)(end - line) + 1 : length - at;
        if (begins(line, n, marker)) {
            if (found == length) found = at;
        } else if (!begins(line, n, set_prefix) && !begins(line, n, ambs_space_prefix) &&
                   !is_of_begin(line, n)) {
            found = length;
        }
        at += n;
    }
    return found;
}

/* A recorded line without its prefix, kept with the document. */
static const char *keep_line(ambs_reader *r, const char *line, size_t length)
{
    const ambs_yaml_node *node = NULL;
    char *copy = ambs_strndup(line, length, NULL);
    if (!copy) r->findings->no_memory = true;
    if (copy) node = ambs_yaml_scalar(&r->document, (ambs_place){0}, copy, false, r->findings);
    free(copy);
    return node ? node->text : NULL;
}

/* "NUMBER row;row…" */
static void take_warm(ambs_reader *r, const char *line, size_t length)
{
    const char *text = keep_line(r, line, length);
    char *rest;
    unsigned long number = text ? strtoul(text, &rest, 10) : AMBS_WARM_SOURCES;
    if (number < AMBS_WARM_SOURCES) r->recorded_warm[number] = rest;
}

/* The recorded lines behind the marker: settings first, so that new ones win. */
static void take_recorded(ambs_reader *r, const char *text, size_t length)
{
    size_t at = find_marker(text, length);
    if (at == length) return;
    for (at += sizeof marker - 1; at < length;) {
        const char *line = text + at, *end = memchr(line, '\n', length - at);
        size_t n = end ? (size_t)(end - line) : length - at;
        at += n + 1;
        const size_t set = sizeof set_prefix - 1, space = strlen(ambs_space_prefix);
        if (begins(line, n, set_prefix)) {
            const char *equals = memchr(line, '=', n);
            if (equals)
                keep_setting(r, line + set, (size_t)(equals - line) - set, equals + 1,
                             n - (size_t)(equals - line) - 1);
        } else if (begins(line, n, ambs_space_prefix)) {
            ambs_text_add_bytes(&r->recorded_space, line + space, n - space);
            ambs_text_add(&r->recorded_space, "\n");
        } else if (begins(line, n, ambs_warm_prefix)) {
            const size_t warm = strlen(ambs_warm_prefix);
            take_warm(r, line + warm, n - warm);
        } else if (begins(line, n, plan_prefix)) {
            const size_t plan = sizeof plan_prefix - 1;
            const char *trials = keep_line(r, line + plan, n - plan);
            r->spec->keeps_plan = trials != NULL;
            if (trials) r->spec->plan_trials = strtoull(trials, NULL, 10);
        }
    }
    if (r->recorded_space.failed) r->findings->no_memory = true;
}

/* The file's own text and what it does not hold itself. */
static void keep_text(ambs_reader *r, const char *text, size_t length)
{
    ambs_text kept = {0};
    size_t own = find_marker(text, length);
    ambs_text_add_bytes(&kept, text, own);
    if (r->spec->n_settings > 0 || r->space_lines.length > 0 || r->warm_lines.length > 0 ||
        r->spec->keeps_plan) {
        ambs_text_add(&kept, marker);
        for (size_t i = 0; i < r->spec->n_settings; i++)
            ambs_text_addf(&kept, "%s%s=%s\n", set_prefix, r->spec->settings[i].path,
                           r->spec->settings[i].value);
        ambs_text_add_bytes(&kept, r->space_lines.text, r->space_lines.length);
        ambs_text_add_bytes(&kept, r->warm_lines.text, r->warm_lines.length);
        if (r->spec->keeps_plan)
            ambs_text_addf(&kept, "%s%llu\n", plan_prefix,
                           (unsigned long long)r->spec->plan_trials);
    }
    ambs_text_add(&kept, "");
    if (kept.failed || !kept.text || r->space_lines.failed || r->warm_lines.failed)
        r->findings->no_memory = true;
    else
        r->spec->text = kept.text;
    if (r->spec->text != kept.text) ambs_text_fini(&kept);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void finish_space(ambs_reader *r, const ambs_yaml_node *parameters)
{
    ambs_error err = {0};
    if (!ambs_read_is_clean(r)) return;
    if (ambs_space_finish(r->spec->space, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, parameters->place, &err);
}

static void read_root(ambs_reader *r, ambs_yaml_node *root)
{
    ambs_read_wandb(r, root);
    ambs_read_configspace(r, root);
    ambs_read_sections(r, root);
    const ambs_yaml_node *parameters = ambs_yaml_get(root, "parameters");
    const ambs_yaml_node *objective = ambs_yaml_get(root, "objective");
    if (parameters) {
        ambs_read_parameters(r, parameters);
        ambs_read_conditions(r, parameters, ambs_yaml_get(root, "constraints"));
        ambs_read_objective(r, objective);
        finish_space(r, parameters);
    } else {
        ambs_read_objective(r, objective);
        if (r->findings->n == 0) /* else a misspelt key or an unreadable file was it */
            ambs_finding_add(
                r->findings, (ambs_place){0},
                "found no parameters, expected a section \"parameters\" with at least one");
    }
    ambs_read_method(r, ambs_yaml_get(root, "method"));
    ambs_read_warm_start(r, ambs_yaml_get(root, "warm_start"));
    if (objective) ambs_read_check_objective(r, objective, ambs_yaml_get(root, "trial"));
}

static void read_text(ambs_reader *r, const char *text, size_t length, const ambs_setting *settings,
                      size_t n_settings)
{
    size_t own = find_marker(text, length);
    ambs_yaml_node *root = ambs_yaml_parse(&r->document, text, own, NULL, r->findings);
    if (!root) return;
    if (root->type != AMBS_YAML_MAPPING) {
        char what[96];
        ambs_read_fault(
            r, root,
            "found %s, expected a study: sections such as parameters, objective and budget",
            ambs_yaml_what(root, what));
        return;
    }
    take_recorded(r, text, length);
    keep_settings(r, settings, n_settings);
    for (size_t i = 0; i < r->spec->n_settings; i++)
        ambs_read_setting(r, root, &r->spec->settings[i]);
    read_root(r, root);
}

/* What a text is read for. */
typedef enum purpose { TO_SHOW, TO_FOLLOW, TO_BEGIN } purpose;

static int parse_lines(const char *text, size_t length, const char *name,
                       const ambs_setting *settings, size_t n_settings, purpose why,
                       ambs_spec **ret_spec, ambs_error *err)
{
    ambs_reader r = {.is_record = why == TO_SHOW, .looks = why == TO_BEGIN};
    int rc = spec_create(name, &r.spec, err);
    if (rc != AMBS_OK) return rc;
    r.findings = ambs_findings_create(r.spec->file, err);
    if (!r.findings) {
        ambs_spec_destroy(r.spec);
        return AMBS_E_NOMEM;
    }
    read_text(&r, text, length, settings, n_settings);
    if (ambs_read_is_clean(&r)) keep_text(&r, text, length);
    rc = ambs_findings_report(r.findings, err);
    if (rc == AMBS_OK) rc = ambs_read_digest(r.spec, &r.spec->digest, err);
    ambs_yaml_fini(&r.document);
    ambs_text_fini(&r.recorded_space);
    ambs_text_fini(&r.space_lines);
    ambs_text_fini(&r.warm_lines);
    free(r.findings);
    if (rc == AMBS_OK)
        *ret_spec = r.spec;
    else
        ambs_spec_destroy(r.spec);
    return rc;
}

/* A last line without a line break gets one: behind it the record begins, and to YAML a text of
 * several lines (`|`) that ends the file would be another one then. */
static int parse(const char *text, size_t length, const char *name, const ambs_setting *settings,
                 size_t n_settings, purpose why, ambs_spec **ret_spec, ambs_error *err)
{
    ambs_text lines = {0};
    ambs_text_add_bytes(&lines, text, length);
    if (length > 0 && text[length - 1] != '\n') ambs_text_add(&lines, "\n");
    int rc = ambs_text_check(&lines, err);
    if (rc == AMBS_OK)
        rc = parse_lines(lines.text, lines.length, name, settings, n_settings, why, ret_spec, err);
    ambs_text_fini(&lines);
    return rc;
}

int ambs_spec_parse(const char *text, size_t length, const char *name, const ambs_setting *settings,
                    size_t n_settings, ambs_spec **ret_spec, ambs_error *err)
{
    return parse(text, length, name, settings, n_settings, TO_FOLLOW, ret_spec, err);
}

int ambs_spec_parse_recorded(const char *text, size_t length, const char *name,
                             ambs_spec **ret_spec, ambs_error *err)
{
    return parse(text, length, name, NULL, 0, TO_SHOW, ret_spec, err);
}

/* The lines of a text's record that are of the study's begin, or all the others. */
static void add_lines(const char *text, bool of_begin, ambs_text *out)
{
    const char *line = text + find_marker(text, strlen(text));
    if (*line) line += sizeof marker - 1;
    for (const char *end; *line; line = end) {
        size_t n = strcspn(line, "\n");
        end = line + n + (line[n] != '\0');
        if (is_of_begin(line, n) == of_begin) ambs_text_add_bytes(out, line, (size_t)(end - line));
    }
}

/* What stands behind the marker in a text that goes on as `recorded` began. */
static void add_record(const ambs_spec *now, const ambs_spec *recorded, ambs_text *out)
{
    add_lines(now->text, false, out);
    add_lines(recorded->text, true, out);
    if (!recorded->keeps_plan && now->keeps_plan)
        ambs_text_addf(out, "%s%llu\n", plan_prefix, (unsigned long long)now->plan_trials);
}

int ambs_spec_adopt_begin(ambs_spec *now, ambs_spec *recorded, ambs_error *err)
{
    ambs_text record = {0}, text = {0};
    now->keeps_plan = recorded->keeps_plan || recorded->budget.trials != now->budget.trials;
    now->plan_trials = recorded->keeps_plan ? recorded->plan_trials : recorded->budget.trials;
    size_t own = find_marker(now->text, strlen(now->text));
    add_record(now, recorded, &record);
    ambs_text_add_bytes(&text, now->text, own);
    if (record.length > 0) {
        ambs_text_add(&text, marker);
        ambs_text_add_bytes(&text, record.text, record.length);
    }
    ambs_text_add(&text, "");
    int rc = ambs_text_check(&record, err);
    if (rc == AMBS_OK) rc = ambs_text_check(&text, err);
    ambs_text_fini(&record);
    if (rc != AMBS_OK) {
        ambs_text_fini(&text);
        return rc;
    }
    free(now->text);
    now->text = text.text;
    ambs_warm_fini(&now->warm);
    now->warm = recorded->warm;
    recorded->warm = (ambs_warm){0};
    return AMBS_OK;
}

static int read_stream(FILE *file, const char *path, ambs_text *out, ambs_error *err)
{
    char block[65536];
    size_t n;
    /* one byte beyond the limit is enough for the parser to say so */
    while (out->length <= AMBS_YAML_MAX_BYTES && (n = fread(block, 1, sizeof block, file)) > 0)
        ambs_text_add_bytes(out, block, n);
    if (ferror(file))
        return ambs_fail(err, AMBS_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    ambs_text_add(out, "");
    return ambs_text_check(out, err);
}

int ambs_read_file(const char *path, ambs_text *ret_text, ambs_error *err)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "%s: there is no such file; check the path", path);
    if (!file) return ambs_fail(err, AMBS_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    int rc;
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
        rc = ambs_fail(err, AMBS_E_INVALID, "%s: found a folder, expected a file", path);
    else
        rc = read_stream(file, path, ret_text, err);
    fclose(file);
    if (rc != AMBS_OK) ambs_text_fini(ret_text);
    return rc;
}

int ambs_spec_read(const char *path, const ambs_setting *settings, size_t n_settings,
                   ambs_spec **ret_spec, ambs_error *err)
{
    ambs_text text = {0};
    int rc = ambs_read_file(path, &text, err);
    if (rc == AMBS_OK)
        rc = parse(text.text ? text.text : "", text.length, path, settings, n_settings, TO_BEGIN,
                   ret_spec, err);
    ambs_text_fini(&text);
    return rc;
}
