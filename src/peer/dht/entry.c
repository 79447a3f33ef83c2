// SPDX-License-Identifier: MIT
// Where shoal nodes meet: the day's key, the search, and whom it tells of.
#include "dht/entry.h"

#include <assert.h>

#include "base/num.h"
#include "base/text.h"
#include "crypt/hash.h"

#define DAY_S    86400u
#define AGAIN_US 10000000u // the node had no room for a search
#define PREFIX   "shoal net 1"

// Days since 1970 to a date, by eras of 400 years that begin with March (proleptic Gregorian).
void entry_date(uint64_t unix_s, char out[static ENTRY_TEXT_BYTES])
{
    const uint64_t days = unix_s / DAY_S + 719468; // since 0000-03-01
    const uint64_t of_era = days % 146097;
    const uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const uint64_t from_march = (5 * of_year + 2) / 153;
    const uint64_t day = of_year - (153 * from_march + 2) / 5 + 1;
    const uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    struct text t = text_of(out, ENTRY_TEXT_BYTES);
    text_addf(&t, "%04u-%02u-%02u", (unsigned)(days / 146097 * 400 + year + (month <= 2)),
              (unsigned)month, (unsigned)day);
}

struct dht_id entry_key(uint64_t unix_s)
{
    char date[ENTRY_TEXT_BYTES];
    entry_date(unix_s, date);
    const struct bytes part[] = {bytes_text(PREFIX), bytes_text(date)};
    const struct digest name = hash_parts(part, ARRAY_COUNT(part));
    return dht_id_of_name(&name);
}

void entry_init(struct entry *e, bool is_announced, uint64_t seed, uint64_t now_us)
{
    *e = (struct entry){.dice = rng_seeded(seed),
                        .due_us = time_after(now_us, ENTRY_FIRST_US),
                        .is_announced = is_announced};
}

uint64_t entry_due_us(const struct entry *e)
{
    return e->due_us;
}

static bool is_wanted(const struct entry *e, const struct dht *d)
{
    struct dht_stat stat;
    dht_stat(d, &stat);
    return e->is_announced || stat.contacts_shoal < ENTRY_ENOUGH;
}

void entry_tick(struct entry *e, struct dht *d, uint64_t unix_s, uint64_t now_us)
{
    if (now_us < e->due_us)
        return;
    const uint64_t wait_us = ENTRY_EVERY_US - rng_below(&e->dice, ENTRY_EVERY_US / 5);
    e->due_us = time_after(now_us, wait_us);
    if (e->op != 0 || !is_wanted(e, d))
        return;
    const struct dht_id key = entry_key(unix_s);
    e->op = e->is_announced ? dht_announce(d, &key, 0, 0) : dht_find_peers(d, &key, 0);
    e->pinged = 0;
    if (e->op == 0)
        e->due_us = time_after(now_us, AGAIN_US);
}

static void ping(struct entry *e, struct dht *d, const struct net_addr *addr)
{
    const struct net_addr self = dht_self(d);
    if (e->pinged == ENTRY_PINGS || net_addr_equal(addr, &self))
        return;
    for (unsigned i = 0; i < ENTRY_PINGS; i++)
        if (e->ping[i] == 0) {
            e->ping[i] = dht_ping(d, addr);
            e->pinged += e->ping[i] != 0;
            return;
        }
}

// Some of them: whoever fills the first answers must not be all that we see.
static void ping_some(struct entry *e, struct dht *d, const struct dht_event *event)
{
    struct net_addr some[ENTRY_PINGS]; // a ping ends what the event lends
    const uint32_t count = (uint32_t)num_min(event->addr_count, ENTRY_PINGS);
    assert(event->addr_count > 0);
    const uint64_t from = rng_below(&e->dice, event->addr_count);
    for (uint32_t i = 0; i < count; i++)
        some[i] = event->addrs[(from + i) % event->addr_count];
    for (uint32_t i = 0; i < count; i++)
        ping(e, d, &some[i]);
}

static bool ping_event(struct entry *e, const struct dht_event *event)
{
    for (unsigned i = 0; i < ENTRY_PINGS; i++)
        if (e->ping[i] == event->op) {
            if (event->kind == DHT_DONE)
                e->ping[i] = 0;
            return true;
        }
    return false;
}

bool entry_event(struct entry *e, struct dht *d, const struct dht_event *event)
{
    if (event->op == 0)
        return false;
    if (event->op != e->op)
        return ping_event(e, event);
    if (event->kind == DHT_DONE)
        e->op = 0;
    else if (event->kind == DHT_PEERS && event->addr_count > 0)
        ping_some(e, d, event);
    return true;
}
