/* SPDX-License-Identifier: MIT */
/* The program as a user calls it: every refusal of the command line and of files by its exact words
 * and its exit status. AMBS_PROGRAM names the program. Each case runs in an empty folder of its
 * own, with files made by `make`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"

typedef struct run_case {
    const char *make;      /* shell that makes the files; NULL: none */
    const char *arguments; /* after "ambs" */
    int status;
    const char *output; /* standard output and error together, exactly */
} run_case;

#define STUDY                                                                                      \
    "printf 'metric: {name: loss}\\nobjective: {function: branin}\\n"                              \
    "parameters: {x: {min: -5.0, max: 10.0}, y: {min: 0.0, max: 15.0}}\\nbudget: {trials: 3}\\n' " \
    "> s.yaml"
/* A study with one result. */
#define SERVED                                                                                     \
    STUDY "; printf '{\"cmd\":\"ask\"}\\n{\"cmd\":\"tell\",\"id\":0,\"objective\":1}\\n' | "       \
          "\"$AMBS_PROGRAM\" serve s.yaml -o s.h5 >serve.log"
#define CONDITION                                                                                  \
    "printf 'metric: {name: loss}\\nobjective: {function: \"null\"}\\nparameters:\\n  o: "         \
    "{values: [sgd, adam]}\\n"                                                                     \
    "  m: {min: 0.0, max: 1.0, when: {o: sgd}}\\nbudget: {trials: 3}\\n' > s.yaml"

