/* SPDX-License-Identifier: MIT */
/* Batch systems: jobs found in environments, the time left read from recorded answers (Slurm
 * 22.05.8 and Grid Engine 8.1.9 recorded here; OpenPBS, Torque, LSF and Flux as their manuals and
 * published listings show them) and from damaged ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cluster/batch.h"

static const ambs_batch_ops *batch(const char *name)
{
    const ambs_batch_ops *ops = NULL;
    ambs_error err;
    assert_int_equal(ambs_batch_find(name, &ops, &err), AMBS_OK);
    return ops;
}

/* Seconds left as question `q` reads them; the error's code where it does not. */
static double ask(const char *name, size_t q, const char *answer, const char *id, double wall_s,
                  ambs_error *err)
{
    double left = -1;
    const ambs_batch_question *question = &batch(name)->questions[q];
    int rc = question->read(answer, id, wall_s, &left, err);
    if (rc != AMBS_OK) assert_true(left == -1); /* written on success only */
    return rc == AMBS_OK ? left : rc;
}

static void assert_left(const char *name, size_t q, const char *answer, double expected)
{
    ambs_error err = {0};
    double left = ask(name, q, answer, "12", 0, &err);
    if (left != expected) fail_msg("%s \"%s\": %g s (%s)", name, answer, left, err.text);
}

static void assert_refused(const char *name, size_t q, const char *answer, int code,
                           const char *text)
{
    ambs_error err = {0};
    assert_true(ask(name, q, answer, "12", 0, &err) == code);
    if (!strstr(err.text, text)) fail_msg("%s \"%s\": %s", name, answer, err.text);
}

/* --- finding a job ----------------------------------------------------------------------------- */

#define ENVIRONMENT(...) AMBS_BATCH_WORDS(__VA_ARGS__)

static void assert_job(const char *const *environment, const char *name, const char *id)
{
    ambs_batch_job job = ambs_batch_find_job(environment);
    assert_string_equal(job.ops->member.name, name);
    assert_string_equal(job.id, id);
}

static void no_job_is_found_in_an_empty_environment(void **state)
{
    (void)state;
    char text[96];
    const char *const nothing[] = {NULL};
    assert_job(nothing, "none", "");
    ambs_batch_job job = ambs_batch_find_job(nothing);
    assert_string_equal(ambs_batch_job_text(&job, text), "no batch job");
    assert_job(ENVIRONMENT("HOME=/root", "SLURM_CONF=/etc/slurm.conf", "SLURM_JOB_ID="), "none",
               "");
    assert_job(ENVIRONMENT("JOB_ID=12"), "none", ""); /* anybody's variable */
    assert_job(ENVIRONMENT("SLURM_JOB_ID=1 2"), "none", "");
}

static void every_system_finds_its_job(void **state)
{
    (void)state;
    char text[96];
    assert_job(ENVIRONMENT("A=b", "SLURM_JOB_ID=42"), "slurm", "42");
    assert_job(ENVIRONMENT("PBS_JOBID=12.head.site.org"), "pbs", "12.head.site.org");
    assert_job(ENVIRONMENT("PBS_JOBID=12[3].head"), "pbs", "12[3].head");
    assert_job(ENVIRONMENT("SGE_ROOT=/sge", "JOB_ID=7", "SGE_TASK_ID=undefined"), "sge", "7");
    assert_job(ENVIRONMENT("SGE_ROOT=/sge", "JOB_ID=7", "SGE_TASK_ID=2"), "sge", "7.2");
    assert_job(ENVIRONMENT("LSB_JOBID=99", "LSB_JOBINDEX=0"), "lsf", "99");
    assert_job(ENVIRONMENT("LSB_JOBID=99", "LSB_JOBINDEX=3"), "lsf", "99[3]");
    assert_job(ENVIRONMENT("FLUX_JOB_ID=ƒ2oLyw3d"), "flux", "ƒ2oLyw3d");
    ambs_batch_job job = ambs_batch_find_job(ENVIRONMENT("SLURM_JOB_ID=42"));
    assert_string_equal(ambs_batch_job_text(&job, text), "slurm job 42");
}

