/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "study/yaml.h"

typedef struct parsed {
    ambs_yaml document;
    ambs_findings *findings;
    ambs_yaml_node *root;
} parsed;

static parsed parse(const char *text)
{
    parsed p = {.findings = ambs_findings_create("f.yaml", NULL)};
    assert_non_null(p.findings);
    p.root = ambs_yaml_parse(&p.document, text, strlen(text), NULL, p.findings);
    return p;
}

static void fini(parsed *p)
{
    ambs_yaml_fini(&p->document);
    free(p->findings);
}

static void scalars_follow_yaml_1_2(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ambs_yaml_kind kind;
        double number;
    } table[] = {
        {"1", AMBS_YAML_INT, 1},
        {"-7", AMBS_YAML_INT, -7},
        {"+7", AMBS_YAML_INT, 7},
        {"010", AMBS_YAML_INT, 10},
        {"1.0", AMBS_YAML_FLOAT, 1},
        {"1.", AMBS_YAML_FLOAT, 1},
        {".5", AMBS_YAML_FLOAT, 0.5},
        {"1e-4", AMBS_YAML_FLOAT, 1e-4},
        {"1E+4", AMBS_YAML_FLOAT, 1e4},
        {"-1.5e3", AMBS_YAML_FLOAT, -1500},
        {"1e400", AMBS_YAML_STRING, NAN},
        {".", AMBS_YAML_STRING, NAN},
        {"1e", AMBS_YAML_STRING, NAN},
        {"1_000", AMBS_YAML_STRING, NAN},
        {"0x1f", AMBS_YAML_STRING, NAN},
        {"1:30", AMBS_YAML_STRING, NAN},
        {".inf", AMBS_YAML_STRING, NAN},
        {".nan", AMBS_YAML_STRING, NAN},
        {"+", AMBS_YAML_STRING, NAN},
        {"true", AMBS_YAML_BOOL, 1},
        {"False", AMBS_YAML_BOOL, 0},
        {"tRue", AMBS_YAML_STRING, NAN},
        {"yes", AMBS_YAML_SWITCH, NAN},
        {"Off", AMBS_YAML_SWITCH, NAN},
        {"y", AMBS_YAML_STRING, NAN},
        {"n", AMBS_YAML_STRING, NAN},
        {"~", AMBS_YAML_NULL, NAN},
        {"null", AMBS_YAML_NULL, NAN},
        {"'1'", AMBS_YAML_STRING, NAN},
        {"\"no\"", AMBS_YAML_STRING, NAN},
        {"!!str 1", AMBS_YAML_STRING, NAN},
        {"2021-01-01", AMBS_YAML_STRING, NAN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        parsed p = parse(table[i].text);
        assert_non_null(p.root);
        if (p.root->kind != table[i].kind)
            fail_msg("%s is of kind %d", table[i].text, (int)p.root->kind);
        assert_true(isnan(table[i].number) ? isnan(p.root->number)
                                           : p.root->number == table[i].number);
        assert_int_equal(p.findings->n, 0);
        fini(&p);
    }
}

static void every_node_knows_its_line_and_column(void **state)
{
    (void)state;
    parsed p = parse("a: 1\nlonger:\n  - x\n  - {k: v}\n\"\xc3\xa9t\xc3\xa9\": [1, 22]\n");
    const ambs_yaml_node *list = ambs_yaml_get(p.root, "longer"),
                         *last = ambs_yaml_get(p.root, "\xc3\xa9t\xc3\xa9");
    assert_int_equal(ambs_yaml_key(p.root, "longer")->place.line, 2);
    assert_int_equal(ambs_yaml_key(p.root, "longer")->place.column, 1);
    assert_int_equal(list->items[0]->place.line, 3);
    assert_int_equal(list->items[0]->place.column, 5);
    assert_int_equal(ambs_yaml_get(list->items[1], "k")->place.column, 9);
    assert_int_equal(last->place.column, 8); /* characters, not bytes */
    assert_int_equal(last->items[1]->place.column, 12);
    fini(&p);
}

static void an_alias_shares_its_node_and_counts_fully(void **state)
{
    (void)state;
    parsed p = parse("a: &x [1, 2]\nb: *x\nc: [*x, *x]\n");
    assert_ptr_equal(ambs_yaml_get(p.root, "a"), ambs_yaml_get(p.root, "b"));
    assert_int_equal(ambs_yaml_get(p.root, "a")->weight, 3);
    assert_int_equal(ambs_yaml_get(p.root, "c")->weight, 7);
    assert_int_equal(ambs_yaml_get(p.root, "c")->depth, 3);
    fini(&p);
}

static void absent_keys_and_other_nodes_give_nothing(void **state)
{
    (void)state;
    parsed p = parse("a: [1]\n");
    assert_null(ambs_yaml_get(p.root, "b"));
    assert_null(ambs_yaml_get(ambs_yaml_get(p.root, "a"), "b"));
    assert_null(ambs_yaml_get(NULL, "b"));
    assert_null(ambs_yaml_key(NULL, "b"));
    fini(&p);
}

static void the_same_finding_at_the_same_place_is_kept_once(void **state)
{
    (void)state;
    ambs_error err = {0};
    ambs_findings *f = ambs_findings_create("f.yaml", &err);
    assert_int_equal(ambs_findings_report(f, &err), AMBS_OK);
    ambs_finding_add(f, (ambs_place){.line = 2, .column = 1}, "b");
    ambs_finding_add(f, (ambs_place){.line = 1, .column = 9}, "a");
    ambs_finding_add(f, (ambs_place){.line = 2, .column = 1}, "b");
    ambs_finding_add(f, (ambs_place){.file = "--set x"}, "c");
    assert_int_equal(ambs_findings_report(f, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "f.yaml:1:9: a\nf.yaml:2:1: b\n--set x: c");
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_follow_yaml_1_2),
        cmocka_unit_test(every_node_knows_its_line_and_column),
        cmocka_unit_test(an_alias_shares_its_node_and_counts_fully),
        cmocka_unit_test(absent_keys_and_other_nodes_give_nothing),
        cmocka_unit_test(the_same_finding_at_the_same_place_is_kept_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("YAML", tests, NULL, NULL);
}
