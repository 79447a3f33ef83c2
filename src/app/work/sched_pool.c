// SPDX-License-Identifier: MIT
// The scheduler's helpers: who is here, who rests, and who could take one more.
#include <assert.h>

#include "base/num.h"
#include "work/sched_state.h"

static bool has_room(const struct helper *h)
{
    return h->is_here && !h->is_resting && h->busy < (uint64_t)h->is.slots + h->is.ahead;
}

static void count(uint32_t *of_type, uint32_t can, bool was, bool is)
{
    for (uint32_t left = was == is ? 0 : can; left != 0; left &= left - 1) {
        uint32_t *n = &of_type[__builtin_ctz(left)];
        assert(is || *n > 0);
        *n = is ? *n + 1 : *n - 1;
    }
}

void helper_recount(struct sched *s, struct helper *h)
{
    const bool is_able = h->is_here && !h->is_resting;
    const bool is_free = has_room(h);
    count(s->able, h->is.can, h->is_able, is_able);
    count(s->room, h->is.can, h->has_room, is_free);
    s->has_news = s->has_news || (is_free && !h->has_room) || is_able != h->is_able;
    h->is_able = is_able;
    h->has_room = is_free;
    helper_rank(s, (uint32_t)(h - s->helper));
}

void helper_count_to(struct sched *s, uint32_t count)
{
    const uint32_t before = s->helper_count;
    const bool was_small = !is_large(s);
    s->helper_count = (uint32_t)num_max(before, count);
    for (uint32_t i = 0; was_small && is_large(s) && i < before; i++)
        helper_rank(s, i);
}

bool task_is_hopeless(const struct sched *s, const struct task *t)
{
    uint32_t able = s->able[t->is.type];
    for (uint32_t i = 0; i < t->copy_count; i++) {
        const struct helper *h = &s->helper[t->copy[i].helper];
        able -= h->is_able && (h->is.can >> t->is.type & 1) != 0;
    }
    assert(able <= s->able[t->is.type]); // each was counted
    return able == 0;
}

bool sched_has_room(const struct sched *s, uint32_t type)
{
    return s->room[type] > 0;
}

bool sched_has_able(const struct sched *s, uint32_t type)
{
    return s->able[type] > 0;
}

uint32_t sched_held(const struct sched *s, uint32_t helper)
{
    return s->helper[helper].busy;
}

double sched_rate_us(const struct sched *s, uint32_t helper, uint32_t type)
{
    struct predict_forecast f;
    predict_ask(s->predict, helper, type, 1, &f);
    return f.work_us;
}