static void an_unknown_system_is_refused_with_those_that_can_be_submitted_to(void **state)
{
    (void)state;
    const ambs_batch_ops *ops;
    ambs_error err;
    assert_int_equal(ambs_batch_find("slrum", &ops, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "found the unknown batch system \"slrum\": did you mean slurm? "
                                  "expected one of slurm, pbs, sge, lsf");
}

static void the_environment_tells_the_end_and_the_size(void **state)
{
    (void)state;
    uint32_t nodes, ranks;
    const ambs_batch_ops *slurm = batch("slurm");
    assert_true(isnan(slurm->end_s(ENVIRONMENT("SLURM_JOB_ID=1"))));
    assert_true(isnan(slurm->end_s(ENVIRONMENT("SLURM_JOB_END_TIME=soon"))));
    assert_true(slurm->end_s(ENVIRONMENT("SLURM_JOB_END_TIME=1763712000")) == 1763712000);
    assert_false(slurm->size(ENVIRONMENT("SLURM_JOB_ID=1"), &nodes, &ranks));
    assert_true(slurm->size(ENVIRONMENT("SLURM_JOB_NUM_NODES=4"), &nodes, &ranks));
    assert_true(nodes == 4 && ranks == 4);
    assert_true(
        slurm->size(ENVIRONMENT("SLURM_JOB_NUM_NODES=2", "SLURM_NTASKS=64"), &nodes, &ranks));
    assert_true(nodes == 2 && ranks == 64);
    assert_true(batch("sge")->size(ENVIRONMENT("NHOSTS=2", "NSLOTS=8"), &nodes, &ranks));
    assert_true(nodes == 2 && ranks == 8);
    assert_true(batch("lsf")->size(ENVIRONMENT("LSB_DJOB_NUMPROC=8", "LSB_MCPU_HOSTS=h1 4 h2 4"),
                                   &nodes, &ranks));
    assert_true(nodes == 2 && ranks == 8);
    assert_false(batch("pbs")->size(ENVIRONMENT("PBS_NP=x"), &nodes, &ranks));
}

/* --- spans and dates --------------------------------------------------------------------------- */

static void spans_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds; /* -1: refused */
    } cases[] = {{"", -1},          {"0", 0},
                 {"59", 59},        {"1:00", 60},
                 {"0:00", 0},       {"59:30", 3570},
                 {"1:02:03", 3723}, {"1-02:03:04", 93784},
                 {"2-0", 172800},   {"100:00:00", 360000},
                 {":", -1},         {"1:", -1},
                 {"-1:00", -1},     {"1-", -1},
                 {"1:2:3:4", -1},   {"1 2", -1},
                 {"12a", -1},       {"99999999999", -1},
                 {"1-1-1", -1},     {"UNLIMITED", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seconds = -1;
        if (!ambs_batch_parse_span(cases[i].text, strlen(cases[i].text), &seconds)) seconds = -1;
        if (seconds != cases[i].seconds) fail_msg("\"%s\": %g", cases[i].text, seconds);
    }
    char text[40];
    assert_string_equal(ambs_batch_format_span(0, true, text), "00:00:00");
    assert_string_equal(ambs_batch_format_span(93784, true, text), "1-02:03:04");
    assert_string_equal(ambs_batch_format_span(93784, false, text), "26:03:04");
    assert_string_equal(ambs_batch_format_span(59.2, true, text), "00:01:00");
}

static void dates_are_read_in_the_time_zone_of_the_host(void **state)
{
    (void)state;
    double wall;
    setenv("TZ", "UTC", 1);
    tzset();
    assert_true(ambs_batch_parse_date("Sat Nov 21 04:00:00 2026", &wall) && wall == 1795233600);
    assert_true(ambs_batch_parse_date("Wed Apr  1 23:34:19 2026", &wall) && wall == 1775086459);
    setenv("TZ", "CET-1", 1);
    tzset();
    assert_true(ambs_batch_parse_date("Sat Nov 21 05:00:00 2026", &wall) && wall == 1795233600);
    setenv("TZ", "UTC", 1);
    tzset();
    assert_false(ambs_batch_parse_date("", &wall));
    assert_false(ambs_batch_parse_date("Sat Nvo 21 04:00:00 2026", &wall));
    assert_false(ambs_batch_parse_date("2026-11-21T04:00:00", &wall));
}

