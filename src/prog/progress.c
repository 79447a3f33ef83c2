// SPDX-License-Identifier: MIT
// One line on a terminal that says how far long work is; nothing at all elsewhere.
#include "prog/progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"

#define FIRST_US 1000000u
#define EACH_US  100000u
#define BAR      30

void progress_start(struct progress *p, bool is_wanted, uint64_t now_us)
{
    *p = (struct progress){.start_us = now_us, .is_on = is_wanted && isatty(STDERR_FILENO)};
}

void progress_show(struct progress *p, const char *what, double share, uint64_t now_us)
{
    share = fmin(fmax(share, 0), 1); // sums of shares may be a little more
    uint64_t since_us = time_since(p->start_us, now_us);
    if (!p->is_on || since_us < FIRST_US || time_since(p->drawn_us, now_us) < EACH_US)
        return;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = i < (int)(share * BAR) ? '#' : '.';
    bar[BAR] = 0;
    char room[64];
    struct text left = text_of(room, sizeof room);
    if (share > 0.02)
        text_add_time(&left, (uint64_t)((double)since_us * (1 - share) / share));
    fprintf(stderr, "\r\033[K%s [%s] %3.0f %%%s%s", what, bar, share * 100,
            left.len > 0 ? ", left: " : "", room);
    p->drawn_us = now_us;
    p->is_drawn = true;
}

void progress_wipe(struct progress *p)
{
    if (p->is_drawn)
        fputs("\r\033[K", stderr);
    p->is_drawn = false;
}
