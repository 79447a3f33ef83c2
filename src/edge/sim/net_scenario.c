// SPDX-License-Identifier: MIT
// Networks of hosts to be tried, read from JSON.
#include "sim/net_scenario.h"

#include "base/num.h"
#include "sim/fields.h"
#include "wire/json.h"

#define BIG       1e9
#define NODES_MAX 32768.0 // half of SIM_NET_HOSTS_MAX: attackers come besides

static const char *const law_names[] = {"always", "exponential", "weibull", "pareto"};
static const char *const object_names[NET_OBJECT_COUNT] = {"peers", "items", "records"};
static const char *const lie_names[NET_LIE_COUNT] = {"made-up", "nothing", "bad", "clique"};
static const char *const event_names[NET_EVENT_COUNT] = {"vanish", "replace", "sleep", "part",
                                                         "loss"};

const char *net_object_name(enum net_object o)
{
    return object_names[o];
}

// One of `count` words; the first one if it is none of them, which is blamed.
static unsigned word(struct fields *f, const char *member, const char *const *names, unsigned count)
{
    struct bytes text;
    if (json_get_text(json_get(f->object, member), &text))
        for (unsigned i = 0; i < count; i++)
            if (bytes_is(text, names[i]))
                return i;
    fields_blame(f, member);
    return 0;
}

static void read_net(struct fields *f, const struct json_node *top, struct net_scenario *s)
{
    fields_within(f, json_get(top, "net"), "net");
    s->net.rtt_ms = fields_number_or(f, "rtt_ms", 0.01, 10000, 90);
    s->net.jitter_ms = fields_number_or(f, "jitter_ms", 0, 10000, 2);
    s->net.loss = fields_number_or(f, "loss", 0, 1, 0.005);
    s->net.queue_us_max = (uint64_t)(1000 * fields_number_or(f, "queue_ms", 0, 60000, 200));
    s->net.sessions_max = (uint32_t)fields_number_or(f, "nat_sessions", 8, 65536, 256);
    s->up_bytes_s = (uint64_t)(125 * fields_number_or(f, "up_kbit_s", 0, BIG, 10000));
    s->down_bytes_s = (uint64_t)(125 * fields_number_or(f, "down_kbit_s", 0, BIG, 50000));
    s->session_s[0] = fields_number_or(f, "session_s_min", 1, 86400, 60);
    s->session_s[1] = fields_number_or(f, "session_s_max", s->session_s[0], 86400,
                                       s->session_s[0] < 300 ? 300 : s->session_s[0]);
    s->is_private = fields_flag_or(f, "private", false);
    s->is_served = fields_flag_or(f, "only_reachable_serve", false);
    if (!fields_enter(f, json_get(top, "net"), "nat")) {
        s->nat[SIM_NAT_OPEN] = 1;
        return;
    }
    double sum = 0;
    for (unsigned i = 0; i < SIM_NAT_COUNT; i++) {
        s->nat[i] = fields_number_or(f, sim_nat_name((enum sim_nat)i), 0, 1, 0);
        sum += s->nat[i];
    }
    if (!(sum > 0))
        fields_blame(f, "(any kind)");
}

static void read_stay(struct fields *f, const struct json_node *top, struct net_stay *s)
{
    if (!fields_enter(f, top, "stay"))
        return;
    s->law = (enum net_law)word(f, "law", law_names, ARRAY_COUNT(law_names));
    s->mean_min = fields_number(f, "mean_min", 0.1, BIG);
    s->away_min = fields_number_or(f, "away_min", 0.01, BIG, s->mean_min);
    s->shape = fields_number_or(f, "shape", s->law == NET_LAW_PARETO ? 1.01 : 0.1, 10, 1.5);
}

static void read_goods(struct fields *f, const struct json_node *top, struct net_scenario *s)
{
    const struct json_node *objects = json_get(top, "objects");
    uint32_t all = 0;
    for (unsigned i = 0; i < NET_OBJECT_COUNT; i++) {
        struct net_goods *g = &s->goods[i];
        if (!fields_enter(f, objects, object_names[i]))
            continue;
        g->objects = (uint32_t)fields_number(f, "count", 1, NET_OBJECTS_MAX);
        g->providers = (uint32_t)fields_number_or(f, "providers", 1, 64, 1);
        g->share = fields_number_or(f, "share", 0, BIG, 1);
        all += g->objects;
    }
    fields_within(f, objects, "objects");
    if (all == 0)
        fields_blame(f, "(any kind)");
    s->publishers_leave = fields_flag_or(f, "publishers_leave", false);
}