/* --- answers ----------------------------------------------------------------------------------- */

static void slurm_tells_by_squeue(void **state)
{
    (void)state;
    assert_left("slurm", 0, "4:59\n", 299);
    assert_left("slurm", 0, "1-02:03:04\n", 93784);
    assert_left("slurm", 0, "UNLIMITED\n", INFINITY);
    assert_left("slurm", 0, "INVALID\n", 0);
    assert_left("slurm", 0, "10:00\n9:00\nUNLIMITED\n", 540); /* a job of several parts */
    assert_left("slurm", 0, "\n\n0:01\n", 1);
    assert_refused("slurm", 0, "", AMBS_E_NOT_FOUND, "squeue does not know job 12");
    assert_refused("slurm", 0, "slurm_load_jobs error: Invalid job id specified\n", AMBS_E_FORMAT,
                   "squeue answered \"slurm_load_jobs\"");
    assert_refused("slurm", 0, "N/A\n", AMBS_E_FORMAT, "\"N/A\"");
}

static const char scontrol_answer[] =
    "JobId=12 JobName=ambs UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901759 Nice=0 "
    "Account=(null) QOS=(null) JobState=RUNNING Reason=None Dependency=(null) Requeue=1 Restarts=0 "
    "BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:01:40 TimeLimit=00:05:00 TimeMin=N/A "
    "SubmitTime=2026-11-21T04:18:12 EligibleTime=2026-11-21T04:18:12 "
    "StartTime=2026-11-21T04:18:12 EndTime=2026-11-21T04:23:12 Deadline=N/A\n";

static void slurm_tells_by_scontrol(void **state)
{
    (void)state;
    assert_left("slurm", 1, scontrol_answer, 200);
    assert_left("slurm", 1, "JobId=1 RunTime=1-00:00:00 TimeLimit=UNLIMITED TimeMin=N/A", INFINITY);
    assert_left("slurm", 1, "JobId=1 RunTime=00:06:00 TimeLimit=00:05:00", 0);
    assert_refused("slurm", 1, "", AMBS_E_FORMAT, "expected RunTime and TimeLimit");
    assert_refused("slurm", 1, "slurm_load_jobs error: Invalid job id specified", AMBS_E_FORMAT,
                   "Invalid job id");
    assert_refused("slurm", 1, "JobId=1 RunTime=INVALID TimeLimit=00:05:00", AMBS_E_FORMAT,
                   "RunTime=INVALID");
}

static const char pbs_json[] =
    "{\n    \"timestamp\":1795234200,\n    \"pbs_version\":\"23.06.06\",\n    "
    "\"pbs_server\":\"head\",\n"
    "    \"Jobs\":{\n        \"12.head\":{\n            \"Job_Name\":\"ambs\",\n"
    "            \"resources_used\":{\n                \"cpupercent\":0,\n"
    "                \"walltime\":\"00:09:58\"\n            },\n            \"job_state\":\"R\",\n"
    "            \"queue\":\"workq\",\n            \"ctime\":\"Sat Nov 21 03:59:58 2026\",\n"
    "            \"Rerunable\":\"True\",\n            \"Resource_List\":{\n                "
    "\"ncpus\":8,\n"
    "                \"nodect\":2,\n                \"place\":\"free\",\n"
    "                \"select\":\"2:ncpus=4\",\n                \"walltime\":\"01:00:00\"\n"
    "            },\n            \"stime\":\"Sat Nov 21 04:00:00 2026\",\n"
    "            \"Variable_List\":{\n                \"PBS_O_HOME\":\"/home/me\",\n"
    "                \"walltime\":\"never\"\n            },\n"
    "            \"etime\":\"Sat Nov 21 03:59:58 2026\"\n        }\n    }\n}\n";

