// SPDX-License-Identifier: MIT
// `shoal sim net`: networks of the DHT that ships, in simulated time.
#include "prog/sim/net.h"

#include <inttypes.h>
#include <stdio.h>

#include "os/file.h"
#include "prog/sim/net_plot.h"
#include "prog/sim/net_report.h"
#include "prog/sim/net_run.h"
#include "sim/net_scenario.h"

#define SCENARIO_BYTES_MAX (1u << 20)

static enum rc check(const struct sim_options *o, struct err *err)
{
    if (o->scenario.count == 0)
        return err_set(err, RC_CONFIG, "SCENARIO is missing: a file");
    if (o->out != NULL && o->scenario.count > 1)
        return err_set(err, RC_CONFIG, "--out takes one SCENARIO");
    if (o->nodes > 0 && o->nodes < 16)
        return err_set(err, RC_CONFIG, "--nodes %" PRIu64 ": must be 16..32768", o->nodes);
    return RC_OK;
}

static enum rc read(struct net_scenario *s, const struct sim_options *o, const char *path,
                    struct err *err)
{
    struct budget budget = {.limit_bytes = SCENARIO_BYTES_MAX + 1};
    struct bytes text;
    struct err why = {.text = ""};
    enum rc rc = file_read(&text, &budget, path, SCENARIO_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = net_scenario_read(s, text, &why);
    file_forget(text, &budget);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: %s", path, why.text[0] != 0 ? why.text : rc_text(rc));
    if (o->seed != 0)
        s->seed = o->seed;
    if (o->nodes != 0)
        s->nodes = (uint32_t)o->nodes;
    if (o->minutes > 0)
        s->measure_min = o->minutes;
    return RC_OK;
}

// The very run once more: what was overridden on the command line, too.
static void print_again(const struct sim_options *o, const struct net_scenario *s, const char *path)
{
    fprintf(stderr, "again: shoal sim net %s --seed %" PRIu64, path, s->seed);
    if (o->nodes != 0)
        fprintf(stderr, " --nodes %" PRIu64, o->nodes);
    if (o->minutes > 0)
        fprintf(stderr, " --minutes %g", o->minutes);
    fputc('\n', stderr);
}

static enum rc play(const struct sim_options *o, const char *path, struct err *err)
{
    struct net_scenario s;
    struct net_figures f;
    struct err why = {.text = ""};
    enum rc rc = read(&s, o, path, err);
    if (rc == RC_OK && o->out != NULL)
        rc = cmd_check_out("out", o->out, err);
    if (rc != RC_OK)
        return rc;
    rc = sim_net_run(&f, &s, s.seed, &why);
    if (o->common.is_json)
        net_report_json(&s, &f, rc == RC_OK ? NULL : why.text);
    else
        net_report_table(&s, &f);
    if (rc == RC_OK && o->out != NULL)
        rc = net_plot_write(o->out, &s, &f, &why);
    if (rc == RC_OK)
        rc = net_report_goals(&s, &f, &why);
    if (rc == RC_OK)
        return rc;
    print_again(o, &s, path);
    return err_set(err, rc, "%s: %s", path, why.text);
}

static enum rc run(const struct sim_options *o, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < o->scenario.count; i++)
        rc = play(o, o->scenario.at[i], err);
    return rc;
}

const struct sim_part sim_net = {.name = "net", .check = check, .run = run};
