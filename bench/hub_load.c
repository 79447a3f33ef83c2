// SPDX-License-Identifier: MIT
// Bench: tasks through any coordinator that speaks JSON over WebSocket: rate, latency, exact
// counts.
//
// usage: hub_load --port P [...], hub_load --help
//
// Plays gamers and echo helpers itself, in one thread. Latency is counted from the moment a task
// was to be sent, also when it could not be sent then. `--direct` measures the same messages over
// one connection from gamer to helper: what a coordinator adds is the difference.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/num.h"
#include "base/option.h"
#include "hub_load_crowd.h"
#include "options.h"
#include "os/clock.h"

#define DIRECT_SECONDS 1.0 // of the comparison before the load
#define KB_BYTES       1024.0
#define OPEN_WAITING   1024 // tasks of a gamer in open loop, unless it is said

struct options {
    uint64_t port, gamers, outstanding, helpers, idle_helpers, payload, same, pid, seed, give_up;
    const char *host, *vocabulary;
    double seconds, rate, kill_helpers;
    bool is_direct, has_reconnect, has_spin, is_json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option_spec specs[] = {
    {.name = "port",
     .kind = OPTION_U64,
     .max = 65535,
     .initial = "0",
     .sentence = "the coordinator's port; may be left out with --direct",
     .offset = FIELD(port)},
    {.name = "host",
     .kind = OPTION_TEXT,
     .initial = "127.0.0.1",
     .value = "ADDR",
     .sentence = "the coordinator's address",
     .offset = FIELD(host)},
    {.name = "vocabulary",
     .kind = OPTION_TEXT,
     .initial = "seed",
     .value = "seed|net",
     .sentence = "how it is spoken to: {type: ...} or {msg_type: ..., data: ...}",
     .offset = FIELD(vocabulary)},
    {.name = "gamers",
     .kind = OPTION_U64,
     .min = 1,
     .max = CROWD_GAMERS_MAX,
     .initial = "1",
     .sentence = "gamers, each with a connection",
     .offset = FIELD(gamers)},
    {.name = "outstanding",
     .kind = OPTION_U64,
     .max = CROWD_WAITING_MAX,
     .initial = "0",
     .sentence = "unanswered tasks of each gamer at most; 0: 1, or 1024 with --rate",
     .offset = FIELD(outstanding)},
    {.name = "helpers",
     .kind = OPTION_U64,
     .min = 1,
     .max = CROWD_HELPERS_MAX / 2,
     .initial = "32",
     .sentence = "helpers that echo",
     .offset = FIELD(helpers)},
    {.name = "idle-helpers",
     .kind = OPTION_U64,
     .max = CROWD_HELPERS_MAX / 2,
     .initial = "0",
     .sentence = "more helpers, who come before the load; what each takes is told with --pid",
     .offset = FIELD(idle_helpers)},
    {.name = "payload",
     .kind = OPTION_SIZE,
     .max = WORDS_PAYLOAD_BYTES_MAX,
     .initial = "100",
     .value = "BYTES",
     .sentence = "filler in each task",
     .offset = FIELD(payload)},
    {.name = "same",
     .kind = OPTION_U64,
     .initial = "0",
     .value = "K",
     .sentence = "K different tasks again and again; 0: no two are the same",
     .offset = FIELD(same)},
    {.name = "seconds",
     .kind = OPTION_F64,
     .real_max = 1e6,
     .initial = "5",
     .sentence = "how long new tasks are sent; 0: none",
     .offset = FIELD(seconds)},
    {.name = "rate",
     .kind = OPTION_F64,
     .real_max = 1e7,
     .initial = "0",
     .value = "TASKS_S",
     .sentence = "open loop: tasks come at random moments, whatever was answered",
     .offset = FIELD(rate)},
    {.name = "kill-helpers",
     .kind = OPTION_F64,
     .real_max = 100,
     .initial = "0",
     .value = "RATE",
     .sentence = "helpers that vanish a second, half with a task in hand; back after 100 ms",
     .offset = FIELD(kill_helpers)},
    {.name = "reconnect",
     .kind = OPTION_FLAG,
     .sentence = "outlive the coordinator: connect again, send unanswered tasks again",
     .offset = FIELD(has_reconnect)},
    {.name = "give-up",
     .kind = OPTION_U64,
     .min = 1,
     .max = 3600,
     .initial = "10",
     .value = "S",
     .sentence = "a task without an answer for so long is lost",
     .offset = FIELD(give_up)},
    {.name = "direct",
     .kind = OPTION_FLAG,
     .sentence =
         "measure the path without a coordinator: alone, or before the load if there is a --port",
     .offset = FIELD(is_direct)},
    {.name = "pid",
     .kind = OPTION_U64,
     .max = INT32_MAX,
     .initial = "0",
     .sentence = "the coordinator's process: its memory and CPU time are told",
     .offset = FIELD(pid)},
    {.name = "spin",
     .kind = OPTION_FLAG,
     .sentence = "never sleep: leaves the time to wake up out of the figures, takes a whole core",
     .offset = FIELD(has_spin)},
    {.name = "seed",
     .kind = OPTION_U64,
     .initial = "1",
     .sentence = "of everything random",
     .offset = FIELD(seed)},
    {.name = "json", .kind = OPTION_FLAG, .sentence = "one line of JSON", .offset = FIELD(is_json)},
};

static const struct option_command command = {
    .name = "hub_load",
    .summary = "load for a coordinator",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
};

// ---- The coordinator's process

struct process {
    double cpu_s, resident_bytes; // negative: not known
};

static struct process look_at(pid_t pid)
{
    struct process p = {-1, -1};
    char path[64], line[256];
    clockid_t clock;
    struct timespec t;
    if (pid == 0)
        return p;
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
        p.cpu_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return p;
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            p.resident_bytes = strtod(line + 6, NULL) * KB_BYTES;
    (void)fclose(f); // only read from
    return p;
}

static double own_cpu_s(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        load_die("getrusage");
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// ---- One load

struct outcome {
    const char *fault;
    struct crowd_count count;
    struct quantiles latency_ns, lag_ns;
    double seconds, own_cpu_s;
    struct process gathered, before, after; // before and after the idle helpers; after the load
};

static void run_load(struct outcome *o, const struct crowd_cfg *cfg, double seconds, pid_t pid)
{
    static struct crowd c;
    crowd_init(&c, cfg);
    bool is_good = crowd_gather(&c);
    o->gathered = look_at(pid);
    is_good = is_good && (cfg->idle_helpers == 0 || crowd_add_idle(&c));
    o->before = look_at(pid);
    const double own_s = own_cpu_s();
    is_good = is_good && crowd_load(&c, seconds);
    o->own_cpu_s = own_cpu_s() - own_s;
    o->after = look_at(pid);
    o->fault = is_good ? NULL : c.fault;
    o->count = c.count;
    o->latency_ns = c.latency_ns;
    o->lag_ns = c.lag_ns;
    o->seconds = seconds;
    crowd_end(&c);
}

// ---- What is told

static double ms_at(const struct quantiles *q, unsigned permille)
{
    return (double)quantiles_at(q, permille) / 1e6;
}

static double per(double value, uint64_t count)
{
    return count > 0 ? value / (double)count : 0;
}

struct figure {
    const char *name; // with its unit
    double value;
    int digits; // behind the point
};

#define FIGURES_MAX 40

struct figures {
    struct figure at[FIGURES_MAX];
    size_t count;
};

static void add(struct figures *f, const char *name, double value, int digits)
{
    if (f->count < FIGURES_MAX)
        f->at[f->count++] = (struct figure){name, value, digits};
}

static void add_counts(struct figures *f, const struct outcome *o)
{
    const struct crowd_count *n = &o->count;
    const struct {
        const char *name;
        uint64_t count;
    } table[] = {
        {"sent", n->sent},
        {"done", n->done},
        {"failed", n->failed},
        {"lost", n->lost},
        {"late", n->late},
        {"twice", n->twice},
        {"wrong", n->wrong},
        {"unnamed", n->unnamed},
        {"unknown", n->unknown},
        {"resent", n->resent},
        {"reconnects", n->reconnects},
        {"kills", n->kills},
        {"dropped", n->dropped},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        add(f, table[i].name, (double)table[i].count, 0);
}

static void add_times(struct figures *f, const struct outcome *o)
{
    const struct quantiles *q = &o->latency_ns;
    add(f, "tasks_s", o->seconds > 0 ? (double)o->count.in_time / o->seconds : 0, 1);
    add(f, "p50_ms", ms_at(q, 500), 4);
    add(f, "p99_ms", ms_at(q, 990), 4);
    add(f, "p999_ms", ms_at(q, 999), 4);
    add(f, "max_ms", q->count > 0 ? (double)q->max / 1e6 : 0, 4);
    add(f, "generator_cpu_us_task", per(o->own_cpu_s * 1e6, o->count.done), 2);
    if (o->lag_ns.count > 0) {
        add(f, "late_p50_ms", ms_at(&o->lag_ns, 500), 4);
        add(f, "late_p99_ms", ms_at(&o->lag_ns, 990), 4);
    }
}

static void add_process(struct figures *f, const struct outcome *o, uint64_t idle)
{
    if (o->after.cpu_s >= 0 && o->before.cpu_s >= 0)
        add(f, "coordinator_cpu_us_task",
            per((o->after.cpu_s - o->before.cpu_s) * 1e6, o->count.done), 2);
    if (o->after.resident_bytes < 0 || o->gathered.resident_bytes < 0)
        return;
    add(f, "resident_start_mb", o->gathered.resident_bytes / 1e6, 2);
    if (idle > 0) {
        add(f, "resident_idle_mb", o->before.resident_bytes / 1e6, 2);
        add(f, "idle_helper_bytes",
            (o->before.resident_bytes - o->gathered.resident_bytes) / (double)idle, 0);
    }
    add(f, "resident_end_mb", o->after.resident_bytes / 1e6, 2);
}

static void tell(const struct figures *f, const char *fault, bool is_json)
{
    if (is_json)
        printf("{");
    for (size_t i = 0; i < f->count; i++)
        printf(is_json ? "%s\"%s\": %.*f" : "%s%-24s %14.*f\n", is_json && i > 0 ? ", " : "",
               f->at[i].name, f->at[i].digits, f->at[i].value);
    if (is_json)
        printf(", \"fault\": %s%s%s}\n", fault != NULL ? "\"" : "", fault != NULL ? fault : "null",
               fault != NULL ? "\"" : "");
    else if (fault != NULL)
        printf("stopped: %s\n", fault);
}

// ---- Options

static void read_options(struct options *o, int argc, char *argv[])
{
    struct err err = {.rc = RC_OK};
    bench_options(&command, o, argc, argv);
    if (strcmp(o->vocabulary, "seed") != 0 && strcmp(o->vocabulary, "net") != 0)
        (void)err_set(&err, RC_CONFIG, "--vocabulary %s: must be seed or net", o->vocabulary);
    else if (o->port == 0 && !o->is_direct)
        (void)err_set(&err, RC_CONFIG, "--port: must be given");
    if (err.rc != RC_OK)
        bench_usage(&command, &err);
    if (o->outstanding == 0)
        o->outstanding = o->rate > 0 ? OPEN_WAITING : 1;
}

static struct crowd_cfg cfg_of(const struct options *o)
{
    const uint64_t run = rng_mix(clock_wall_s() * US_PER_S + clock_now_us() % US_PER_S);
    return (struct crowd_cfg){
        .host = o->host,
        .port = (uint16_t)o->port,
        .vocabulary = strcmp(o->vocabulary, "net") == 0 ? WORDS_NET : WORDS_SEED,
        .gamers = o->gamers,
        .helpers = o->helpers,
        .idle_helpers = o->idle_helpers,
        .outstanding = o->outstanding,
        .rate_tasks_s = o->rate,
        .same = o->same,
        .payload_bytes = o->payload,
        .seed = o->seed,
        .run = run,
        .give_up_ns = o->give_up * 1000000000,
        .kills_s = o->kill_helpers,
        .has_reconnect = o->has_reconnect,
        .has_spin = o->has_spin,
    };
}

// The same load without a coordinator, and without what only happens to one.
static struct crowd_cfg direct_of(const struct crowd_cfg *cfg)
{
    struct crowd_cfg direct = *cfg;
    direct.is_direct = true;
    direct.helpers = direct.gamers;
    direct.idle_helpers = 0;
    direct.kills_s = 0;
    return direct;
}

static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        load_die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        load_die("setrlimit");
    if (prctl(PR_SET_TIMERSLACK, 1) != 0) // the default may be 50 us late
        load_die("prctl");
    (void)signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char *argv[])
{
    static struct outcome o, direct;
    struct options options = {0};
    struct figures f = {.count = 0};
    read_options(&options, argc, argv);
    raise_limits();
    const struct crowd_cfg cfg = cfg_of(&options);
    const struct crowd_cfg bare = direct_of(&cfg);
    const bool is_alone = options.port == 0;
    if (options.is_direct)
        run_load(&direct, &bare, is_alone ? options.seconds : DIRECT_SECONDS, 0);
    if (is_alone)
        o = direct;
    else
        run_load(&o, &cfg, options.seconds, (pid_t)options.pid);
    add_counts(&f, &o);
    add_times(&f, &o);
    add_process(&f, &o, options.idle_helpers);
    if (options.is_direct && !is_alone) {
        add(&f, "direct_p50_ms", ms_at(&direct.latency_ns, 500), 4);
        add(&f, "added_p50_ms", ms_at(&o.latency_ns, 500) - ms_at(&direct.latency_ns, 500), 4);
        add(&f, "added_p99_ms", ms_at(&o.latency_ns, 990) - ms_at(&direct.latency_ns, 990), 4);
    }
    tell(&f, o.fault, options.is_json);
    return o.fault == NULL && o.count.wrong == 0 && o.count.twice == 0 ? 0 : 1;
}