static void pbs_tells_by_json(void **state)
{
    (void)state;
    assert_left("pbs", 0, pbs_json, 3000); /* by its own clock */
    assert_left(
        "pbs", 0,
        "{\"timestamp\":1,\"Jobs\":{\"12\":{\"stime\":\"x\",\"Resource_List\":{\"ncpus\":1}}}}",
        INFINITY);
    assert_refused("pbs", 0, "", AMBS_E_FORMAT, "expected JSON with Jobs");
    assert_refused("pbs", 0, "qstat: Unknown Job Id 12.head\n", AMBS_E_FORMAT, "Unknown Job Id");
    assert_refused("pbs", 0, "{\"timestamp\":1,\"Jobs\":{}}", AMBS_E_NOT_FOUND, "job 12");
    assert_refused("pbs", 0, "{\"Jobs\":{\"12\":{\"Resource_List\":{\"walltime\":\"01:00:00\"}}}}",
                   AMBS_E_FORMAT, "without the start");
    assert_refused("pbs", 0,
                   "{\"Jobs\":{\"12\":{\"stime\":\"yesterday\",\"Resource_List\":{\"walltime\":"
                   "\"01:00:00\"}}}}",
                   AMBS_E_FORMAT, "stime \"yesterday\"");
    assert_refused("pbs", 0,
                   "{\"Jobs\":{\"12\":{\"stime\":\"Sat Nov 21 04:00:00 2026\",\"Resource_List\":{"
                   "\"walltime\":\"long\"}}}}",
                   AMBS_E_FORMAT, "walltime \"long\"");
}

static void pbs_tells_by_text(void **state)
{
    (void)state;
    ambs_error err;
    static const char text[] = "Job Id: 12.head\n    Job_Name = ambs\n    job_state = R\n"
                               "    Resource_List.walltime = 01:00:00\n"
                               "    stime = Sat Nov 21 04:00:00 2026\n";
    assert_true(ask("pbs", 1, text, "12", 1795234200, &err) == 3000);
    assert_true(ask("pbs", 1, text, "12", 1795300000, &err) == 0); /* over */
    assert_left("pbs", 1,
                "Job Id: 12.head\n    job_state = R\n    Resource_List.walltime = 01:00:00\n"
                "    Walltime.Remaining = 1234\n",
                1234);
    assert_left("pbs", 1, "Job Id: 12\n    job_state = R\n", INFINITY);
    assert_refused("pbs", 1, "qstat: Unknown Job Id 12\n", AMBS_E_FORMAT, "Unknown Job Id");
}

static const char sge_xml[] =
    "<?xml version='1.0'?>\n<job_info  xmlns:xsd=\"http://arc.liv.ac.uk/qstat.xsd\">\n"
    "  <queue_info>\n    <job_list state=\"running\">\n      <JB_job_number>1</JB_job_number>\n"
    "      <JAT_prio>0.50000</JAT_prio>\n      <JB_name>j.sh</JB_name>\n"
    "      <JAT_start_time>2026-11-21T04:00:00</JAT_start_time>\n      <slots>2</slots>\n"
    "      <hard_request name=\"h_rt\" resource_contribution=\"0.000000\">100</hard_request>\n"
    "      <hard_request name=\"s_rt\" resource_contribution=\"0.000000\">90</hard_request>\n"
    "    </job_list>\n    <job_list state=\"running\">\n      <JB_job_number>12</JB_job_number>\n"
    "      <JAT_start_time>2026-11-21T04:00:00</JAT_start_time>\n"
    "      <hard_request name=\"h_rt\" resource_contribution=\"0.000000\">1:00:00</hard_request>\n"
    "    </job_list>\n    <job_list state=\"running\">\n      <JB_job_number>13</JB_job_number>\n"
    "      <JAT_start_time>2026-11-21T04:00:00</JAT_start_time>\n      <tasks>2</tasks>\n"
    "    </job_list>\n  </queue_info>\n  <job_info>\n  </job_info>\n</job_info>\n";

