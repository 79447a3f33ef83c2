// SPDX-License-Identifier: MIT
// Scenarios for schedulers, read from JSON.
#include "sim/scenario.h"

#include <string.h>

#include "wire/json.h"

#define BIG 1e12

struct reader {
    const struct json_node *object; // that members are read of now ...
    const char *what;               // ... and what it is
    const char *where, *member;     // the first thing that is wrong
};

static void within(struct reader *r, const struct json_node *object, const char *what)
{
    r->object = object;
    r->what = what;
}

static void blame(struct reader *r, const char *member)
{
    if (r->member != NULL)
        return;
    r->where = r->what;
    r->member = member;
}

static double number(struct reader *r, const char *member, double low, double high)
{
    double x = 0;
    if (!json_get_f64(json_get(r->object, member), &x) || !(x >= low && x <= high))
        blame(r, member);
    return x;
}

// The same, but it may be left out.
static double number_or(struct reader *r, const char *member, double low, double high,
                        double initial)
{
    return json_get(r->object, member) != NULL ? number(r, member, low, high) : initial;
}

static void name(struct reader *r, const char *member, char out[static FLEET_NAME_BYTES])
{
    struct bytes text;
    if (!json_get_text(json_get(r->object, member), &text) || text.len == 0 ||
        text.len >= FLEET_NAME_BYTES)
        blame(r, member);
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

static struct fleet_range range(struct reader *r, const char *member, double low, double high)
{
    struct fleet_range out = {0, 0};
    if (!range_of(json_get(r->object, member), low, high, &out))
        blame(r, member);
    return out;
}

static struct fleet_range range_or(struct reader *r, const char *member, double low, double high,
                                   double initial)
{
    return json_get(r->object, member) != NULL ? range(r, member, low, high)
                                               : (struct fleet_range){initial, initial};
}

static void read_speeds(struct reader *r, const struct fleet_cfg *cfg, struct fleet_group *g)
{
    const struct json_node *speed = json_get(r->object, "speed");
    for (uint32_t i = 0; i < cfg->type_count; i++) {
        const struct json_node *node = json_get(speed, cfg->type[i].name);
        if (node == NULL)
            node = json_get(speed, "*");
        if (node != NULL && !range_of(node, 0, BIG, &g->speed[i]))
            blame(r, "speed");
    }
}

static bool has(struct reader *r, const struct json_node *peer, const char *what)
{
    within(r, json_get(peer, what), what);
    return r->object != NULL;
}

static void read_moods(struct reader *r, const struct json_node *peer, struct fleet_group *g)
{
    if (has(r, peer, "congestion")) {
        g->busy_amp = number(r, "amp", 0, BIG);
        g->busy_peak_hour = number(r, "peak_hour", 0, 24);
        g->busy_width_h = number(r, "width_h", 1e-6, 24);
    }
    if (has(r, peer, "thermal")) {
        g->hot_after_ms = number(r, "busy_ms", 0, BIG);
        g->hot_slow = number(r, "slow", 1e-6, BIG);
    }
    if (has(r, peer, "drift")) {
        g->drift_at_ms = number(r, "at_ms", 0, BIG);
        g->drift_over_ms = number(r, "over_ms", 0, BIG);
        g->drift_to = number(r, "to", 1e-6, BIG);
    }
    if (has(r, peer, "churn")) {
        g->up_ms = number(r, "up_ms", 1e-3, BIG);
        g->down_ms = number(r, "down_ms", 0, BIG);
    }
}

static void read_group(struct reader *r, const struct json_node *peer, const struct fleet_cfg *cfg,
                       struct fleet_group *g)
{
    within(r, peer, "peers");
    name(r, "class", g->class);
    g->count = (uint32_t)number(r, "count", 1, FLEET_HELPERS_MAX);
    g->rtt_ms = range(r, "rtt_ms", 0, BIG);
    g->jitter_ms = range_or(r, "jitter_ms", 0, BIG, 3);
    g->reliability = range(r, "reliability", 0, 1);
    g->slots = range_or(r, "slots", 1, 64, 1);
    g->noise = range_or(r, "noise", 0, 10, 0.1);
    g->straggle_p = range_or(r, "straggle_p", 0, 1, 0);
    g->straggle_x = range_or(r, "straggle_x", 0, BIG, 3);
    g->silent_share = range_or(r, "silent_share", 0, 1, 0.3);
    read_speeds(r, cfg, g);
    read_moods(r, peer, g);
}

static void read_peers(struct reader *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    const struct json_node *peers = json_get(top, "peers");
    const size_t groups = json_get_count(peers);
    within(r, top, "it");
    if (groups == 0 || groups > FLEET_GROUPS_MAX) {
        blame(r, "peers (1 to 64 groups)");
        return;
    }
    for (uint32_t i = 0; i < groups; i++)
        read_group(r, json_get_item(peers, i), cfg, &cfg->group[i]);
    cfg->group_count = (uint32_t)groups;
}

static void read_types(struct reader *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    const struct json_node *tasks = json_get(top, "tasks");
    const size_t count = json_get_count(tasks);
    if (count == 0 || count > FLEET_TYPES_MAX) {
        blame(r, "tasks (1 to 16 types)");
        return;
    }
    cfg->type_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct fleet_type *t = &cfg->type[i];
        within(r, json_get_item(tasks, i), "tasks");
        name(r, "name", t->name);
        t->deadline_ms = number(r, "deadline_ms", 0, BIG);
        t->work_ms = number(r, "work_ms", 0, BIG);
        t->size_sigma = number_or(r, "size_sigma", 0, 10, 0.3);
        t->share = number_or(r, "share", 0, BIG, 1);
    }
}

