/* SPDX-License-Identifier: MIT */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "cluster/process.h"
#include "cluster/signals.h"
#include "study/record.h"

extern char **environ;

#define STATUS_FILE "AMBS_STATUS_FILE"
#define COLUMNS     "AMBS_COLUMNS"

/* What the launcher writes into the file of the status when a person asked for the end. */
#define INTERRUPTED 'i'

/* mpirun waits for ever for the daemon of a host that was lost without a word. Longer than ranks
 * take to leave MPI (FINALIZE_LIMIT_S in cluster/run.c). */
enum { WAIT_MS = 50, OUTLIVE_MS = 30000, GRACE_MS = 5000 };

/* Which file of which host: rank 0 may be on another, where the path is somebody else's. */
static void hand_down_status_file(int fd)
{
    char host[AMBS_HOST_SIZE], file[AMBS_HOST_SIZE + 64];
    snprintf(file, sizeof file, "%s /proc/%ld/fd/%d", ambs_process_host(host), (long)getpid(), fd);
    setenv(STATUS_FILE, file, 1);
}

/* The path, where it is meant for this host; NULL: no. */
static const char *own_status_file(const char *file)
{
    char host[AMBS_HOST_SIZE];
    size_t n = strlen(ambs_process_host(host));
    return file && strncmp(file, host, n) == 0 && file[n] == ' ' ? file + n + 1 : NULL;
}

ambs_launched ambs_launch_take(void)
{
    ambs_launched launched = {0};
    const char *columns = getenv(COLUMNS), *file = own_status_file(getenv(STATUS_FILE));
    long long n;
    launched.by_ambs = getenv(STATUS_FILE) != NULL;
    if (columns && ambs_parse_int(columns, &n) && n > 0 && n < 10000) launched.columns = (int)n;
    if (file && strlen(file) < sizeof launched.status_file) strcpy(launched.status_file, file);
    unsetenv(COLUMNS);
    unsetenv(STATUS_FILE);
    return launched;
}

static int terminal_columns(void)
{
    struct winsize size;
    if (!isatty(STDERR_FILENO) || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col > 0 ? size.ws_col : 80;
}

bool ambs_launch_is_interrupted(const ambs_launched *launched)
{
    FILE *file = launched->status_file[0] ? fopen(launched->status_file, "r") : NULL;
    if (!file) return false;
    int first = fgetc(file);
    fclose(file);
    return first == INTERRUPTED;
}

void ambs_launch_leave_status(const ambs_launched *launched, int status)
{
    FILE *file = launched->status_file[0] ? fopen(launched->status_file, "w") : NULL;
    if (!file) return;
    fprintf(file, "%d %d\n", status, (int)launched->next);
    fclose(file);
}

static bool read_status(int fd, int *ret_status, ambs_next *ret_next)
{
    char text[16] = {0};
    long long status, next;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    char *blank = strchr(text, ' ');
    if (!blank || text[n - 1] != '\n') return false;
    *blank = text[n - 1] = '\0';
    if (!ambs_parse_int(text, &status) || !ambs_parse_int(blank + 1, &next)) return false;
    *ret_status = (int)status;
    *ret_next = (ambs_next)next;
    return true;
}

static pid_t start(const char *const *argv)
{
    pid_t pid = fork();
    if (pid != 0) return pid;
    setpgid(0, 0);
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    if (geteuid() ==
        0) { /* Open MPI asks root twice; whoever runs ambs as root, in a container, has decided */
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    fprintf(stderr,
            "ambs run: %s was not found: %s; install openmpi-bin or load its module, or start ambs "
            "run by your MPI's own launcher\n",
            argv[0], strerror(errno));
    _exit(127);
}

/* Rank 0 takes the end for the batch system's where this cannot be written. */
static void mark_interrupted(int fd)
{
    const char mark = INTERRUPTED;
    ssize_t written = pwrite(fd, &mark, 1, 0);
    (void)written;
}

/* Ends an mpirun that has outlived the study: first politely, for it knows its ranks. */
static void hasten(pid_t pid, int outlived_ms)
{
    if (outlived_ms == OUTLIVE_MS) kill(pid, SIGTERM);
    if (outlived_ms == OUTLIVE_MS + GRACE_MS) kill(pid, SIGKILL);
}

/* Passes signals on until mpirun ends; returns its wait status. */
static int wait_for(pid_t pid, int fd)
{
    ambs_signals passed = {0};
    int status, ignored, outlived_ms = 0;
    ambs_next ignored_next;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        ambs_signals seen = ambs_signals_seen();
        if (seen.n_interrupt > passed.n_interrupt) mark_interrupted(fd);
        if (seen.n_drain > passed.n_drain) kill(pid, SIGUSR1);
        if (seen.n_hurry > passed.n_hurry) kill(pid, SIGUSR2);
        if (seen.n_terminate > passed.n_terminate) kill(pid, SIGTERM);
        passed = seen;
        if (read_status(fd, &ignored, &ignored_next)) hasten(pid, outlived_ms += WAIT_MS);
        usleep(WAIT_MS * 1000);
    }
    return status;
}

void ambs_launch_print_words(const ambs_call *call, FILE *out)
{
    ambs_text words = {0};
    for (int i = 2; i < call->argc; i++) {
        if (strcmp(call->argv[i], "--resume") == 0) continue;
        ambs_text_add(&words, " ");
        ambs_text_add_word(&words, call->argv[i]);
    }
    fprintf(out, "%s --resume\n", words.text ? words.text : "");
    ambs_text_fini(&words);
}

/* The end of a launcher whose rank 0 left no status: it was on another host, killed, or never begun.
 * mpirun ends with status 0 only when all ranks took their leave. */
static int end_without_status(const ambs_call *call, const char *launcher, int wait_status)
{
    bool terminated = ambs_signals_seen().n_terminate > 0; /* then it is the launcher's own word */
    if (!terminated && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) <= AMBS_STATUS_FAILURES)
        return WEXITSTATUS(wait_status);
    char how[64];
    if (terminated)
        snprintf(how, sizeof how, "terminated");
    else if (WIFEXITED(wait_status))
        snprintf(how, sizeof how, "%s ended with status %d", launcher, WEXITSTATUS(wait_status));
    else
        snprintf(how, sizeof how, "%s was ended by signal %d", launcher, WTERMSIG(wait_status));
    fprintf(
        stderr,
        "ambs run: %s before rank 0 had ended the study; every result that was recorded is safe: "
        "go on with\n          ambs run",
        how);
    ambs_launch_print_words(call, stderr);
    return AMBS_STATUS_STOPPED;
}