static void grid_engine_tells_by_xml(void **state)
{
    (void)state;
    ambs_error err;
    double now = 1795233610;
    assert_true(ask("sge", 0, sge_xml, "1", now, &err) == 80); /* the earlier of the two */
    assert_true(ask("sge", 0, sge_xml, "12", now, &err) == 3590);
    assert_true(isinf(ask("sge", 0, sge_xml, "13.2", now, &err)));
    assert_true(ask("sge", 0, sge_xml, "13.1", now, &err) == AMBS_E_NOT_FOUND);
    assert_refused("sge", 0, "", AMBS_E_FORMAT, "expected XML");
    assert_refused("sge", 0, "error: unable to contact qmaster\n", AMBS_E_FORMAT,
                   "unable to contact qmaster");
    assert_refused("sge", 0, "<job_info><job_list><JB_job_number>12</JB_job_number></job_list>",
                   AMBS_E_FORMAT, "without the start of job 12");
    assert_refused("sge", 0,
                   "<job_info><job_list><JB_job_number>12</JB_job_number><hard_request "
                   "name=\"h_rt\">long</hard_request></job_list>",
                   AMBS_E_FORMAT, "h_rt \"long\"");
}

static void lsf_tells_by_bjobs(void **state)
{
    (void)state;
    assert_left("lsf", 0, "1:30 L\n", 5400);
    assert_left("lsf", 0, "119:59 E\n", 431940);
    assert_left("lsf", 0, "0:00 X\n", 0);
    assert_left("lsf", 0, "-\n", INFINITY);
    assert_refused("lsf", 0, "", AMBS_E_NOT_FOUND, "bjobs does not know job 12");
    assert_refused("lsf", 0, "Job <12> is not found\n", AMBS_E_NOT_FOUND, "job 12");
    assert_refused("lsf", 0, "Nov 21 05:00 L\n", AMBS_E_FORMAT, "\"Nov 21 05:00 L\"");
}

static void flux_tells_by_timeleft(void **state)
{
    (void)state;
    assert_left("flux", 0, "298\n", 298);
    assert_left("flux", 0, "0\n", 0);
    assert_left("flux", 0, "4294967295\n", INFINITY);
    assert_refused("flux", 0, "", AMBS_E_NOT_FOUND, "flux does not know job 12");
    assert_refused("flux", 0, "flux-job: ERROR: no such job\n", AMBS_E_FORMAT, "\"flux-job:\"");
    assert_refused("flux", 0, "-1\n", AMBS_E_FORMAT, "\"-1\"");
}

/* Cut at every length, and with any one byte replaced, an answer is read or refused. */
static void damaged_answers_never_harm(void **state)
{
    (void)state;
    static const struct {
        const char *name, *answer;
        size_t q;
    } cases[] = {{"slurm", "1-02:03:04\n", 0}, {"slurm", scontrol_answer, 1}, {"pbs", pbs_json, 0},
                 {"sge", sge_xml, 0},          {"lsf", "1:30 L\n", 0},        {"flux", "298\n", 0}};
    static const char bytes[] = "\n\"<>:-9\x01\xff{}";
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].answer);
        for (size_t at = 0; at <= length; at++) {
            char *damaged = strdup(cases[i].answer);
            double left = 0;
            ambs_error err;
            if (at % 2) damaged[at] = '\0';
            seed = seed * 1664525 + 1013904223;
            if (at < length && at % 2 == 0) damaged[at] = bytes[(seed >> 24) % (sizeof bytes - 1)];
            int rc = batch(cases[i].name)
                         ->questions[cases[i].q]
                         .read(damaged, "12", 1795234200, &left, &err);
            if (rc == AMBS_OK) assert_true(left >= 0);
            free(damaged);
        }
    }
}

/* --- submitting -------------------------------------------------------------------------------- */

