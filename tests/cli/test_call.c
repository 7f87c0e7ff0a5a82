/* SPDX-License-Identifier: MIT */
/* The words after the verb: options, flags, settings, operands, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

typedef struct options {
    char *output;
    long long workers;
    bool quiet;
} options;

static const ambs_cli_option table[] = {
    {.option = {.name = "output", .type = AMBS_OPTION_STRING, .offset = offsetof(options, output)},
     .letter = 'o',
     .value = "STUDY.h5"},
    {.option = {.name = "workers",
                .type = AMBS_OPTION_INT,
                .offset = offsetof(options, workers),
                .initial = "0",
                .min = 0,
                .max = 1e6},
     .letter = 'j',
     .value = "WORKERS"},
    {.option = {.name = "quiet", .type = AMBS_OPTION_BOOL, .offset = offsetof(options, quiet)}},
    {.option = {.name = NULL}},
};

static const ambs_command command = {.name = "run",
                                     .operands = "STUDY.yaml",
                                     .min_operands = 1,
                                     .max_operands = 1,
                                     .options = table,
                                     .options_size = sizeof(options),
                                     .takes_settings = true};

static ambs_call call;
static ambs_error err;

static int parse(const char *const *words)
{
    static char copies[16][64];
    static char *argv[16];
    int argc = 2;
    argv[0] = strcpy(copies[0], "ambs");
    argv[1] = strcpy(copies[1], "run");
    for (; *words; words++, argc++) argv[argc] = strcpy(copies[argc], *words);
    return ambs_call_parse(&command, argc, argv, &call, &err);
}
#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void options_are_read_in_every_spelling(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-o", "a.h5", "s.yaml", "-j8", "--quiet"), AMBS_OK);
    const options *o = call.options;
    assert_string_equal(o->output, "a.h5");
    assert_int_equal(o->workers, 8);
    assert_true(o->quiet);
    assert_int_equal(call.n_operands, 1);
    assert_string_equal(call.operands[0], "s.yaml");
    ambs_call_fini(&call);
    assert_int_equal(PARSE("--output=b.h5", "--workers", "2", "--", "-x"), AMBS_OK);
    o = call.options;
    assert_string_equal(o->output, "b.h5");
    assert_int_equal(o->workers, 2);
    assert_string_equal(call.operands[0], "-x");
    ambs_call_fini(&call);
}

static void settings_keep_their_order_and_the_seed_is_one(void **state)
{
    (void)state;
    assert_int_equal(PARSE("s.yaml", "--set", "a.b=1=2", "--seed", "9", "--set=c="), AMBS_OK);
    assert_int_equal(call.n_settings, 3);
    assert_string_equal(call.settings[0].path, "a.b");
    assert_string_equal(call.settings[0].value, "1=2");
    assert_string_equal(call.settings[1].path, "study.seed");
    assert_string_equal(call.settings[1].value, "9");
    assert_string_equal(call.settings[2].value, "");
    ambs_call_fini(&call);
}

static void refuse(const char *const *words, const char *text)
{
    assert_int_equal(parse(words), AMBS_E_INVALID);
    assert_string_equal(err.text, text);
    ambs_call_fini(&call);
}
#define REFUSE(text, ...) refuse((const char *const[]){__VA_ARGS__, NULL}, text)

static void wrong_words_are_refused_with_the_remedy(void **state)
{
    (void)state;
    refuse((const char *const[]){NULL}, "expected STUDY.yaml, found nothing: see ambs run --help");
    REFUSE("unexpected word \"b\": see ambs run --help", "a", "b");
    REFUSE("unknown option \"--quite\": did you mean --quiet? see ambs run --help", "a", "--quite");
    REFUSE("unknown option \"-x\": see ambs run --help", "a", "-x");
    REFUSE("-o needs a value: -o STUDY.h5", "a", "-o");
    REFUSE("--quiet takes no value, found \"--quiet=1\"", "a", "--quiet=1");
    REFUSE("found --set x, expected KEY=VALUE, as in --set budget.trials=60", "a", "--set", "x");
    REFUSE("found --seed -1, expected a whole number from 0", "a", "--seed", "-1");
}

static void help_shows_every_option(void **state)
{
    (void)state;
    ambs_text text = {0};
    ambs_command_usage(&command, &text);
    assert_string_equal(text.text, "ambs run STUDY.yaml [-o STUDY.h5] [-j WORKERS] [--quiet] "
                                   "[--seed N] [--set KEY=VALUE]…");
    ambs_text_fini(&text);
}

/* Columns of the widest line. */
static size_t width_of(const char *text)
{
    size_t widest = 0, columns = 0;
    for (; *text; text++) {
        columns = *text == '\n' ? 0 : columns + (((unsigned char)*text & 0xC0) != 0x80);
        if (columns > widest) widest = columns;
    }
    return widest;
}

static void help_is_no_wider_than_a_screen(void **state)
{
    (void)state;
    static const ambs_cli_option long_options[] = {
        {{"a-name-that-takes-the-line-for-itself", AMBS_OPTION_INT, 0, "0", 0, 9,
          .help = "one word after another word after another word after another word after "
                  "another word"},
         .value = "N"},
        {{NULL}}};
    ambs_command wordy = {
        .name = "say",
        .operands = "FILE.yaml",
        .summary = "Say it",
        .details = "  {\"as\":1}   as it is\n"
                   "Words that are many, so many that they reach beyond what a screen of a hundred "
                   "columns has room for, … and on.",
        .options = long_options};
    ambs_text text = {0};
    ambs_command_help(&wordy, &text);
    assert_string_equal(text.text,
                        "usage: ambs say FILE.yaml [--a-name-that-takes-the-line-for-itself N]\n\n"
                        "Say it\n\n"
                        "  {\"as\":1}   as it is\n"
                        "Words that are many, so many that they reach beyond what a screen of a "
                        "hundred columns has "
                        "room for,\n… and on.\n\n"
                        "      --a-name-that-takes-the-line-for-itself N\n"
                        "                               one word after another word after another "
                        "word after another "
                        "word\n"
                        "                               after another word (default: 0)\n"
                        "  -h, --help                   this text\n");
    assert_true(width_of(text.text) <= 100);
    ambs_text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_every_spelling),
        cmocka_unit_test(settings_keep_their_order_and_the_seed_is_one),
        cmocka_unit_test(wrong_words_are_refused_with_the_remedy),
        cmocka_unit_test(help_shows_every_option),
        cmocka_unit_test(help_is_no_wider_than_a_screen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cli/call", tests, NULL, NULL);
}