/* `words`, this program, and its own command line. */
static const char **join(const ambs_launch_words *words, const char *program, const ambs_call *call,
                         ambs_error *err)
{
    const char **argv = ambs_calloc((size_t)call->argc + AMBS_LAUNCH_WORDS + 2, sizeof *argv, err);
    size_t n = 0;
    if (!argv) return NULL;
    for (; words->argv[n]; n++) argv[n] = words->argv[n];
    argv[n++] = program;
    for (int i = 1; i < call->argc; i++) argv[n++] = call->argv[i];
    return argv;
}

static int run_launcher(const ambs_call *call, const ambs_launch_words *words, int fd,
                        ambs_launch_end *ret_end, ambs_error *err)
{
    char program[4096] = {0}, columns[16];
    if (readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return ambs_fail(err, AMBS_E_IO,
                         "/proc/self/exe cannot be read: this program is not found");
    const char **argv = join(words, program, call, err);
    if (!argv) return AMBS_E_NOMEM;
    snprintf(columns, sizeof columns, "%d", terminal_columns());
    setenv(COLUMNS, columns, 1);
    hand_down_status_file(fd);
    ambs_signals_install();
    pid_t pid = start(argv);
    free(argv);
    if (pid < 0)
        return ambs_fail(err, AMBS_E_IO, "starting %s: %s", words->argv[0], strerror(errno));
    int wait_status = wait_for(pid, fd);
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "%s could not start the study", words->argv[0]);
    ambs_signals seen = ambs_signals_seen();
    bool asked = seen.n_drain + seen.n_hurry + seen.n_terminate > 0;
    bool ended_ranks = !WIFEXITED(wait_status) || WEXITSTATUS(wait_status) > AMBS_STATUS_FAILURES;
    ret_end->next = AMBS_NEXT_NOTHING;
    bool told = read_status(fd, &ret_end->status, &ret_end->next);
    if (!told) ret_end->status = end_without_status(call, words->argv[0], wait_status);
    ret_end->terminated = !told && seen.n_terminate > 0;
    ret_end->lost = ended_ranks && !asked && ret_end->status == AMBS_STATUS_STOPPED;
    return AMBS_OK;
}

/* What the allocation is, by the environment or by the file of its hosts. */
static void measure(ambs_launch_request *r)
{
    const ambs_batch_ops *ops = r->job->ops;
    if (ops->size && ops->size(r->environment, &r->n_nodes, &r->n_ranks)) return;
    r->n_nodes = r->n_ranks = 0;
    const char *name = ops->hostfile ? ambs_batch_variable(r->environment, ops->hostfile) : NULL;
    FILE *file = name ? fopen(name, "r") : NULL;
    if (!file) return;
    ambs_text text = {0};
    char line[512];
    while (fgets(line, sizeof line, file)) ambs_text_add(&text, line);
    fclose(file);
    if (text.text) ambs_launch_count_hosts(text.text, &r->n_nodes, &r->n_ranks);
    ambs_text_fini(&text);
}

/* Where rank 0 runs on this host it reaches the file of the status by this process's descriptor: the
 * file has no name, so that nothing is left of it whoever is killed. */
int ambs_launch(const ambs_call *call, const ambs_launch_options *options, ambs_launch_end *ret_end,
                ambs_error *err)
{
    char file[] = "/tmp/ambs-status-XXXXXX";
    const char *const *environment = (const char *const *)(uintptr_t)environ;
    ambs_batch_job job = ambs_batch_find_job(environment);
    ambs_launch_request request = {.launcher = options->launcher,
                                   .job = &job,
                                   .environment = environment,
                                   .n_workers = options->n_workers,
                                   .worker_ranks = options->worker_ranks,
                                   .n_fit = options->n_fit,
                                   .model_ranks = options->model_ranks};
    ambs_launch_words words;
    measure(&request);
    int rc = ambs_launch_choose(&request, &words, err);
    if (rc != AMBS_OK) return rc;
    int fd = mkstemp(file);
    if (fd < 0) return ambs_fail(err, AMBS_E_IO, "%s: %s", file, strerror(errno));
    unlink(file);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    rc = run_launcher(call, &words, fd, ret_end, err);
    close(fd);
    return rc;
}
