// SPDX-License-Identifier: MIT
// One variant of the scheduler over scenarios, a line each, for bench/sched_cross.py, which
// compiles it: name, then mean, p99 and late of a random choice, then the same of the scheduler.
// usage: sched_cross RUNS SCENARIO...
#include <stdio.h>
#include <stdlib.h>

#include "os/file.h"
#include "prog/sim/sched_run.h"
#include "sim/scenario.h"

#define SCENARIO_BYTES_MAX (1u << 20)

static bool read_scenario(struct fleet_cfg *cfg, const char *path)
{
    struct budget budget = {.limit_bytes = SCENARIO_BYTES_MAX + 1};
    struct bytes text;
    struct err err;
    if (file_read(&text, &budget, path, SCENARIO_BYTES_MAX, &err) != RC_OK)
        return false;
    const enum rc rc = scenario_read(cfg, text, &err);
    file_forget(text, &budget);
    return rc == RC_OK;
}

static bool print_means(const struct fleet_cfg *cfg, const struct policy *policy, uint64_t runs)
{
    struct fleet_figures sum = {.mean = 0};
    for (uint64_t i = 1; i <= runs; i++) {
        struct sched_run one;
        if (sched_run(&one, cfg, i, policy, false) != RC_OK)
            return false;
        sum.mean += one.figures.mean / (double)runs;
        sum.p99 += one.figures.p99 / (double)runs;
        sum.miss += one.figures.miss / (double)runs;
    }
    printf(" %.5f %.5f %.7f", sum.mean, sum.p99, sum.miss);
    return true;
}

int main(int argc, char **argv)
{
    static struct fleet_cfg cfg;
    const uint64_t runs = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;
    bool is_good = runs > 0;
    for (int i = 2; is_good && i < argc; i++) {
        is_good = read_scenario(&cfg, argv[i]);
        printf("%s", is_good ? cfg.name : "");
        is_good = is_good && print_means(&cfg, &policy_random, runs) &&
                  print_means(&cfg, &policy_shoal, runs);
        puts("");
    }
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
