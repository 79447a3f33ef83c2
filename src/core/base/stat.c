// SPDX-License-Identifier: MIT
// Figures about what goes on: counters, gauges, quantiles, and one registry of them.
#include "base/stat.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define SUB_BITS 4 // 16 buckets an octave: a bucket's half width is 1/32 of its low end
#define SUB      (1u << SUB_BITS)

static_assert(QUANTILE_BUCKETS == SUB + (64 - SUB_BITS) * SUB, "all of uint64_t has a bucket");

void quantiles_init(struct quantiles *q)
{
    *q = (struct quantiles){.min = UINT64_MAX};
}

static size_t bucket_of(uint64_t sample)
{
    if (sample < SUB)
        return (size_t)sample;
    const unsigned octave = 63u - (unsigned)__builtin_clzll(sample); // SUB_BITS .. 63
    const unsigned shift = octave - SUB_BITS;
    const size_t i = (size_t)(sample >> shift) + (size_t)shift * SUB; // top five bits: 16..31
    assert(i >= SUB);
    assert(i < QUANTILE_BUCKETS);
    return i;
}

// The middle of a bucket's range.
static uint64_t bucket_value(size_t i)
{
    if (i < SUB)
        return i;
    assert(i < QUANTILE_BUCKETS);
    const unsigned shift = (unsigned)(i / SUB) - 1;
    const uint64_t low = (uint64_t)(i % SUB + SUB) << shift;
    return low + ((uint64_t)1 << shift) / 2;
}

void quantiles_put(struct quantiles *q, uint64_t sample)
{
    uint32_t *bucket = &q->bucket[bucket_of(sample)];
    *bucket += *bucket < UINT32_MAX;
    q->count++;
    if (__builtin_add_overflow(q->sum, sample, &q->sum))
        q->sum = UINT64_MAX;
    q->min = num_min(q->min, sample);
    q->max = num_max(q->max, sample);
    assert(q->min <= q->max);
}

uint64_t quantiles_at(const struct quantiles *q, unsigned permille)
{
    assert(permille <= 1000);
    if (q->count == 0)
        return 0;
    // The sample of this rank, counted from 1: ceil(count * permille / 1000), in two steps that
    // cannot overflow.
    const uint64_t whole = q->count / 1000 * permille;
    const uint64_t rest = num_div_ceil(q->count % 1000 * permille, 1000);
    const uint64_t rank = num_max(whole + rest, 1);
    assert(rank <= q->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < QUANTILE_BUCKETS; i++) {
        seen += q->bucket[i];
        if (seen >= rank)
            return num_clamp(bucket_value(i), q->min, q->max);
    }
    return q->max; // only where buckets stopped at their bound
}

struct stats {
    struct arena *arena;
    size_t count;
    size_t count_max;
    struct stat_view view[];
};

enum rc stats_new(struct stats **out, struct arena *arena, size_t count_max)
{
    assert(count_max >= 1);
    assert(count_max <= STATS_COUNT_MAX);
    *out = arena_take(arena, sizeof **out + count_max * sizeof(struct stat_view));
    if (*out == NULL)
        return RC_NOMEM;
    (*out)->arena = arena;
    (*out)->count_max = count_max;
    return RC_OK;
}

// A name that JSON and Prometheus both take as it is, and that is not there yet.
static bool is_good_name(const struct stats *s, const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (name[0] == '\0' || name[strspn(name, good)] != '\0')
        return false;
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->view[i].name, name) == 0)
            return false;
    return true;
}

// Room for a figure of len bytes, entered as `view` says but for where it is; NULL: none left.
static void *enter(struct stats *s, struct stat_view view, size_t len)
{
    assert(is_good_name(s, view.name));
    assert(view.sentence != NULL);
    void *figure = s->count < s->count_max ? arena_take(s->arena, len) : NULL;
    if (figure == NULL)
        return NULL;
    s->view[s->count++] = view;
    assert(s->count <= s->count_max);
    return figure;
}

struct counter *stats_counter(struct stats *s, const char *name, const char *sentence)
{
    const struct stat_view view = {.name = name, .sentence = sentence, .kind = STAT_COUNTER};
    struct counter *c = enter(s, view, sizeof *c);
    if (c != NULL)
        s->view[s->count - 1].counter = c;
    return c;
}

struct gauge *stats_gauge(struct stats *s, const char *name, const char *sentence)
{
    const struct stat_view view = {.name = name, .sentence = sentence, .kind = STAT_GAUGE};
    struct gauge *g = enter(s, view, sizeof *g);
    if (g != NULL)
        s->view[s->count - 1].gauge = g;
    return g;
}

struct quantiles *stats_quantiles(struct stats *s, const char *name, const char *sentence)
{
    const struct stat_view view = {.name = name, .sentence = sentence, .kind = STAT_QUANTILES};
    struct quantiles *q = enter(s, view, sizeof *q);
    if (q == NULL)
        return NULL;
    s->view[s->count - 1].quantiles = q;
    quantiles_init(q);
    return q;
}

bool stats_next(const struct stats *s, size_t *at, struct stat_view *out)
{
    if (*at >= s->count)
        return false;
    *out = s->view[(*at)++];
    return true;
}
