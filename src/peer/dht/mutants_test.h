// SPDX-License-Identifier: MIT
// Mutants: good packets made bad in seeded ways, fed to whatever takes datagrams.
//
//     mutants_feed(seed, 1000000, feed, &what_takes_them);
//
// Bits flipped, bytes set, cut, repeated, inserted; parts of two packets spliced; numbers that lie
// about lengths; brackets without end. A mutant may be good again: who is fed must bear both.
#ifndef DHT_MUTANTS_TEST_H
#define DHT_MUTANTS_TEST_H

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "dht/packets_test.h"

#define MUTANT_BYTES_MAX 2048u

struct mutant {
    uint8_t at[MUTANT_BYTES_MAX];
    size_t len;
};

// Puts `part` into the mutant at `where`, instead of `dropped` bytes; what does not fit is cut.
static inline void mutant_replace(struct mutant *m, size_t where, size_t dropped, struct bytes part)
{
    uint8_t tail[MUTANT_BYTES_MAX];
    const size_t tail_len = m->len - where - dropped;
    memcpy(tail, m->at + where + dropped, tail_len);
    struct buffer b = buffer_of(m->at, sizeof m->at);
    b.len = where;
    const struct bytes parts[] = {part, bytes_of(tail, tail_len)};
    for (size_t i = 0; i < 2; i++)
        buffer_put(&b, bytes_part(parts[i], 0, b.cap - b.len));
    m->len = b.len;
}

static inline size_t mutant_place(const struct mutant *m, struct rng *r)
{
    return (size_t)rng_below(r, m->len + 1);
}

// Where a number stands, from a random place on; m->len: none does.
static inline size_t mutant_number(const struct mutant *m, struct rng *r, size_t *digits)
{
    size_t at = mutant_place(m, r);
    while (at < m->len && (m->at[at] < '0' || m->at[at] > '9'))
        at++;
    for (*digits = 0; at + *digits < m->len; (*digits)++)
        if (m->at[at + *digits] < '0' || m->at[at + *digits] > '9')
            break;
    return at;
}

static inline void mutant_lie(struct mutant *m, struct rng *r)
{
    static const char *const lies[] = {"0",
                                       "00",
                                       "1",
                                       "-1",
                                       "19",
                                       "21",
                                       "64",
                                       "999",
                                       "65535",
                                       "65536",
                                       "4294967295",
                                       "4294967316",
                                       "",
                                       "0x1",
                                       "i0e",
                                       "20",
                                       "2147483648",
                                       "18446744073709551615",
                                       "9223372036854775807",
                                       "18446744073709551636"};
    size_t digits;
    const size_t at = mutant_number(m, r, &digits);
    mutant_replace(m, at, digits, bytes_text(lies[rng_below(r, ARRAY_COUNT(lies))]));
}

static inline void mutant_nest(struct mutant *m, struct rng *r)
{
    uint8_t deep[MUTANT_BYTES_MAX];
    const size_t len = 1 + (size_t)rng_below(r, sizeof deep);
    const char *const unit[] = {"l", "d", "d1:a", "d0:l", "e"};
    const struct bytes u = bytes_text(unit[rng_below(r, ARRAY_COUNT(unit))]);
    for (size_t i = 0; i < len; i++)
        deep[i] = u.at[i % u.len];
    mutant_replace(m, mutant_place(m, r), 0, bytes_of(deep, len));
}

static inline void mutant_splice(struct mutant *m, const struct packets *p, struct rng *r)
{
    const struct packet *other = &p->packet[rng_below(r, p->count)];
    const struct bytes all = bytes_of(other->at, other->len);
    const size_t from = (size_t)rng_below(r, all.len);
    const size_t where = mutant_place(m, r);
    const size_t dropped = (size_t)rng_below(r, m->len - where + 1);
    mutant_replace(m, where, dropped, bytes_part(all, from, (size_t)rng_below(r, all.len) + 1));
}

static inline void mutant_change(struct mutant *m, const struct packets *p, struct rng *r)
{
    static const char marks[] = "0123456789:-deilqrty\0\xff";
    const size_t at = mutant_place(m, r);
    const uint8_t any[4] = {(uint8_t)marks[rng_below(r, sizeof marks)], (uint8_t)rng_u64(r), 0,
                            255};
    switch (rng_below(r, 9)) {
    case 0: // flip
        if (at < m->len)
            m->at[at] ^= (uint8_t)(1u << rng_below(r, 8));
        break;
    case 1: // set
        if (at < m->len)
            m->at[at] = any[rng_below(r, 4)];
        break;
    case 2: // cut
        m->len = at;
        break;
    case 3: // insert
        mutant_replace(m, at, 0, bytes_of(&any[rng_below(r, 4)], 1));
        break;
    case 4: // drop
        mutant_replace(m, at, (size_t)rng_below(r, m->len - at + 1) % 8, bytes_text(""));
        break;
    case 5: { // repeat
        uint8_t part[64];
        const struct bytes b = bytes_part(bytes_of(m->at, m->len), at, 1 + rng_u64(r) % 64);
        if (b.len > 0)
            memcpy(part, b.at, b.len);
        mutant_replace(m, at, 0, bytes_of(part, b.len));
        break;
    }
    case 6:
        mutant_splice(m, p, r);
        break;
    case 7:
        mutant_lie(m, r);
        break;
    default:
        mutant_nest(m, r);
        break;
    }
}

// Calls feed `count` times. Every mutant lies in a block of its own length, so that a sanitizer
// sees a read of one byte too many.
static inline void mutants_feed(uint64_t seed, size_t count,
                                void (*feed)(void *self, struct bytes packet), void *self)
{
    const struct packets p = packets_make();
    struct rng r = rng_seeded(seed);
    for (size_t i = 0; i < count; i++) {
        struct mutant m;
        const struct packet *good = &p.packet[rng_below(&r, p.count)];
        memcpy(m.at, good->at, good->len);
        m.len = good->len;
        for (uint64_t n = 1 + rng_below(&r, 1 + rng_below(&r, 4)); n > 0; n--)
            mutant_change(&m, &p, &r);
        uint8_t *exact = malloc(m.len > 0 ? m.len : 1);
        assert(exact != NULL);
        memcpy(exact, m.at, m.len);
        feed(self, bytes_of(exact, m.len));
        free(exact);
    }
}

#endif
