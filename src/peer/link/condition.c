// SPDX-License-Identifier: MIT
// Condition: what this machine's network is like, how good that is, and what is fitting then.
#include "link/condition.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define UNKNOWN    CONDITION_UNKNOWN
#define NUMBER_MAX 1000000000u

static const struct preset {
    const char *name;
    struct condition is;
} presets[] = {
    {"lan", {1000000, 1, 0, 0, UNKNOWN, false}},
    {"fibre", {100000, 10, 1, 0, UNKNOWN, false}},
    {"wifi", {20000, 30, 10, 5, 80, false}},
    {"poor-wifi", {512, 200, 50, 100, 30, false}},
    {"hotspot", {8000, 60, 20, 10, 60, true}},
    {"satellite", {20000, 600, 30, 10, UNKNOWN, false}},
};

struct condition condition_unknown(void)
{
    return (struct condition){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, false};
}

static uint32_t known(uint32_t over, uint32_t under)
{
    return over != UNKNOWN ? over : under;
}

struct condition condition_over(const struct condition *over, const struct condition *under)
{
    return (struct condition){known(over->bandwidth_kbps, under->bandwidth_kbps),
                              known(over->latency_ms, under->latency_ms),
                              known(over->jitter_ms, under->jitter_ms),
                              known(over->loss_permille, under->loss_permille),
                              known(over->signal_percent, under->signal_percent),
                              over->is_metered || under->is_metered};
}

