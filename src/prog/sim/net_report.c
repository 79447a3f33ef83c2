// SPDX-License-Identifier: MIT
// What a played network came to: for people, as JSON, and beside its goals.
#include "prog/sim/net_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "prog/json_line.h"

double net_share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

struct net_count net_last_tenth(const struct net_figures *f)
{
    struct net_count sum = {.asked = 0};
    for (unsigned i = FIGURES_SLICES - FIGURES_SLICES / 10; i < FIGURES_SLICES; i++) {
        sum.asked += f->slice[i].asked;
        sum.found += f->slice[i].found;
        sum.right += f->slice[i].right;
    }
    return sum;
}

static double ms_at(const struct quantiles *q, unsigned permille)
{
    return (double)quantiles_at(q, permille) / US_PER_MS;
}

static double mean_of(const struct quantiles *q)
{
    return net_share(q->sum, q->count);
}

static double each_minute(const struct net_figures *f, uint64_t sum)
{
    return f->node_minutes > 0 ? (double)sum / f->node_minutes : 0;
}

// ---- For people

static void print_count(const char *what, const struct net_count *c)
{
    if (c->asked > 0)
        printf("  %-10s %8" PRIu64 " lookups, %6.2f %% found, %6.2f %% right\n", what, c->asked,
               100 * net_share(c->found, c->asked), 100 * net_share(c->right, c->asked));
}

static void print_lookups(const struct net_figures *f)
{
    printf("  until the first true answer: median %.0f ms, p95 %.0f, p99 %.0f; until the end: "
           "median %.0f, p99 %.0f\n",
           ms_at(&f->first_us, 500), ms_at(&f->first_us, 950), ms_at(&f->first_us, 990),
           ms_at(&f->done_us, 500), ms_at(&f->done_us, 990));
    printf("  hops: mean %.2f, p99 %" PRIu64 "; queries of a lookup: mean %.1f, p99 %" PRIu64
           ", %.1f %% unanswered\n",
           mean_of(&f->hops), quantiles_at(&f->hops, 990), mean_of(&f->queries),
           quantiles_at(&f->queries, 990), 100 * (1 - net_share(f->answers, f->queries.sum)));
    printf("  something wrong told in %" PRIu64 ", forged %" PRIu64 ", unended %" PRIu64
           ", refused %" PRIu64 "; published %" PRIu64 ", failed %" PRIu64 "\n",
           f->poisoned, f->forged, f->unended, f->refused, f->published, f->publish_failed);
}

static void print_traffic(const struct net_figures *f)
{
    const struct sim_net_stat *n = &f->net;
    printf("  a node and minute: %.1f datagrams, %.0f bytes sent (%.2f MB a day)\n",
           each_minute(f, n->sent), each_minute(f, n->sent_bytes),
           each_minute(f, n->sent_bytes) * 1440 / 1e6);
    printf("  of %" PRIu64
           " datagrams: %.1f %% delivered, lost %.1f, nobody there %.1f, down %.1f, "
           "filtered %.1f, parted %.1f, too narrow %.1f\n",
           n->sent, 100 * net_share(n->delivered, n->sent), 100 * net_share(n->lost, n->sent),
           100 * net_share(n->no_host, n->sent), 100 * net_share(n->down, n->sent),
           100 * net_share(n->filtered, n->sent), 100 * net_share(n->parted, n->sent),
           100 * net_share(n->queue + n->full, n->sent));
}

void net_report_table(const struct net_scenario *s, const struct net_figures *f)
{
    printf("\n%s: %u nodes, %.0f minutes measured after %.0f, seed %" PRIu64 "\n", s->name,
           s->nodes, s->measure_min, s->warmup_min, s->seed);
    print_count("all", &f->all);
    for (unsigned k = 0; k < NET_OBJECT_COUNT; k++)
        print_count(net_object_name((enum net_object)k), &f->kind[k]);
    const struct net_count last = net_last_tenth(f);
    print_count("last tenth", &last);
    print_count("absent", &f->absent);
    print_count("besieged", &f->siege);
    print_lookups(f);
    print_traffic(f);
    printf("  memory of a node: %u bytes; %u up at the end; %" PRIu64 " checks; %" PRIu64
           " answers over three times the query\n",
           f->node_bytes, f->up_at_end, f->checks, f->loud);
    printf("  %.0f simulated seconds in %.1f: %.0f times as fast; %" PRIu64
           " events, hash %016" PRIx64 "\n",
           f->simulated_s, f->run_s, f->run_s > 0 ? f->simulated_s / f->run_s : 0, f->events,
           f->hash);
}

