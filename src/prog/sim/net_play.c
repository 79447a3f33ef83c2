// SPDX-License-Identifier: MIT
// `shoal sim net`: what all its parts say and draw.
#include "prog/sim/net_play.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"

void play_broken(struct play *p, const char *format, ...)
{
    if (p->is_broken)
        return;
    char text[sizeof p->err->text - 64];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->is_broken = true;
    (void)err_set(p->err, RC_REFUSED, "after %.6f s: %s",
                  (double)(world_now_us(p->world) - WORLD_START_US) / US_PER_S, text);
}

uint64_t play_after_us(double minutes)
{
    return (uint64_t)(minutes * 60 * US_PER_S);
}

uint64_t play_draw_us(struct rng *rng, double mean_us)
{
    return 1 + (uint64_t)(-mean_us * log(1 - rng_unit(rng)));
}

bool node_is_up(const struct node *n)
{
    return n->dht != NULL && !n->is_asleep;
}

uint64_t play_now_us(const struct play *p)
{
    return world_now_us(p->world);
}
