// SPDX-License-Identifier: MIT
// What `shoal dht` prints: results on standard output, one a line, words about them on standard
// error; with --json both as objects on standard output.
#include "prog/dht/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/json_line.h"

#define LINE_ROOM 1200

static void put_hex(struct json_writer *w, const char *name, struct bytes b)
{
    char hex[2 * ITEM_VALUE_BYTES_MAX + 1];
    hex_encode(bytes_part(b, 0, ITEM_VALUE_BYTES_MAX), hex);
    json_put_text(w, name, hex);
}

void dht_view_say(const struct dht_view *v, const char *text)
{
    if (!v->is_json)
        fprintf(stderr, "%s\n", text);
}

// ---- Results

static void show_addr(const struct dht_view *v, const char *event, const struct net_addr *addr)
{
    char where[NET_ADDR_TEXT_BYTES];
    net_addr_text(addr, where);
    if (!v->is_json) {
        puts(where);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, event);
    json_put_text(w, "address", where);
    json_line_end(&line);
}

static void show_pong(const struct dht_view *v, const struct dht_event *e)
{
    char where[NET_ADDR_TEXT_BYTES], room[LINE_ROOM];
    if (e->addr_count == 0)
        return;
    net_addr_text(&e->addrs[0], where);
    struct text text = text_of(room, sizeof room);
    if (v->is_json) {
        struct json_line line;
        struct json_writer *w = json_line_start(&line, "pong");
        json_put_text(w, "address", where);
        json_put_f64(w, "ms", (double)e->rtt_us / US_PER_MS);
        json_line_end(&line);
        return;
    }
    text_addf(&text, "%s answered in ", where);
    text_add_time(&text, e->rtt_us);
    puts(room);
}

static void samples_as_json(const struct dht_event *e)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "samples");
    json_put_i64(w, "num", e->num);
    json_put_i64(w, "interval_s", e->interval_s);
    json_put_array(w, "samples");
    for (size_t at = 0; at + DHT_ID_BYTES <= e->samples.len; at += DHT_ID_BYTES)
        put_hex(w, NULL, bytes_part(e->samples, at, DHT_ID_BYTES));
    json_put_array_end(w);
    json_line_end(&line);
}

static void show_samples(const struct dht_view *v, const struct dht_event *e)
{
    char hex[DHT_ID_HEX_BYTES];
    if (v->is_json) {
        samples_as_json(e);
        return;
    }
    for (size_t at = 0; at + DHT_ID_BYTES <= e->samples.len; at += DHT_ID_BYTES) {
        hex_encode(bytes_part(e->samples, at, DHT_ID_BYTES), hex);
        puts(hex);
    }
    fprintf(stderr, "it keeps peers for %" PRId64 " and shows others in %" PRId64 " s\n", e->num,
            e->interval_s);
}

static void record_as_json(const struct record *r, const char *node)
{
    char where[NET_ADDR_TEXT_BYTES];
    const bool is_fault = r->kind == RECORD_FAULT;
    struct json_line line;
    struct json_writer *w = json_line_start(&line, is_fault ? "fault" : "provider");
    json_put_text(w, "node", is_fault ? NULL : node);
    json_put_u64(w, "expires_s", r->expires_s);
    json_put_array(w, "addresses");
    for (unsigned i = 0; i < r->address_count; i++) {
        net_addr_text(&r->address[i], where);
        json_put_text(w, NULL, where);
    }
    json_put_array_end(w);
    json_line_end(&line);
}

static void show_record(const struct dht_view *v, const struct dht_event *e)
{
    char node[NODE_ID_HEX_BYTES], where[NET_ADDR_TEXT_BYTES], room[LINE_ROOM];
    const struct record *r = &e->record;
    struct text text = text_of(room, sizeof room);
    const bool is_fault = r->kind == RECORD_FAULT;
    const struct node_id id = node_id_of(&r->node);
    node_id_hex(&id, node);
    if (v->is_json) {
        record_as_json(r, node);
        return;
    }
    text_add(&text, is_fault ? "proof of a fault" : node);
    for (unsigned i = 0; i < r->address_count; i++) {
        net_addr_text(&r->address[i], where);
        text_addf(&text, " %s", where);
    }
    puts(room);
}

static void keep_item(struct dht_view *v, const struct item *item)
{
    if (item->v.len > sizeof v->value) // checked by whoever found it
        return;
    v->has_value = true;
    v->seq = item->seq;
    v->value_bytes = item->v.len;
    memcpy(v->value, item->v.at, item->v.len);
}

void dht_view_event(struct dht_view *v, const struct dht_event *e)
{
    v->results++;
    switch (e->kind) {
    case DHT_PEERS:
        for (uint32_t i = 0; i < e->addr_count; i++)
            show_addr(v, "peer", &e->addrs[i]);
        break;
    case DHT_ITEM:
        keep_item(v, &e->item);
        break;
    case DHT_RECORD:
        show_record(v, e);
        break;
    case DHT_PONG:
        show_pong(v, e);
        break;
    case DHT_SAMPLES:
        show_samples(v, e);
        break;
    case DHT_DONE:
    case DHT_SELF:
    case DHT_RESPONDS:
        break; // no results
    }
}

// ---- The end