// ---- As JSON

static void put_count(struct json_writer *w, const char *name, const struct net_count *c)
{
    json_put_object(w, name);
    json_put_u64(w, "asked", c->asked);
    json_put_f64(w, "found", net_share(c->found, c->asked));
    json_put_f64(w, "right", net_share(c->right, c->asked));
    json_put_object_end(w);
}

static void put_lookups(struct json_writer *w, const struct net_figures *f)
{
    put_count(w, "all", &f->all);
    for (unsigned k = 0; k < NET_OBJECT_COUNT; k++)
        put_count(w, net_object_name((enum net_object)k), &f->kind[k]);
    const struct net_count last = net_last_tenth(f);
    put_count(w, "last_tenth", &last);
    put_count(w, "absent", &f->absent);
    put_count(w, "besieged", &f->siege);
    json_put_f64(w, "first_ms_p50", ms_at(&f->first_us, 500));
    json_put_f64(w, "first_ms_p95", ms_at(&f->first_us, 950));
    json_put_f64(w, "first_ms_p99", ms_at(&f->first_us, 990));
    json_put_f64(w, "done_ms_p50", ms_at(&f->done_us, 500));
    json_put_f64(w, "done_ms_p99", ms_at(&f->done_us, 990));
    json_put_f64(w, "hops", mean_of(&f->hops));
    json_put_f64(w, "queries", mean_of(&f->queries));
    json_put_f64(w, "unanswered", 1 - net_share(f->answers, f->queries.sum));
    json_put_u64(w, "poisoned", f->poisoned);
    json_put_u64(w, "forged", f->forged);
    json_put_u64(w, "unended", f->unended);
    json_put_u64(w, "refused", f->refused);
    json_put_u64(w, "published", f->published);
    json_put_u64(w, "publish_failed", f->publish_failed);
}

void net_report_json(const struct net_scenario *s, const struct net_figures *f, const char *broken)
{
    char hash[17];
    struct text hex = text_of(hash, sizeof hash);
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    text_addf(&hex, "%016" PRIx64, f->hash);
    json_put_text(w, "scenario", s->name);
    json_put_u64(w, "seed", s->seed);
    json_put_u64(w, "nodes", s->nodes);
    json_put_text(w, "broken", broken);
    put_lookups(w, f);
    json_put_f64(w, "datagrams_node_min", each_minute(f, f->net.sent));
    json_put_f64(w, "bytes_node_min", each_minute(f, f->net.sent_bytes));
    json_put_u64(w, "datagrams", f->net.sent);
    json_put_f64(w, "delivered", net_share(f->net.delivered, f->net.sent));
    json_put_u64(w, "node_bytes", f->node_bytes);
    json_put_u64(w, "loud", f->loud);
    json_put_u64(w, "up_at_end", f->up_at_end);
    json_put_f64(w, "simulated_s", f->simulated_s);
    json_put_f64(w, "run_s", f->run_s);
    json_put_u64(w, "events", f->events);
    json_put_text(w, "hash", hash);
    json_line_end(&line);
}

// ---- Goals

enum rc net_report_goals(const struct net_scenario *s, const struct net_figures *f, struct err *err)
{
    const struct net_goal *g = &s->goal;
    const struct net_count *c = f->siege.asked > 0 ? &f->siege : &f->all;
    const double found = net_share(c->found, c->asked);
    const double right = net_share(c->right, c->asked);
    const double first_ms = ms_at(&f->first_us, 500);
    const double last_ms = ms_at(&f->first_us, 990);
    if (found < g->found)
        return err_set(err, RC_REFUSED, "goal missed: %.2f %% found, not %.2f", 100 * found,
                       100 * g->found);
    if (right < g->right)
        return err_set(err, RC_REFUSED, "goal missed: %.2f %% right, not %.2f", 100 * right,
                       100 * g->right);
    if (g->first_ms > 0 && first_ms > g->first_ms)
        return err_set(err, RC_REFUSED, "goal missed: median %.0f ms, not %.0f", first_ms,
                       g->first_ms);
    if (g->last_ms > 0 && last_ms > g->last_ms)
        return err_set(err, RC_REFUSED, "goal missed: p99 %.0f ms, not %.0f", last_ms, g->last_ms);
    if (g->bytes > 0 && f->node_bytes > g->bytes)
        return err_set(err, RC_REFUSED, "goal missed: a node takes %u bytes, not %u", f->node_bytes,
                       g->bytes);
    return RC_OK;
}
