/* SPDX-License-Identifier: MIT */
/* Every exporter over empty and random studies; the tables are read back by a small parser of their
 * own. */
#include "../study/make_study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/exporter.h"
#include "base/json.h"

/* The cells of RFC 4180 text, row by row. */
typedef struct sheet {
    char **cells;
    size_t n, columns, rows;
} sheet;

static void parse_sheet(const char *text, sheet *s)
{
    *s = (sheet){0};
    size_t in_row = 0;
    for (const char *p = text; *p;) {
        char *cell = calloc(strlen(p) + 1, 1), *q = cell;
        if (*p == '"') {
            for (p++; *p && !(*p == '"' && p[1] != '"'); p++) {
                if (*p == '"') p++;
                *q++ = *p;
            }
            p++;
        } else {
            while (*p && *p != ',' && *p != '\n') *q++ = *p++;
        }
        s->cells = realloc(s->cells, (s->n + 1) * sizeof *s->cells);
        s->cells[s->n++] = cell;
        in_row++;
        if (*p == '\n') {
            if (s->columns == 0) s->columns = in_row;
            assert_int_equal(in_row, s->columns);
            in_row = 0;
            s->rows++;
        }
        if (*p) p++;
    }
}

static void free_sheet(sheet *s)
{
    for (size_t i = 0; i < s->n; i++) free(s->cells[i]);
    free(s->cells);
}

static const char *cell(const sheet *s, size_t row, const char *column)
{
    for (size_t i = 0; i < s->columns; i++)
        if (strcmp(s->cells[i], column) == 0) return s->cells[(row + 1) * s->columns + i];
    fail_msg("no column %s", column);
    return NULL;
}

static void every_exporter_is_deterministic_valid_utf8_or_leaves_nothing(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec();
    for (size_t n = 0; n <= 60; n += 20) {
        ambs_table *table = make_table(spec, n, n, 1);
        for (const ambs_exporter_ops *const *e = ambs_exporter_registry; *e; e++) {
            ambs_text first = {0}, second = {0};
            ambs_error err = {0};
            int rc = ambs_export((*e)->member.name, table, spec, &first, &err);
            if (strcmp((*e)->member.name, "hostile") == 0) {
                assert_int_equal(rc, AMBS_E_FORMAT);
                assert_int_equal(first.length, 0);
                ambs_text_fini(&first);
                continue;
            }
            assert_int_equal(rc, 0);
            assert_int_equal(ambs_export((*e)->member.name, table, spec, &second, &err), 0);
            assert_int_equal(first.length, second.length);
            assert_true(first.length == 0 || memcmp(first.text, second.text, first.length) == 0);
            assert_true(ambs_utf8_valid(first.text ? first.text : "", first.length, NULL));
            assert_true((*e)->ending[0] == '.' && (*e)->member.summary[0]);
            ambs_text_fini(&first);
            ambs_text_fini(&second);
        }
        ambs_table_destroy(table);
    }
    ambs_spec_destroy(spec);
}

static void an_unknown_format_names_the_known_ones_but_not_those_for_tests(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec();
    ambs_table *table = make_table(spec, 1, 1, 1);
    ambs_text out = {0};
    ambs_error err;
    assert_int_equal(ambs_export("cvs", table, spec, &out, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(
        err.text,
        "found the format \"cvs\", expected one of: csv, json, deephyper (did you mean csv?)");
    ambs_text_fini(&out);
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
}

static void csv_holds_every_trial_and_value(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec();
    ambs_table *t = make_table(spec, 3, 80, 1);
    ambs_text out = {0};
    assert_int_equal(ambs_export("csv", t, spec, &out, NULL), 0);
    sheet s;
    parse_sheet(out.text, &s);
    assert_int_equal(s.rows, 81);
    for (size_t i = 0; i < t->n; i++) {
        char buffer[64];
        assert_string_equal(cell(&s, i, "state"), ambs_trial_state_name(t->rows[i].state));
        const char *objective = cell(&s, i, "objective");
        assert_true(isnan(t->rows[i].objective) ? objective[0] == '\0'
                                                : strtod(objective, NULL) == t->rows[i].objective);
        assert_string_equal(cell(&s, i, "parameters/lr"),
                            ambs_space_format(spec->space, 0, t->x[i * t->d], buffer));
        assert_string_equal(cell(&s, i, "message"), t->rows[i].message);
        double metric = ambs_export_metric(t, i, "a/b %");
        const char *found = cell(&s, i, "metrics/a/b %");
        assert_true(isnan(metric) ? found[0] == '\0' : strtod(found, NULL) == metric);
    }
    free_sheet(&s);
    ambs_text_fini(&out);
    ambs_table_destroy(t);
    ambs_spec_destroy(spec);
}

static void deephyper_maximises_marks_failures_and_counts_time_from_the_start(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec();
    ambs_table *t = make_table(spec, 4, 80, 1);
    ambs_text out = {0};
    assert_int_equal(ambs_export("deephyper", t, spec, &out, NULL), 0);
    sheet s;
    parse_sheet(out.text, &s);
    assert_int_equal(s.rows - 1, t->n_complete + t->n_failed + t->n_pruned);
    int failures = 0;
    double last_s = 0;
    for (size_t i = 0; i + 1 < s.rows; i++) {
        size_t id = strtoul(cell(&s, i, "job_id"), NULL, 10);
        const char *objective = cell(&s, i, "objective");
        if (t->rows[id].state == AMBS_TRIAL_FAILED) {
            assert_string_equal(objective, "F_exit_3");
            failures++;
        } else {
            assert_true(strtod(objective, NULL) == -t->rows[id].objective);
        }
        assert_string_equal(cell(&s, i, "job_status"), "DONE");
        double gathered_s = strtod(cell(&s, i, "m:timestamp_gather"), NULL);
        assert_true(gathered_s >= last_s && gathered_s < 1e6);
        assert_true(strtod(cell(&s, i, "m:timestamp_submit"), NULL) <= gathered_s);
        last_s = gathered_s;
        const char *optimizer = cell(&s, i, "p:optimizer"), *momentum = cell(&s, i, "p:momentum");
        assert_int_equal(strcmp(optimizer, "adam") == 0, momentum[0] == '\0');
    }
    assert_true(failures > 0);
    free_sheet(&s);
    ambs_text_fini(&out);
    ambs_table_destroy(t);
    ambs_spec_destroy(spec);
}

static void a_field_with_commas_quotes_and_line_ends_is_quoted(void **state)
{
    (void)state;
    ambs_text out = {0};
    ambs_export_csv_field(&out, "a,\"b\"\nc");
    assert_string_equal(out.text, "\"a,\"\"b\"\"\nc\"");
    ambs_text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_with_commas_quotes_and_line_ends_is_quoted),
        cmocka_unit_test(an_unknown_format_names_the_known_ones_but_not_those_for_tests),
        cmocka_unit_test(every_exporter_is_deterministic_valid_utf8_or_leaves_nothing),
        cmocka_unit_test(csv_holds_every_trial_and_value),
        cmocka_unit_test(deephyper_maximises_marks_failures_and_counts_time_from_the_start),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("analysis/exporter", tests, NULL, NULL);
}
