// SPDX-License-Identifier: MIT
// Scenarios for schedulers, read from JSON.
#include "sim/scenario.h"

#include <string.h>

#include "sim/fields.h"
#include "wire/json.h"

#define BIG 1e12

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

static struct fleet_range range(struct fields *r, const char *member, double low, double high)
{
    struct fleet_range out = {0, 0};
    if (!range_of(json_get(r->object, member), low, high, &out))
        fields_blame(r, member);
    return out;
}

static struct fleet_range range_or(struct fields *r, const char *member, double low, double high,
                                   double initial)
{
    return json_get(r->object, member) != NULL ? range(r, member, low, high)
                                               : (struct fleet_range){initial, initial};
}

static void read_speeds(struct fields *r, const struct fleet_cfg *cfg, struct fleet_group *g)
{
    const struct json_node *speed = json_get(r->object, "speed");
    for (uint32_t i = 0; i < cfg->type_count; i++) {
        const struct json_node *node = json_get(speed, cfg->type[i].name);
        if (node == NULL)
            node = json_get(speed, "*");
        if (node != NULL && !range_of(node, 0, BIG, &g->speed[i]))
            fields_blame(r, "speed");
    }
}

static void read_moods(struct fields *r, const struct json_node *peer, struct fleet_group *g)
{
    if (fields_enter(r, peer, "congestion")) {
        g->busy_amp = fields_number(r, "amp", 0, BIG);
        g->busy_peak_hour = fields_number(r, "peak_hour", 0, 24);
        g->busy_width_h = fields_number(r, "width_h", 1e-6, 24);
    }
    if (fields_enter(r, peer, "thermal")) {
        g->hot_after_ms = fields_number(r, "busy_ms", 0, BIG);
        g->hot_slow = fields_number(r, "slow", 1e-6, BIG);
    }
    if (fields_enter(r, peer, "drift")) {
        g->drift_at_ms = fields_number(r, "at_ms", 0, BIG);
        g->drift_over_ms = fields_number(r, "over_ms", 0, BIG);
        g->drift_to = fields_number(r, "to", 1e-6, BIG);
    }
    if (fields_enter(r, peer, "churn")) {
        g->up_ms = fields_number(r, "up_ms", 1e-3, BIG);
        g->down_ms = fields_number(r, "down_ms", 0, BIG);
    }
}

static void read_group(struct fields *r, const struct json_node *peer, const struct fleet_cfg *cfg,
                       struct fleet_group *g)
{
    fields_within(r, peer, "peers");
    fields_name(r, "class", g->class, FLEET_NAME_BYTES);
    g->count = (uint32_t)fields_number(r, "count", 1, FLEET_HELPERS_MAX);
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

static void read_peers(struct fields *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    const struct json_node *peers = json_get(top, "peers");
    const size_t groups = json_get_count(peers);
    fields_within(r, top, "it");
    if (groups == 0 || groups > FLEET_GROUPS_MAX) {
        fields_blame(r, "peers (1 to 64 groups)");
        return;
    }
    for (uint32_t i = 0; i < groups; i++)
        read_group(r, json_get_item(peers, i), cfg, &cfg->group[i]);
    cfg->group_count = (uint32_t)groups;
}

static void read_types(struct fields *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    const struct json_node *tasks = json_get(top, "tasks");
    const size_t count = json_get_count(tasks);
    if (count == 0 || count > FLEET_TYPES_MAX) {
        fields_blame(r, "tasks (1 to 16 types)");
        return;
    }
    cfg->type_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct fleet_type *t = &cfg->type[i];
        fields_within(r, json_get_item(tasks, i), "tasks");
        fields_name(r, "name", t->name, FLEET_NAME_BYTES);
        t->deadline_ms = fields_number(r, "deadline_ms", 0, BIG);
        t->work_ms = fields_number(r, "work_ms", 0, BIG);
        t->size_sigma = fields_number_or(r, "size_sigma", 0, 10, 0.3);
        t->share = fields_number_or(r, "share", 0, BIG, 1);
    }
}

static void read_frames(struct fields *r, struct fleet_cfg *cfg)
{
    cfg->pattern = FLEET_FRAMES;
    cfg->frames_s = fields_number(r, "fps", 1e-3, 1e6);
    fields_within(r, json_get(r->object, "per_frame"), "per_frame");
    for (uint32_t i = 0; i < cfg->type_count; i++)
        cfg->type[i].per_frame = (uint32_t)fields_number_or(r, cfg->type[i].name, 0, 1e6, 0);
}

static void read_arrivals(struct fields *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    struct bytes pattern = bytes_of(NULL, 0);
    fields_within(r, json_get(top, "arrivals"), "arrivals");
    if (!json_get_text(json_get(r->object, "pattern"), &pattern))
        fields_blame(r, "pattern");
    if (bytes_is(pattern, "frames")) {
        read_frames(r, cfg);
        return;
    }
    cfg->rate_s = fields_number(r, "rate_per_s", 1e-3, 1e9);
    if (bytes_is(pattern, "bursts")) {
        cfg->pattern = FLEET_BURSTS;
        cfg->period_ms = fields_number(r, "period_ms", 1, BIG);
        cfg->burst_ms = fields_number(r, "burst_ms", 0, BIG);
        cfg->burst_x = fields_number(r, "burst_x", 1e-3, 1e6);
    } else if (!bytes_is(pattern, "poisson")) {
        fields_blame(r, "pattern");
    }
}

static void read_top(struct fields *r, const struct json_node *top, struct fleet_cfg *cfg)
{
    struct bytes schema;
    fields_within(r, top, "it");
    if (!json_get_text(json_get(top, "schema"), &schema) || !bytes_is(schema, "shoal-scenario/1"))
        fields_blame(r, "schema (shoal-scenario/1)");
    fields_name(r, "name", cfg->name, FLEET_NAME_BYTES);
    cfg->seed = (uint64_t)fields_number(r, "seed", 0, 9e15);
    cfg->start_hour = fields_number_or(r, "start_hour", 0, 24, 12);
    cfg->day_ms = fields_number_or(r, "day_ms", 1, BIG, 86400000);
    cfg->task_count = (uint32_t)fields_number(r, "n_tasks", 1, FLEET_TASKS_MAX);
    cfg->attempts_max = (uint32_t)fields_number(r, "max_attempts", 1, FLEET_ATTEMPTS_MAX);
    cfg->warmup_share = fields_number_or(r, "warmup_share", 0, 0.99, 0.1);
    cfg->give_up_ms = fields_number(r, "give_up_ms", 1, BIG);
    cfg->detect_down_ms = fields_number_or(r, "detect_down_ms", 0, BIG, 40);
}

enum rc scenario_read(struct fleet_cfg *out, struct bytes json, struct err *err)
{
    struct json_node *top = NULL;
    struct fields r = {.object = NULL};
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
