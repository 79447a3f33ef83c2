// SPDX-License-Identifier: MIT
// Entry: where shoal nodes meet when nothing else tells one of another.
//
// Each announces itself in Mainline's DHT (BEP 5) under a key that anybody can compute, and that
// is another one each day, so that nobody sits around it for long:
//
//     the first 20 bytes of SHA-256("shoal net 1" | the UTC date as "2026-11-27")
//
// A few of those who are found there are pinged; who answers as a shoal node is a contact. It
// stands outside of the node, whose ops it uses as any host would, and the host drives both:
//
//     entry_tick(&e, d, wall_s, now_us);   // when entry_due_us says
//     if (entry_event(&e, d, &event))      // of each event: was it ours?
//
// A value type. No clock, no dice but the seed.
#ifndef DHT_ENTRY_H
#define DHT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "dht/dht.h"

#define ENTRY_EVERY_US   UINT64_C(1500000000) // 25 min: nodes forget who announced after 30
#define ENTRY_FIRST_US   30000000u            // until then the table fills
#define ENTRY_PINGS      8u                   // of those who are found, each time
#define ENTRY_ENOUGH     8u                   // shoal contacts: who does not announce asks no more
#define ENTRY_TEXT_BYTES 11                   // of the date, with its final 0

struct entry { // fields are private to entry.c
    struct rng dice;
    uint64_t due_us;
    uint32_t op;                // the search under way; 0: none
    uint32_t ping[ENTRY_PINGS]; // what came of it, likewise
    uint32_t pinged;            // by this search
    bool is_announced;
};

// The date that a key is for, "2026-11-27"; unix_s up to the year 9999.
void entry_date(uint64_t unix_s, char out[static ENTRY_TEXT_BYTES]);
struct dht_id entry_key(uint64_t unix_s);

// is_announced: others are to find us; not for who is read-only, or pays for each byte.
void entry_init(struct entry *e, bool is_announced, uint64_t seed, uint64_t now_us);
uint64_t entry_due_us(const struct entry *e);
// Begins a search if it is time, or tries again a little later if the node has no room for it.
void entry_tick(struct entry *e, struct dht *d, uint64_t unix_s, uint64_t now_us);
// True: the event was of an op that was begun here, and is no business of others.
bool entry_event(struct entry *e, struct dht *d, const struct dht_event *event);

#endif