// Decimal digits alone, up to max.
static bool read_number(struct bytes text, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len && value <= max; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint8_t)(text.at[i] - '0');
    }
    if (text.len == 0 || value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

// "0", "1", "0.1", "0.025": a part of one, in thousandths.
static bool read_part(struct bytes text, uint32_t *out)
{
    uint32_t whole;
    if (text.len < 1 || !read_number(bytes_part(text, 0, 1), 1, &whole))
        return false;
    uint32_t decimals = 0;
    if (text.len > 1) {
        const struct bytes tail = bytes_part(text, 2, text.len);
        if (text.at[1] != '.' || tail.len > 3 || !read_number(tail, 999, &decimals))
            return false;
        for (size_t i = tail.len; i < 3; i++)
            decimals *= 10;
    }
    if (whole * 1000 + decimals > 1000)
        return false;
    *out = whole * 1000 + decimals;
    return true;
}

static bool read_bool(struct bytes text, bool *out)
{
    *out = bytes_is(text, "true");
    return *out || bytes_is(text, "false");
}

static bool read_field(struct condition *c, struct bytes name, struct bytes value)
{
    if (bytes_is(name, "bandwidth_kbps"))
        return read_number(value, NUMBER_MAX, &c->bandwidth_kbps);
    if (bytes_is(name, "latency_ms"))
        return read_number(value, NUMBER_MAX, &c->latency_ms);
    if (bytes_is(name, "jitter_ms"))
        return read_number(value, NUMBER_MAX, &c->jitter_ms);
    if (bytes_is(name, "packet_loss"))
        return read_part(value, &c->loss_permille);
    if (bytes_is(name, "signal_strength"))
        return read_number(value, 100, &c->signal_percent);
    return bytes_is(name, "is_metered") && read_bool(value, &c->is_metered);
}

// A preset's name or name=value.
static bool read_part_of(struct condition *c, struct bytes part)
{
    const uint8_t *equals = part.len > 0 ? memchr(part.at, '=', part.len) : NULL;
    if (equals != NULL) {
        const size_t at = (size_t)(equals - part.at);
        return read_field(c, bytes_part(part, 0, at), bytes_part(part, at + 1, part.len));
    }
    for (size_t i = 0; i < ARRAY_COUNT(presets); i++)
        if (bytes_is(part, presets[i].name)) {
            *c = presets[i].is;
            return true;
        }
    return false;
}

enum rc condition_parse(struct condition *out, struct bytes text, struct err *err)
{
    struct condition c = condition_unknown();
    for (size_t at = 0; at <= text.len;) {
        const struct bytes rest = bytes_part(text, at, text.len);
        const uint8_t *comma = rest.len > 0 ? memchr(rest.at, ',', rest.len) : NULL;
        const size_t len = comma != NULL ? (size_t)(comma - rest.at) : rest.len;
        const struct bytes part = bytes_part(rest, 0, len);
        if (!read_part_of(&c, part)) {
            char word[32];
            bytes_to_text(part, word, sizeof word);
            return err_set(err, RC_CONFIG, "'%s' says nothing about a network", word);
        }
        at += len + 1;
    }
    *out = c;
    return RC_OK;
}

// What is worse than these is not of that quality. Poor: what one would call a poor wireless
// network (512 kbit/s, 200 ms, a tenth lost, 30 % of signal). Fair: below 2 Mbit/s, the usual limit
// on such. Excellent: what nobody notices in a game, as a frame is 16 ms.
static const struct {
    uint32_t kbps_min;
    uint32_t latency_ms_max;
    uint32_t jitter_ms_max;
    uint32_t loss_permille_max;
    uint32_t signal_percent_min;
} needs[QUALITY_COUNT] = {
    [QUALITY_FAIR] = {513, 199, 99, 99, 31},
    [QUALITY_GOOD] = {2048, 100, 40, 30, 50},
    [QUALITY_EXCELLENT] = {10000, 40, 15, 10, 70},
};

static bool is_of(const struct condition *c, enum quality q)
{
    return (c->bandwidth_kbps == UNKNOWN || c->bandwidth_kbps >= needs[q].kbps_min) &&
           (c->latency_ms == UNKNOWN || c->latency_ms <= needs[q].latency_ms_max) &&
           (c->jitter_ms == UNKNOWN || c->jitter_ms <= needs[q].jitter_ms_max) &&
           (c->loss_permille == UNKNOWN || c->loss_permille <= needs[q].loss_permille_max) &&
           (c->signal_percent == UNKNOWN || c->signal_percent >= needs[q].signal_percent_min);
}

enum quality condition_quality(const struct condition *c)
{
    enum quality q = QUALITY_EXCELLENT;
    while (q > QUALITY_POOR && !is_of(c, q))
        q--;
    return q;
}

const char *quality_text(enum quality q)
{
    assert(q < QUALITY_COUNT);
    static const char *const text[QUALITY_COUNT] = {"poor", "fair", "good", "excellent"};
    return text[q];
}

enum quality grade_put(struct grade *g, enum quality seen, uint64_t now_us)
{
    assert(seen < QUALITY_COUNT);
    if (!g->is_known) {
        *g = (struct grade){seen, now_us, true};
    } else if (seen == g->quality) {
        g->same_us = num_max(g->same_us, now_us);
    } else {
        const bool is_worse = seen < g->quality;
        if (time_since(g->same_us, now_us) >= (is_worse ? GRADE_WORSE_US : GRADE_BETTER_US)) {
            g->quality = is_worse ? g->quality - 1 : g->quality + 1;
            g->same_us = now_us;
        }
    }
    return g->quality;
}

// 20 to 50 connections. A chunk takes at most half a second or so at the least rate of its quality.
// On a poor network what nobody waits for gets a tenth at most; on a metered one nothing.
struct plan plan_of(enum quality q, bool is_metered)
{
    static const struct plan plans[QUALITY_COUNT] = {
        [QUALITY_POOR] = {20, 2, 16u << 10, 250, 100},
        [QUALITY_FAIR] = {30, 3, 32u << 10, 500, 250},
        [QUALITY_GOOD] = {40, 4, 64u << 10, 1000, 500},
        [QUALITY_EXCELLENT] = {50, 8, 256u << 10, 1000, 1000},
    };
    assert(q < QUALITY_COUNT);
    struct plan p = plans[q];
    if (is_metered)
        p.prefetch_permille = p.background_permille = 0;
    return p;
}