static void directives_say_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"slurm", "#SBATCH --job-name=digits\n#SBATCH --nodes=4\n#SBATCH --time=1-02:00:00\n"
                  "#SBATCH --partition=gpu\n#SBATCH --account=proj\n#SBATCH --gpus-per-node=2\n"},
        {"pbs",
         "#PBS -N digits\n#PBS -l select=4:ncpus=1:mpiprocs=1:ngpus=2\n#PBS -l walltime=26:00:00\n"
         "#PBS -q gpu\n#PBS -A proj\n"},
        {"sge", "#$ -N digits\n#$ -pe orte 4\n#$ -l h_rt=26:00:00\n#$ -q gpu\n#$ -P proj\n"
                "#$ -l gpu=2\n"},
        {"lsf", "#BSUB -J digits\n#BSUB -n 4\n#BSUB -W 26:00\n#BSUB -q gpu\n#BSUB -P proj\n"
                "#BSUB -gpu num=2\n"}};
    const ambs_batch_request nothing = {.time_s = NAN}, all = {.nodes = 4,
                                                               .gpus = 2,
                                                               .time_s = 26 * 3600,
                                                               .name = "digits",
                                                               .partition = "gpu",
                                                               .account = "proj"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_text out = {0};
        ambs_error err;
        assert_int_equal(batch(cases[i].name)->directives(&nothing, &out, &err), AMBS_OK);
        assert_int_equal(out.length, 0);
        assert_int_equal(batch(cases[i].name)->directives(&all, &out, &err), AMBS_OK);
        assert_string_equal(out.text, cases[i].expected);
        ambs_text_fini(&out);
    }
}

static void the_id_is_read_from_what_a_submission_prints(void **state)
{
    (void)state;
    char id[AMBS_BATCH_ID_SIZE];
    assert_true(batch("slurm")->read_id("123;cluster\n", id));
    assert_string_equal(id, "123");
    assert_true(batch("pbs")->read_id("123.head.site\n", id));
    assert_string_equal(id, "123.head.site");
    assert_true(batch("sge")->read_id("12.1-4:1\n", id));
    assert_string_equal(id, "12");
    assert_true(batch("lsf")->read_id("Job <123> is submitted to queue <normal>.\n", id));
    assert_string_equal(id, "123");
    assert_false(batch("slurm")->read_id("", id));
}

/* What a member promises, whatever it is. */
static void every_member_keeps_the_contract(void **state)
{
    (void)state;
    size_t n = 0;
    for (; ambs_batch_registry[n]; n++) {
        const ambs_batch_ops *ops = ambs_batch_registry[n];
        assert_non_null(ops->member.name);
        assert_non_null(ops->find);
        if (!ops->submit) continue;
        assert_true(ops->after && ops->cancel && ops->script && ops->prefix && ops->directives &&
                    ops->read_id);
        assert_true(ops->requeue || ops->requeue_status);
        assert_true(ops->questions && ops->questions[0].argv && ops->questions[0].read);
    }
    assert_true(n > 0 && strcmp(ambs_batch_registry[n - 1]->member.name, "none") == 0);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_job_is_found_in_an_empty_environment),
        cmocka_unit_test(every_system_finds_its_job),
        cmocka_unit_test(an_unknown_system_is_refused_with_those_that_can_be_submitted_to),
        cmocka_unit_test(the_environment_tells_the_end_and_the_size),
        cmocka_unit_test(spans_are_read_and_written),
        cmocka_unit_test(dates_are_read_in_the_time_zone_of_the_host),
        cmocka_unit_test(slurm_tells_by_squeue),
        cmocka_unit_test(slurm_tells_by_scontrol),
        cmocka_unit_test(pbs_tells_by_json),
        cmocka_unit_test(pbs_tells_by_text),
        cmocka_unit_test(grid_engine_tells_by_xml),
        cmocka_unit_test(lsf_tells_by_bjobs),
        cmocka_unit_test(flux_tells_by_timeleft),
        cmocka_unit_test(damaged_answers_never_harm),
        cmocka_unit_test(directives_say_what_was_asked_for),
        cmocka_unit_test(the_id_is_read_from_what_a_submission_prints),
        cmocka_unit_test(every_member_keeps_the_contract),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
