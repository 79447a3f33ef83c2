// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a node of the DHT sees: where it listens, whether
// anybody answers, and how it fares.
#include "prog/node/view.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/json_line.h"

#define LINE_ROOM  320
#define US_PER_MIN (60.0 * US_PER_S)
#define SIZE_ALONE 100 // a network that is smaller is counted by its members, not estimated
#define MILLION    1000000

static void put_addr(struct json_writer *w, const char *name, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_BYTES];
    net_addr_text(a, text);
    json_put_text(w, name, text);
}

void node_view_start(struct node_view *v, const struct dht *d, const struct net_addr *at,
                     const char *folder, uint64_t now_us)
{
    char hex[DHT_ID_HEX_BYTES], where[NET_ADDR_TEXT_BYTES];
    v->start_us = now_us;
    v->told_us = now_us;
    dht_id_hex(dht_own_id(d), hex);
    net_addr_text(at, where);
    if (!v->is_json) {
        printf("DHT node listening on %s, id %.8s...; identity and known nodes are in %s\n", where,
               hex, folder);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "listening");
    put_addr(w, "at", at);
    json_put_text(w, "id", hex);
    json_put_bytes(w, "folder", bytes_text(folder));
    json_put_u64(w, "memory_bytes", dht_bytes(d));
    json_line_end(&line);
}

// ---- Events

static void event_as_json(const struct dht_event *e, const struct dht *d)
{
    char hex[DHT_ID_HEX_BYTES];
    const bool is_self = e->kind == DHT_SELF;
    const char *event = is_self ? "address" : e->rc == RC_OK ? "joined" : "alone";
    struct json_line line;
    struct json_writer *w = json_line_start(&line, event);
    dht_id_hex(dht_own_id(d), hex);
    if (is_self && e->addr_count > 0)
        put_addr(w, "address", &e->addrs[0]);
    json_put_text(w, "id", hex);
    json_line_end(&line);
}

void node_view_event(struct node_view *v, const struct dht_event *e, const struct dht *d,
                     uint64_t now_us)
{
    if (e->kind != DHT_SELF && e->kind != DHT_RESPONDS)
        return;
    if (v->is_json) {
        event_as_json(e, d);
        return;
    }
    char room[LINE_ROOM], hex[DHT_ID_HEX_BYTES];
    struct text t = text_of(room, sizeof room);
    dht_id_hex(dht_own_id(d), hex);
    if (e->kind == DHT_SELF && e->addr_count > 0) {
        char where[NET_ADDR_TEXT_BYTES];
        net_addr_text(&e->addrs[0], where);
        text_addf(&t, "others see this node at %s; its id is now %.8s...", where, hex);
    } else if (e->rc == RC_OK) {
        text_add(&t, "joined: the first nodes answer, after ");
        text_add_time(&t, time_since(v->start_us, now_us));
    } else {
        text_add(&t, "nobody answers any more: looking for nodes again");
    }
    puts(room);
}

// ---- How it fares

static uint64_t all_of(const uint64_t count[static KRPC_METHOD_COUNT])
{
    uint64_t all = 0;
    for (unsigned i = 0; i < KRPC_METHOD_COUNT; i++)
        all += count[i];
    return all;
}

static void put_methods(struct json_writer *w, const char *name,
                        const uint64_t count[static KRPC_METHOD_COUNT])
{
    json_put_object(w, name);
    for (unsigned i = 0; i < KRPC_METHOD_COUNT; i++)
        if (count[i] > 0)
            json_put_u64(w, i == KRPC_NO_METHOD ? "unknown" : krpc_method_text(i), count[i]);
    json_put_object_end(w);
}

static void put_table(struct json_writer *w, const struct dht_stat *s)
{
    json_put_u64(w, "good", s->contacts_good);
    json_put_u64(w, "questionable", s->contacts_questionable);
    json_put_u64(w, "bad", s->contacts_bad);
    json_put_u64(w, "shoal", s->contacts_shoal);
    json_put_u64(w, "spare", s->contacts_spare);
    json_put_u64(w, "network_size", s->network_size);
    json_put_f64(w, "rtt_ms", s->rtt_us / 1000.0);
}