static const run_case cases[] = {
    /* the verb and its options */
    {NULL, "chek", 2,
     "ambs: unknown verb \"chek\": did you mean \"check\"?\n      ambs --help lists the verbs\n"},
    {NULL, "--versoin", 2,
     "ambs: unknown verb \"--versoin\": did you mean \"--version\"?\n      ambs --help lists the "
     "verbs\n"},
    {NULL, "check", 2, "ambs check: expected STUDY.yaml, found nothing: see ambs check --help\n"},
    {NULL, "check a.yaml b.yaml", 2,
     "ambs check: unexpected word \"b.yaml\": see ambs check --help\n"},
    {NULL, "check --outptu x s.yaml", 2,
     "ambs check: unknown option \"--outptu\": did you mean --output? see ambs check --help\n"},
    {NULL, "check s.yaml -o", 2, "ambs check: -o needs a value: -o STUDY.h5\n"},
    {NULL, "status --json=yes s.h5", 2,
     "ambs status: --json takes no value, found \"--json=yes\"\n"},
    {NULL, "check s.yaml --set budget.trials", 2,
     "ambs check: found --set budget.trials, expected KEY=VALUE, as in --set budget.trials=60\n"},
    {NULL, "check s.yaml --seed many", 2,
     "ambs check: found --seed many, expected a whole number from 0\n"},
    {NULL, "trials s.h5 --limit -1", 2,
     "ambs trials: --limit: found \"-1\", expected a value from 0 to 1e+15\n"},
    {NULL, "trials s.h5 --sort best", 2,
     "ambs trials: --sort: found \"best\", expected one of id, objective\n"},
    {NULL, "list surogate", 2,
     "ambs list: found the unknown family \"surogate\" (did you mean surrogate?), expected method, "
     "surrogate, "
     "acquisition, design, objective, trainer, optimizer, exporter or batch\n"},
    /* files that are not there, or no studies */
    {NULL, "check s.yaml", 2, "ambs check: s.yaml: there is no such file; check the path\n"},
    {"mkdir s.yaml", "check s.yaml", 2, "ambs check: s.yaml: found a folder, expected a file\n"},
    {": > s.yaml", "check s.yaml", 2,
     "ambs check: s.yaml: found an empty document, expected a study\n"},
    {NULL, "status s.h5", 2,
     "ambs status: s.h5: there is no such study, neither the file nor its journal\n"},
    {"echo hello > s.h5", "status s.h5", 1,
     "ambs status: s.h5 is no HDF5 file, expected the file that `ambs run` writes, as study.h5\n"},
    {": > s.h5", "status s.h5", 1,
     "ambs status: s.h5 is empty, expected the file that `ambs run` writes, as study.h5\n"},
    {"mkdir s.h5", "best s.h5", 1,
     "ambs best: s.h5 is a folder, expected the file that `ambs run` writes, as study.h5\n"},
    {"echo hello > s.h5", "verify s.h5", 1,
     "s.h5: 0 records, 0 trials, 2 problems\n"
     "s.h5 is no HDF5 file, expected the file that `ambs run` writes, as study.h5\n"
     "the journal s.h5.journal can not be opened: No such file or directory\n"},
    {SERVED "; rm -r s.h5.journal; truncate -s 3000 s.h5", "status s.h5", 1,
     "ambs status: s.h5 is damaged or cut short, HDF5 cannot open it; its journal is not there; "
     "`ambs recover` with -o NEW.h5 saves what it still holds\n"},
    {SERVED, "recover s.h5 -o t.h5", 0,
     "s.h5: 1 trial, 1 of them with results\n"
     "s.h5 was made anew from its journal, which is whole: nothing is lost\n"
     "t.h5 was not written: it is not needed\n"},
    {SERVED, "recover s.h5 -o s.h5", 0,
     "s.h5: 1 trial, 1 of them with results\n"
     "s.h5 was made anew from its journal, which is whole: nothing is lost\n"},
    {STUDY, "run s.yaml -o ''", 2,
     "ambs run: found an empty name for the study file, expected one as in -o study.h5\n"},
    {SERVED "; rm -r s.h5.journal", "recover s.h5 -o t.h5", 0,
     "t.h5: 1 trial, 1 of them with results\n"
     "the journal: the journal s.h5.journal can not be opened: No such file or directory\n"},
    {SERVED, "merge s.h5 s.h5 -o t.h5", 0,
     "t.h5: 1 result of 2 studies\nleft out: 1 of configurations that had come before\n"},
    {SERVED
     "; sed 's/max: 15/max: 16/; s/ y:/ z:/' s.yaml > t.yaml; \"$AMBS_PROGRAM\" serve t.yaml "
     "-o t.h5 </dev/null",
     "merge s.h5 t.h5 -o new.h5", 2,
     "ambs merge: the spaces differ: parameters.y: float 0 to 15, linear in s.h5, absent in t.h5\n"
     "parameters.z: absent in s.h5, float 0 to 16, linear in t.h5\n"},
    {SERVED
     "; sed 's/loss/error/' s.yaml > t.yaml; \"$AMBS_PROGRAM\" serve t.yaml -o t.h5 </dev/null",
     "merge s.h5 t.h5 -o new.h5", 2,
     "ambs merge: metric: minimize loss in s.h5, minimize error in t.h5\n"},
    {SERVED, "serve s.yaml -o s.h5 --resume --seed 3 --set metric.goal=maximize", 2,
     "ambs serve: s.h5 can not be resumed with another study (change it back, or begin a new one "
     "by "
     "-o): seed: 0 in the study, 3 in the file\n"
     "metric.goal: minimize in the study, maximize in the file\n"},
    {SERVED, "run s.yaml", 2,
     "ambs run: found the study s.h5 already there; go on with it by --resume, or name another "
     "file by -o\n"},
    {STUDY, "serve s.yaml -o .", 2,
     "ambs serve: . is a folder, expected the name of a file for the study, as in -o study.h5\n"},
    {NULL, "export s.h5 --format xls", 2,
     "ambs export: s.h5: there is no such study, neither the file nor its journal\n"},
    {STUDY, "export s.yaml", 1,
     "ambs export: s.yaml is no HDF5 file, expected the file that `ambs run` writes, as "
     "study.h5\n"},
    /* all that is wrong in one go */
    {"printf 'objective: {function: branim, delay: 1s, nois: 1}\nparameters: {x: {min: 0.0, max: "
     "1.0}}\nconstraints: [\"x < z\"]\nbudget: {trials: 0}\n' > s.yaml",
     "check s.yaml", 2,
     "ambs check: s.yaml:1:23: objective: unknown test function \"branim\": did you mean "
     "\"branin\"? known functions: ackley, beale, booth, branin, dixon_price, goldstein_price, "
     "griewank, hartmann3, hartmann6, jenatton, levy, michalewicz, mixed_ackley, "
     "mixed_rosenbrock, null, rastrigin, rosenbrock, schwefel, shekel, six_hump_camel, sphere, "
     "styblinski_tang, zakharov\n"
     "s.yaml:1:42: objective: unknown option \"nois\": did you mean \"noise\"? known options: "
     "function, delay, noise, failure_rate\n"
     "s.yaml:3:15: constraint: column 5: unknown name \"z\"; known: x\n"
     "s.yaml:4:18: trials: found \"0\", expected a value from 1 to 9007199254740992\n"},
    /* deadlines and batch jobs */
    {STUDY, "run s.yaml --time 5", 2,
     "ambs run: --time: found \"5\", expected a time with its unit (d, h, m, s, ms), as in \"90s\" "
     "or \"1h30m\": a "
     "number alone does not say which\n"},
    {STUDY, "run s.yaml --time 0s", 2,
     "ambs run: --time: found \"0s\", expected a value of at least 1s\n"},
    {STUDY, "run s.yaml --on-deadline requeu", 2,
     "ambs run: --on-deadline: found \"requeu\", expected one of study, stop, requeue, resubmit; "
     "did "
     "you mean \"requeue\"?\n"},
    {NULL, "batch requeue slrum 12", 2,
     "ambs batch: found the unknown batch system \"slrum\": did you mean slurm? expected one of "
     "slurm, pbs, sge, lsf\n"},
    {NULL, "batch requeue none 12", 2, "ambs batch: none has no command to requeue a job\n"},
    {NULL, "batch requeue slurm", 2, "ambs batch: expected the batch system and the job's id\n"},
    {NULL, "batch resubmit 'echo no such partition >&2; exit 3'", 1,
     "ambs batch: /bin/sh ended with status 3: no such partition\n"},
    {NULL, "batch resubmit", 2, "ambs batch: expected the command line that submits the job\n"},
    {NULL, "submit", 2,
     "ambs submit: expected STUDY.yaml [-- OPTIONS OF ambs run], found nothing: see ambs submit "
     "--help\n"},
    {STUDY, "submit s.yaml --scheduler slrum", 2,
     "ambs submit: found the unknown batch system \"slrum\": did you mean slurm? expected one of "
     "slurm, pbs, sge, lsf\n"},
    {STUDY, "submit s.yaml --scheduler flux", 2,
     "ambs submit: there is no job script for flux, expected slurm, pbs, sge or lsf\n"},
    {STUDY, "submit s.yaml --scheduler sge --cores 4", 2,
     "ambs submit: sge.qsub: --cores cannot be said to Grid Engine, which counts slots, which "
     "--nodes gives\n"},
    {STUDY, "submit s.yaml --scheduler slurm --time 5", 2,
     "ambs submit: --time: found \"5\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or \"1h30m\": a number alone does not say which\n"},
    {STUDY, "submit s.yaml --scheduler slurm --time 30s", 2,
     "ambs submit: --time: found \"30s\", expected a value of at least 60s\n"},
    {STUDY, "submit s.yaml --scheduler slurm --nodes -1", 2,
     "ambs submit: --nodes: found \"-1\", expected a value from 0 to 1000000\n"},
    {STUDY, "submit s.yaml --scheduler slurm --template none", 2,
     "ambs submit: none: there is no such file\n"},
    {STUDY, "submit s.yaml --scheduler slurm --template s.yaml", 1,
     "ambs submit: s.yaml: found no line that begins with \"#SBATCH \", expected the directives of "
     "a job script\n"},
    {STUDY, "submit s.yaml --scheduler slurm --successors 2 --on-deadline requeue", 2,
     "ambs submit: found --successors with on_deadline: requeue, by which the job would go on "
     "twice: choose one of the two\n"},
    {NULL, "submit s.yaml --scheduler slurm", 2,
     "ambs submit: s.yaml: there is no such file; check the path\n"},
    {STUDY "; echo 'objective: {functoin: branin}' >> s.yaml", "submit s.yaml --scheduler slurm", 2,
     "ambs submit: s.yaml:5:1: found the key \"objective\" again, the first is in line 2; remove "
     "one\n"},
    {STUDY "; printf '#!/bin/sh\\necho sbatch: error: invalid partition specified: gpux >&2\\n"
           "exit 1\\n' > sbatch; chmod +x sbatch; PATH=$PWD:$PATH",
     "submit s.yaml --scheduler slurm --partition gpux", 1,
     "ambs submit: the job was refused: sbatch ended with status 1: sbatch: error: invalid "
     "partition specified: gpux\n"},
    {STUDY "; printf '#!/bin/sh\\necho queued\\n' > sbatch; chmod +x sbatch; PATH=$PWD:$PATH",
     "submit s.yaml --scheduler slurm", 1,
     "ambs submit: sbatch answered \"queued\", expected the job's id\n"},
    {NULL, "batch aks", 2, "ambs batch: found \"aks\", expected ask, requeue or resubmit\n"},
    /* one trial */
    {STUDY, "try s.yaml x", 2,
     "ambs try: found \"x\", expected NAME=VALUE, as in learning_rate=0.01\n"},
    {STUDY, "try s.yaml xx=1", 2,
     "ambs try: the study has no parameter \"xx\"; did you mean \"x\"?\n"},
    {STUDY, "try s.yaml rate=1", 2, "ambs try: the study has no parameter \"rate\"; known: x, y\n"},
    {STUDY, "try s.yaml x=far", 2,
     "ambs try: parameter \"x\": found \"far\", expected a number from -5 to 10\n"},
    {STUDY, "try s.yaml x=11", 2, "ambs try: parameter \"x\": 11 is outside -5 to 10\n"},
    {CONDITION, "try s.yaml o=adam m=0.5", 2,
     "ambs try: m is inactive in this configuration: it applies only when o == sgd\n"},
    /* serving */
    {STUDY, "serve s.yaml --resume", 2,
     "ambs serve: --resume needs -o STUDY.h5, the study to go on with\n"},
    {NULL, "serve - --seed 3", 2,
     "ambs serve: --set and --seed need a study file; with - they belong into the init command\n"},
};

