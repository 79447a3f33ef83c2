// SPDX-License-Identifier: MIT
// Scenarios for schedulers, read from JSON.
#include "sim/scenario.h"

#include <string.h>

#include "wire/json.h"

#define BIG 1e12

struct reader { // the first thing that is wrong
    const char *where;
    const char *member;
};

static void blame(struct reader *r, const char *where, const char *member)
{
    if (r->member == NULL)
        *r = (struct reader){where, member};
}

static double number(struct reader *r, const struct json_node *object, const char *where,
                     const char *member, double low, double high)
{
    double x = 0;
    if (!json_get_f64(json_get(object, member), &x) || !(x >= low && x <= high))
        blame(r, where, member);
    return x;
}

// The same, but it may be left out.
static double number_or(struct reader *r, const struct json_node *object, const char *where,
                        const char *member, double low, double high, double initial)
{
    return json_get(object, member) != NULL ? number(r, object, where, member, low, high) : initial;
}

static void name(struct reader *r, const struct json_node *object, const char *where,
                 const char *member, char out[static FLEET_NAME_BYTES])
{
    struct bytes text;
    if (!json_get_text(json_get(object, member), &text) || text.len == 0 ||
        text.len >= FLEET_NAME_BYTES)
        blame(r, where, member);
    else
        bytes_to_text(text, out, FLEET_NAME_BYTES);
}

// A number, or two: a range.
static bool range_of(const struct json_node *node, double low, double high, struct fleet_range *out)
{
    if (json_get_f64(node, &out->low))
        out->high = out->low;
    else if (json_get_count(node) != 2 || !json_get_f64(json_get_item(node, 0), &out->low) ||
             !json_get_f64(json_get_item(node, 1), &out->high))
        return false;
    return out->low >= low && out->low <= out->high && out->high <= high;
}

static struct fleet_range range(struct reader *r, const struct json_node *object,
                                const char *member, double low, double high, double initial)
{
    struct fleet_range out = {initial, initial};
    const struct json_node *node = json_get(object, member);
    if ((node == NULL && initial < low) || (node != NULL && !range_of(node, low, high, &out)))
        blame(r, "peers", member);
    return out;
}

static void read_speeds(struct reader *r, const struct json_node *speed, struct fleet_cfg *cfg,
                        struct fleet_group *g)
{
    for (uint32_t i = 0; i < cfg->type_count; i++) {
        const struct json_node *node = json_get(speed, cfg->type[i].name);
        if (node == NULL)
            node = json_get(speed, "*");
        if (node != NULL && !range_of(node, 0, BIG, &g->speed[i]))
            blame(r, "peers", "speed");
    }
}

static void read_group(struct reader *r, const struct json_node *peer, struct fleet_cfg *cfg,
                       struct fleet_group *g)
{
    const struct json_node *busy = json_get(peer, "congestion");
    const struct json_node *hot = json_get(peer, "thermal");
    const struct json_node *drift = json_get(peer, "drift");
    const struct json_node *churn = json_get(peer, "churn");
    name(r, peer, "peers", "class", g->class);
    g->count = (uint32_t)number(r, peer, "peers", "count", 1, FLEET_HELPERS_MAX);
    g->rtt_ms = range(r, peer, "rtt_ms", 0, BIG, -1);
    g->jitter_ms = range(r, peer, "jitter_ms", 0, BIG, 3);
    g->reliability = range(r, peer, "reliability", 0, 1, -1);
    g->slots = range(r, peer, "slots", 1, 64, 1);
    g->noise = range(r, peer, "noise", 0, 10, 0.1);
    g->straggle_p = range(r, peer, "straggle_p", 0, 1, 0);
    g->straggle_x = range(r, peer, "straggle_x", 0, BIG, 3);
    g->silent_share = range(r, peer, "silent_share", 0, 1, 0.3);
    read_speeds(r, json_get(peer, "speed"), cfg, g);
    if (busy != NULL) {
        g->busy_amp = number(r, busy, "congestion", "amp", 0, BIG);
        g->busy_peak_hour = number(r, busy, "congestion", "peak_hour", 0, 24);
        g->busy_width_h = number(r, busy, "congestion", "width_h", 1e-6, 24);
    }
    if (hot != NULL) {
        g->hot_after_ms = number(r, hot, "thermal", "busy_ms", 0, BIG);
        g->hot_slow = number(r, hot, "thermal", "slow", 1e-6, BIG);
    }
    if (drift != NULL) {
        g->drift_at_ms = number(r, drift, "drift", "at_ms", 0, BIG);
        g->drift_over_ms = number(r, drift, "drift", "over_ms", 0, BIG);
        g->drift_to = number(r, drift, "drift", "to", 1e-6, BIG);
    }
    if (churn != NULL) {
        g->up_ms = number(r, churn, "churn", "up_ms", 1e-3, BIG);
        g->down_ms = number(r, churn, "churn", "down_ms", 0, BIG);
    }
}