static void read_frames(struct reader *r, struct fleet_cfg *cfg)
{
    cfg->pattern = FLEET_FRAMES;
    cfg->frames_s = number(r, "fps", 1e-3, 1e6);
    within(r, json_get(r->object, "per_frame"), "per_frame");
    for (uint32_t i = 0; i < cfg->type_count; i++)
        cfg->type[i].per_frame = (uint32_t)number_or(r, cfg->type[i].name, 0, 1e6, 0);
}

static void read_arrivals(struct reader *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    struct bytes pattern = bytes_of(NULL, 0);
    within(r, json_get(top, "arrivals"), "arrivals");
    if (!json_get_text(json_get(r->object, "pattern"), &pattern))
        blame(r, "pattern");
    if (bytes_is(pattern, "frames")) {
        read_frames(r, cfg);
        return;
    }
    cfg->rate_s = number(r, "rate_per_s", 1e-3, 1e9);
    if (bytes_is(pattern, "bursts")) {
        cfg->pattern = FLEET_BURSTS;
        cfg->period_ms = number(r, "period_ms", 1, BIG);
        cfg->burst_ms = number(r, "burst_ms", 0, BIG);
        cfg->burst_x = number(r, "burst_x", 1e-3, 1e6);
    } else if (!bytes_is(pattern, "poisson")) {
        blame(r, "pattern");
    }
}

static void read_top(struct reader *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    struct bytes schema;
    within(r, top, "it");
    if (!json_get_text(json_get(top, "schema"), &schema) || !bytes_is(schema, "shoal-scenario/1"))
        blame(r, "schema (shoal-scenario/1)");
    name(r, "name", cfg->name);
    cfg->seed = (uint64_t)number(r, "seed", 0, 9e15);
    cfg->start_hour = number_or(r, "start_hour", 0, 24, 12);
    cfg->day_ms = number_or(r, "day_ms", 1, BIG, 86400000);
    cfg->task_count = (uint32_t)number(r, "n_tasks", 1, FLEET_TASKS_MAX);
    cfg->attempts_max = (uint32_t)number(r, "max_attempts", 1, FLEET_ATTEMPTS_MAX);
    cfg->warmup_share = number_or(r, "warmup_share", 0, 0.99, 0.1);
    cfg->give_up_ms = number(r, "give_up_ms", 1, BIG);
    cfg->detect_down_ms = number_or(r, "detect_down_ms", 0, BIG, 40);
}

enum rc scenario_read(struct fleet_cfg *out, struct bytes json, struct err *err)
{
    struct json_node *top = NULL;
    struct reader r = {.object = NULL};
    const enum rc rc = json_open(&top, json, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct fleet_cfg){.pattern = FLEET_POISSON};
    read_top(&r, top, out);
    read_types(&r, top, out);
    read_peers(&r, top, out);
    read_arrivals(&r, top, out);
    json_free(top);
    if (r.member == NULL)
        return RC_OK;
    return err_set(err, RC_MALFORMED, "no scenario: in %s, %s is missing or out of range", r.where,
                   r.member);
}