static void put_packets(struct json_writer *w, const struct dht_stat *s, const struct udp_stat *u)
{
    json_put_u64(w, "in_packets", u->in);
    json_put_u64(w, "in_bytes", u->in_bytes); // with the heads of UDP and IPv4
    json_put_u64(w, "out_packets", u->out);
    json_put_u64(w, "out_bytes", u->out_bytes);
    json_put_u64(w, "not_sent", u->dropped);
    json_put_u64(w, "endpoints", s->endpoints);
}

static void put_messages(struct json_writer *w, const struct dht_stat *s)
{
    put_methods(w, "queries_in", s->queries_in);
    put_methods(w, "queries_out", s->queries_out);
    json_put_u64(w, "answers_in", s->answers_in);
    json_put_u64(w, "answers_out", s->answers_out);
    json_put_u64(w, "errors_in", s->errors_in);
    json_put_u64(w, "errors_out", s->errors_out);
    json_put_u64(w, "timeouts", s->timeouts);
    json_put_u64(w, "malformed", s->malformed);
    json_put_u64(w, "unasked", s->answers_unasked);
    json_put_u64(w, "over_limit", s->dropped_source + s->dropped_bytes);
    json_put_u64(w, "bad_nodes", s->bad_nodes);
    json_put_u64(w, "bad_values", s->bad_values);
    json_put_u64(w, "own", s->own);
}

static void status_as_json(const struct dht_stat *s, const struct node_fares *f, uint64_t up_us,
                           const char *event)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, event);
    json_put_f64(w, "up_s", (double)up_us / US_PER_S);
    put_table(w, s);
    put_packets(w, s, &f->traffic);
    put_messages(w, s);
    json_line_end(&line);
}

static void add_size(struct text *t, uint64_t nodes)
{
    if (nodes >= MILLION)
        text_addf(t, " of about %.1f million", (double)nodes / MILLION);
    else if (nodes >= SIZE_ALONE)
        text_addf(t, " of about %" PRIu64, nodes);
}

// "in 12 packets/min (1.2 kB/min)"
static void add_rate(struct text *t, const char *way, uint64_t packets, uint64_t bytes,
                     double minutes)
{
    text_addf(t, "%s %.0f packets/min (", way, (double)packets / minutes);
    text_add_size(t, (uint64_t)((double)bytes / minutes));
    text_add(t, ")");
}

void node_view_status(struct node_view *v, const struct node_fares *f)
{
    struct dht_stat s;
    dht_stat(f->dht, &s);
    if (v->is_json) {
        status_as_json(&s, f, time_since(v->start_us, f->now_us), "status");
        return;
    }
    char room[LINE_ROOM];
    struct text t = text_of(room, sizeof room);
    const double minutes = (double)time_since(v->told_us, f->now_us) / US_PER_MIN;
    text_addf(&t, "%" PRIu32 " good node%s", s.contacts_good, s.contacts_good == 1 ? "" : "s");
    add_size(&t, s.network_size);
    if (s.contacts_shoal > 0)
        text_addf(&t, ", %" PRIu32 " of shoal's", s.contacts_shoal);
    if (minutes > 0) {
        const struct udp_stat *a = &v->told, *b = &f->traffic;
        add_rate(&t, "; in", b->in - a->in, b->in_bytes - a->in_bytes, minutes);
        add_rate(&t, ", out", b->out - a->out, b->out_bytes - a->out_bytes, minutes);
    }
    text_addf(&t, "; %" PRIu64 " queries answered", s.answers_out);
    puts(room);
    v->told_us = f->now_us;
    v->told = f->traffic;
}

void node_view_end(struct node_view *v, const struct node_fares *f)
{
    struct dht_stat s;
    dht_stat(f->dht, &s);
    const uint64_t up_us = time_since(v->start_us, f->now_us);
    if (v->is_json) {
        status_as_json(&s, f, up_us, "end");
        return;
    }
    char room[LINE_ROOM];
    struct text t = text_of(room, sizeof room);
    text_addf(&t, "%" PRIu64 " queries answered, %" PRIu64 " asked, in ", s.answers_out,
              all_of(s.queries_out));
    text_add_time(&t, up_us);
    text_add(&t, "; ");
    text_add_size(&t, f->traffic.in_bytes);
    text_add(&t, " came and ");
    text_add_size(&t, f->traffic.out_bytes);
    text_add(&t, " went");
    puts(room);
}