struct bytes dht_view_content(const struct dht_view *v)
{
    const struct bytes whole = bytes_of(v->value, v->value_bytes);
    const uint8_t *colon = v->value_bytes > 0 && v->value[0] >= '0' && v->value[0] <= '9'
                               ? memchr(v->value, ':', v->value_bytes)
                               : NULL; // of a string's length
    return colon != NULL ? bytes_part(whole, (size_t)(colon - v->value) + 1, whole.len) : whole;
}

static void show_value(const struct dht_view *v, const struct dht_job *job)
{
    const struct bytes content = dht_view_content(v);
    if (!v->is_json) {
        char room[LINE_ROOM];
        struct text text = text_of(room, sizeof room);
        text_add_safe(&text, content);
        puts(room);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "item");
    json_put_bytes(w, "value", content);
    put_hex(w, "bencoded", bytes_of(v->value, v->value_bytes));
    if (job->is_mutable) {
        put_hex(w, "key", bytes_of(job->key.b, sizeof job->key.b));
        json_put_bytes(w, "salt", job->salt);
        json_put_i64(w, "seq", v->seq);
    }
    json_line_end(&line);
}

static const char *word_of(enum rc rc)
{
    switch (rc) {
    case RC_OK:
        return "done";
    case RC_ABSENT:
        return "nobody has it";
    case RC_TIMEOUT:
        return "too few nodes answered to say";
    case RC_REFUSED:
        return "refused: what is stored is newer, or not what --cas says";
    case RC_CLOSED:
        return "given up";
    default:
        return rc_text(rc);
    }
}

static void done_as_json(const struct dht_job *job, const struct dht_event *e)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "done");
    json_put_text(w, "result", rc_text(e->rc));
    if (job->tool == DHT_TOOL_PUT) {
        const struct dht_id target = item_target(&job->item);
        put_hex(w, "target", dht_id_bytes(&target));
        if (job->is_mutable) {
            put_hex(w, "key", bytes_of(job->key.b, sizeof job->key.b));
            json_put_i64(w, "seq", job->item.seq);
        }
    }
    json_put_u64(w, "stored", e->counts.stored);
    json_put_u64(w, "found", e->counts.found);
    json_put_u64(w, "queries", e->counts.queries);
    json_put_u64(w, "answers", e->counts.answers);
    json_put_u64(w, "hops", e->counts.hops);
    json_put_f64(w, "ms", (double)e->counts.time_us / US_PER_MS);
    json_put_f64(w, "first_ms", (double)e->counts.first_us / US_PER_MS);
    json_line_end(&line);
}

static void show_put(const struct dht_job *job)
{
    char hex[2 * SIGN_PUBLIC_BYTES + 1];
    const struct dht_id target = item_target(&job->item);
    hex_encode(job->is_mutable ? bytes_of(job->key.b, sizeof job->key.b) : dht_id_bytes(&target),
               hex);
    puts(hex); // what `get` wants
    if (job->is_mutable)
        fprintf(stderr, "seq %" PRId64 "\n", job->item.seq);
}

// "done: 8 nodes keep it; 12 of 14 queries answered, 310 ms"
static void show_done(const struct dht_view *v, const struct dht_job *job,
                      const struct dht_event *e)
{
    char room[LINE_ROOM];
    struct text t = text_of(room, sizeof room);
    const struct dht_counts *c = &e->counts;
    text_add(&t, word_of(e->rc));
    const bool is_store = job->tool == DHT_TOOL_PUT || job->tool == DHT_TOOL_ANNOUNCE;
    if (is_store && c->stored > 0)
        text_addf(&t, ": %" PRIu32 " node%s keep%s it", c->stored, c->stored == 1 ? "" : "s",
                  c->stored == 1 ? "s" : "");
    if (v->has_value && job->is_mutable)
        text_addf(&t, ", seq %" PRId64, v->seq);
    text_addf(&t, "; %" PRIu32 " of %" PRIu32 " queries answered, ", c->answers, c->queries);
    text_add_time(&t, c->time_us);
    dht_view_say(v, room);
}

bool dht_view_done(struct dht_view *v, const struct dht_job *job, const struct dht_event *e)
{
    if (job->tool == DHT_TOOL_NODES)
        for (uint32_t i = 0; i < e->addr_count; i++)
            show_addr(v, "node", &e->addrs[i]);
    if (v->has_value)
        show_value(v, job);
    if (v->is_json) {
        done_as_json(job, e);
    } else {
        if (job->tool == DHT_TOOL_PUT && e->rc == RC_OK)
            show_put(job);
        show_done(v, job, e);
    }
    return e->rc == RC_OK;
}

void dht_view_provided(struct dht_view *v, uint64_t stored, uint64_t time_us)
{
    if (!v->is_json) {
        char room[LINE_ROOM];
        struct text text = text_of(room, sizeof room);
        text_addf(&text, "done: published %" PRIu64 " time%s, ", stored, stored == 1 ? "" : "s");
        text_add_time(&text, time_us);
        dht_view_say(v, room);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "done");
    json_put_text(w, "result", rc_text(RC_OK));
    json_put_u64(w, "stored", stored);
    json_put_f64(w, "ms", (double)time_us / US_PER_MS);
    json_line_end(&line);
}