static void read_types(struct reader *r, const struct json_node *tasks, struct fleet_cfg *cfg)
{
    const size_t count = json_get_count(tasks);
    if (count == 0 || count > FLEET_TYPES_MAX) {
        blame(r, "tasks", "1 to 16 of them");
        return;
    }
    cfg->type_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        const struct json_node *task = json_get_item(tasks, i);
        struct fleet_type *t = &cfg->type[i];
        name(r, task, "tasks", "name", t->name);
        t->deadline_ms = number(r, task, "tasks", "deadline_ms", 0, BIG);
        t->work_ms = number(r, task, "tasks", "work_ms", 0, BIG);
        t->size_sigma = number_or(r, task, "tasks", "size_sigma", 0, 10, 0.3);
        t->share = number_or(r, task, "tasks", "share", 0, BIG, 1);
    }
}

static void read_arrivals(struct reader *r, const struct json_node *a, struct fleet_cfg *cfg)
{
    struct bytes pattern = bytes_of(NULL, 0);
    if (!json_get_text(json_get(a, "pattern"), &pattern))
        blame(r, "arrivals", "pattern");
    if (bytes_is(pattern, "frames")) {
        cfg->pattern = FLEET_FRAMES;
        cfg->frames_s = number(r, a, "arrivals", "fps", 1e-3, 1e6);
        for (uint32_t i = 0; i < cfg->type_count; i++)
            cfg->type[i].per_frame = (uint32_t)number_or(r, json_get(a, "per_frame"), "per_frame",
                                                         cfg->type[i].name, 0, 1e6, 0);
        return;
    }
    cfg->rate_s = number(r, a, "arrivals", "rate_per_s", 1e-3, 1e9);
    if (bytes_is(pattern, "bursts")) {
        cfg->pattern = FLEET_BURSTS;
        cfg->period_ms = number(r, a, "arrivals", "period_ms", 1, BIG);
        cfg->burst_ms = number(r, a, "arrivals", "burst_ms", 0, BIG);
        cfg->burst_x = number(r, a, "arrivals", "burst_x", 1e-3, 1e6);
    } else if (!bytes_is(pattern, "poisson")) {
        blame(r, "arrivals", "pattern");
    }
}

static void read_top(struct reader *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    struct bytes schema;
    if (!json_get_text(json_get(top, "schema"), &schema) || !bytes_is(schema, "shoal-scenario/1"))
        blame(r, "it", "schema (shoal-scenario/1)");
    name(r, top, "it", "name", cfg->name);
    cfg->seed = (uint64_t)number(r, top, "it", "seed", 0, 9e15);
    cfg->start_hour = number_or(r, top, "it", "start_hour", 0, 24, 12);
    cfg->day_ms = number_or(r, top, "it", "day_ms", 1, BIG, 86400000);
    cfg->task_count = (uint32_t)number(r, top, "it", "n_tasks", 1, FLEET_TASKS_MAX);
    cfg->attempts_max = (uint32_t)number(r, top, "it", "max_attempts", 1, FLEET_ATTEMPTS_MAX);
    cfg->warmup_share = number_or(r, top, "it", "warmup_share", 0, 0.99, 0.1);
    cfg->give_up_ms = number(r, top, "it", "give_up_ms", 1, BIG);
    cfg->detect_down_ms = number_or(r, top, "it", "detect_down_ms", 0, BIG, 40);
}

enum rc scenario_read(struct fleet_cfg *out, struct bytes json, struct err *err)
{
    struct json_node *top = NULL;
    struct reader r = {NULL, NULL};
    const enum rc rc = json_open(&top, json, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct fleet_cfg){.pattern = FLEET_POISSON};
    read_top(&r, top, out);
    read_types(&r, json_get(top, "tasks"), out);
    const struct json_node *peers = json_get(top, "peers");
    const size_t groups = json_get_count(peers);
    if (groups == 0 || groups > FLEET_GROUPS_MAX)
        blame(&r, "peers", "1 to 64 groups");
    for (uint32_t i = 0; i < groups && i < FLEET_GROUPS_MAX; i++)
        read_group(&r, json_get_item(peers, i), out, &out->group[i]);
    out->group_count = (uint32_t)groups;
    read_arrivals(&r, json_get(top, "arrivals"), out);
    json_free(top);
    if (r.member == NULL)
        return RC_OK;
    return err_set(err, RC_MALFORMED, "no scenario: in %s, %s is missing or out of range", r.where,
                   r.member);
}
