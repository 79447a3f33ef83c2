// SPDX-License-Identifier: MIT
// What `shoal dht` prints: results on standard output, one a line, words about them on standard
// error; with --json both as objects on standard output.
#ifndef PROG_DHT_VIEW_H
#define PROG_DHT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "dht/dht.h"
#include "prog/dht/job.h"

struct dht_view { // a value type
    bool is_json;
    bool has_value; // an item came; its newest form:
    uint64_t results;
    int64_t seq;
    size_t value_bytes;
    uint8_t value[ITEM_VALUE_BYTES_MAX]; // bencoded
};

// A result of the op (anything but DHT_DONE).
void dht_view_event(struct dht_view *v, const struct dht_event *e);
// The op's end: the item that was got, who confirmed, and what it took. True: it was a success.
bool dht_view_done(struct dht_view *v, const struct dht_job *job, const struct dht_event *e);
// A provider record went out: nodes that confirmed it, and the time that took.
void dht_view_provided(struct dht_view *v, uint64_t stored, uint64_t time_us);
// A word about what goes on, to standard error; nothing with --json.
void dht_view_say(const struct dht_view *v, const char *text);
// What a get found: the string, or the whole bencoded value if it is none.
struct bytes dht_view_content(const struct dht_view *v);

#endif