static void read_liars(struct fields *f, const struct json_node *top, struct net_scenario *s)
{
    if (fields_enter(f, top, "liars")) {
        double sum = 0;
        s->liars = fields_number(f, "share", 0, 0.9);
        for (unsigned i = 0; i < NET_LIE_COUNT; i++) {
            s->lie[i] = fields_number_or(f, lie_names[i], 0, 1, 0);
            sum += s->lie[i];
        }
        if (!(sum > 0))
            fields_blame(f, "(any kind)");
    }
    if (fields_enter(f, top, "siege")) {
        s->siege.addresses = (uint32_t)fields_number(f, "addresses", 1, 4096);
        s->siege.blocks = (uint32_t)fields_number_or(f, "blocks", 1, 4096, 4096);
        s->siege.object = (enum net_object)word(f, "object", object_names, NET_OBJECT_COUNT);
        s->siege.share = fields_number_or(f, "share", 0, 1, 1);
        s->siege.at_min = fields_number_or(f, "at_min", 0, NET_MINUTES_MAX, 0);
        if (s->goods[s->siege.object].objects == 0)
            fields_blame(f, "object");
    }
}

static void read_phases(struct fields *f, const struct json_node *top, struct net_scenario *s)
{
    const struct json_node *phases = json_get(top, "phases");
    const size_t count = json_get_count(phases);
    fields_within(f, top, "it");
    if (count > NET_PHASES_MAX) {
        fields_blame(f, "phases (at most 32)");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct net_phase *p = &s->phase[i];
        fields_within(f, json_get_item(phases, i), "phases");
        p->event = (enum net_event)word(f, "event", event_names, NET_EVENT_COUNT);
        p->share = fields_number(f, "share", 0, 1);
        p->at_min = fields_number_or(f, "at_min", 0, NET_MINUTES_MAX, 0);
        p->for_min = fields_number_or(f, "for_min", 0, NET_MINUTES_MAX, 0);
        p->every_min = fields_number_or(f, "every_min", 0, NET_MINUTES_MAX, 0);
        if (p->every_min > 0 && p->every_min < 0.01)
            fields_blame(f, "every_min");
    }
    s->phases = (uint32_t)count;
}

static void read_goal(struct fields *f, const struct json_node *top, struct net_goal *g)
{
    if (!fields_enter(f, top, "goal"))
        return;
    g->found = fields_number_or(f, "found", 0, 1, 0);
    g->right = fields_number_or(f, "right", 0, 1, 0);
    g->first_ms = fields_number_or(f, "median_ms", 0, BIG, 0);
    g->last_ms = fields_number_or(f, "p99_ms", 0, BIG, 0);
    g->bytes = (uint32_t)fields_number_or(f, "bytes", 0, BIG, 0);
}

static void read_top(struct fields *f, const struct json_node *top, struct net_scenario *s)
{
    struct bytes schema;
    fields_within(f, top, "it");
    if (!json_get_text(json_get(top, "schema"), &schema) || !bytes_is(schema, "shoal-network/1"))
        fields_blame(f, "schema (shoal-network/1)");
    fields_name(f, "name", s->name, sizeof s->name);
    s->seed = (uint64_t)fields_number_or(f, "seed", 0, 9e15, 1);
    s->nodes = (uint32_t)fields_number(f, "nodes", 4, NODES_MAX);
    s->warmup_min = fields_number_or(f, "warmup_min", 0.5, NET_MINUTES_MAX, 10);
    s->measure_min = fields_number(f, "minutes", 0.1, NET_MINUTES_MAX);
    s->lookups_s = fields_number(f, "lookups_s", 0.001, 100000);
    s->is_roomy = fields_flag_or(f, "roomy", false);
    s->absent = fields_number_or(f, "absent", 0, 1, 0);
}

enum rc net_scenario_read(struct net_scenario *out, struct bytes json, struct err *err)
{
    struct json_node *top = NULL;
    struct fields f = {.object = NULL};
    const enum rc rc = json_open(&top, json, err);
    if (rc != RC_OK)
        return rc;
    *out = (struct net_scenario){.seed = 0};
    read_top(&f, top, out);
    read_net(&f, top, out);
    read_stay(&f, top, &out->stay);
    read_goods(&f, top, out);
    read_liars(&f, top, out);
    read_phases(&f, top, out);
    read_goal(&f, top, &out->goal);
    json_free(top);
    if (f.member == NULL)
        return RC_OK;
    return err_set(err, RC_MALFORMED, "no network: in %s, %s is missing or out of range", f.where,
                   f.member);
}