static char *run(const run_case *c, int *ret_status)
{
    static char output[65536];
    char folder[] = "/tmp/ambs-program-XXXXXX", command[4096];
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cd %s && %s; \"$AMBS_PROGRAM\" %s </dev/null 2>&1; s=$?; cd / && rm -r %s; exit $s",
             folder, c->make != NULL ? c->make : ":", c->arguments, folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = '\0';
    int status = pclose(pipe);
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
}

static void refusals_have_their_words_and_their_status(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status;
        bool served = cases[i].make && strstr(cases[i].make, " serve ");
        if (served && !AMBS_HAVE_JANSSON) continue; /* it cannot be made */
        const char *output = run(&cases[i], &status);
        if (status == cases[i].status && strcmp(output, cases[i].output) == 0) continue;
        wrong++;
        print_error("ambs %s\n  expected %d: %s  found %d: %s", cases[i].arguments, cases[i].status,
                    cases[i].output, status, output);
    }
    assert_int_equal(wrong, 0);
}

static void help_and_version_are_no_errors(void **state)
{
    (void)state;
    int status;
    const char *output = run(&(run_case){.arguments = "--help"}, &status);
    assert_int_equal(status, 0);
    assert_non_null(strstr(output, "check "));
    output = run(&(run_case){.arguments = "trials --help"}, &status);
    assert_int_equal(status, 0);
    assert_non_null(strstr(output, "--sort"));
    static const char *const spellings[] = {"--version", "-V", "version"};
    for (size_t i = 0; i < 3; i++) {
        output = run(&(run_case){.arguments = spellings[i]}, &status);
        assert_int_equal(status, 0);
        assert_int_equal(strncmp(output, "ambs 0.", 7), 0);
    }
}

int main(void)
{
    if (getenv("AMBS_PROGRAM") == NULL) {
        puts("1..0 # SKIP not built, or not here");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_have_their_words_and_their_status),
        cmocka_unit_test(help_and_version_are_no_errors),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
