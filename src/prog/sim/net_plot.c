// SPDX-License-Identifier: MIT
// The drawing of a played network: how long lookups took, and what was found over time.
#include "prog/sim/net_plot.h"

#include <math.h>

#include "base/num.h"
#include "base/text.h"
#include "image/svg.h"
#include "os/file.h"
#include "prog/sim/net_report.h"

#define WIDTH      900.0
#define HEIGHT     620.0
#define LEFT       70.0
#define RIGHT      870.0
#define PANEL      220.0
#define TOP_FIRST  70.0
#define TOP_SECOND 360.0
#define LOW_MS     10.0
#define HIGH_MS    20000.0
#define SVG_BYTES  (1u << 18)
#define FAINT      "font-size=\"11\" fill=\"#666\""
#define STEPS      200u

static struct svg_point at(double x, double y)
{
    return (struct svg_point){x, y};
}

static double x_of_ms(double ms)
{
    const double share = log(ms / LOW_MS) / log(HIGH_MS / LOW_MS);
    return LEFT + (RIGHT - LEFT) * fmin(1, fmax(0, share));
}

static double y_of(double top, double share)
{
    return top + PANEL * (1 - fmin(1, fmax(0, share)));
}

static void draw_shares(struct text *t, double top)
{
    for (int i = 0; i <= 4; i++) {
        const double y = y_of(top, i / 4.0);
        svg_line(t, at(LEFT, y), at(RIGHT, y), "stroke=\"#e4e4e4\"");
        svg_words(t, at(LEFT - 8, y + 4), FAINT " text-anchor=\"end\"", "%d %%", 25 * i);
    }
}

static void draw_curve(struct text *t, const struct quantiles *q, const char *look)
{
    struct svg_point line[STEPS];
    if (q->count == 0)
        return;
    for (unsigned i = 0; i < STEPS; i++) {
        const unsigned permille = (i + 1) * 1000 / STEPS;
        line[i] = at(x_of_ms((double)quantiles_at(q, permille) / US_PER_MS),
                     y_of(TOP_FIRST, permille / 1000.0));
    }
    svg_path(t, line, STEPS, look);
}

static void draw_latencies(struct text *t, const struct net_figures *f)
{
    static const double tick_ms[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000};
    draw_shares(t, TOP_FIRST);
    for (size_t i = 0; i < ARRAY_COUNT(tick_ms); i++)
        svg_words(t, at(x_of_ms(tick_ms[i]), TOP_FIRST + PANEL + 16),
                  FAINT " text-anchor=\"middle\"", "%.0f ms", tick_ms[i]);
    draw_curve(t, &f->done_us, "stroke=\"#999\" stroke-width=\"2\"");
    draw_curve(t, &f->first_us, "stroke=\"#0b4f8a\" stroke-width=\"2.5\"");
    svg_words(t, at(LEFT, TOP_FIRST - 10), "font-size=\"13\" fill=\"#222\"",
              "Lookups that took at most so long: blue until the first true answer, grey until "
              "their end");
}

static void draw_times(struct text *t, const struct net_scenario *s, const struct net_figures *f)
{
    struct svg_point line[FIGURES_SLICES];
    size_t count = 0;
    draw_shares(t, TOP_SECOND);
    for (unsigned i = 0; i < FIGURES_SLICES; i++)
        if (f->slice[i].asked > 0)
            line[count++] = at(LEFT + (RIGHT - LEFT) * (i + 0.5) / FIGURES_SLICES,
                               y_of(TOP_SECOND, net_share(f->slice[i].right, f->slice[i].asked)));
    if (count >= 2)
        svg_path(t, line, count, "stroke=\"#2a9d6f\" stroke-width=\"2\"");
    for (int i = 0; i <= 6; i++)
        svg_words(t, at(LEFT + (RIGHT - LEFT) * i / 6, TOP_SECOND + PANEL + 16),
                  FAINT " text-anchor=\"middle\"", "%.1f min", s->measure_min * i / 6);
    svg_words(t, at(LEFT, TOP_SECOND - 10), "font-size=\"13\" fill=\"#222\"",
              "Lookups that were answered truly, by the time they began");
}

static void draw(struct text *t, const struct net_scenario *s, const struct net_figures *f)
{
    svg_begin(t, WIDTH, HEIGHT, "Lookups of a simulated network: latency, and what was found");
    svg_words(t, at(LEFT, 34), "font-size=\"20\" font-weight=\"bold\"", "%s: %u nodes, seed %llu",
              s->name, s->nodes, (unsigned long long)s->seed);
    draw_latencies(t, f);
    draw_times(t, s, f);
    svg_end(t);
}

enum rc net_plot_write(const char *path, const struct net_scenario *s, const struct net_figures *f,
                       struct err *err)
{
    struct budget budget = {.limit_bytes = SVG_BYTES};
    char *room = budget_take(&budget, SVG_BYTES);
    if (room == NULL)
        return err_set(err, RC_NOMEM, "out of memory for the drawing");
    struct text t = text_of(room, SVG_BYTES);
    draw(&t, s, f);
    const enum rc rc = t.is_cut ? err_set(err, RC_NOMEM, "out of memory for the drawing")
                                : file_write(path, bytes_of(room, t.len), 0644, err);
    budget_give(&budget, room);
    return rc;
}
