// SPDX-License-Identifier: MIT
// The panel of `shoal demo`'s drawing that shows its flights: latency of light over time.
#include "prog/demo/flight_chart.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "prog/demo/demo.h"

#define PANEL      280.0
#define HEAD       56.0 // above it
#define DOT        3.0
#define ROW        42.0 // of the figures beside
#define LOW_US     20000.0
#define HIGH_US    200000.0 // at least
#define HEAD_BYTES 16384u
#define DOT_BYTES  96u // with its place on the line

#define FAINT "font-size=\"11\" fill=\"#666\""

static const char *const colour[DEMO_FLIGHTS] = {"#0b4f8a", "#e69f00", "#2a9d6f",
                                                 "#b3599f", "#000000", "#c00000"};

struct plot {
    const struct flight_chart *c;
    struct text *t;
    double top;
    double span_us, high_us;
};

static struct svg_point at(double x, double y)
{
    return (struct svg_point){x, y};
}

static double x_of(const struct plot *p, double since_us)
{
    return p->c->left + (p->c->right - p->c->left) * fmin(1, since_us / p->span_us);
}

static double y_of(const struct plot *p, double latency_us)
{
    const double share = log(latency_us / LOW_US) / log(p->high_us / LOW_US);
    return p->top + PANEL * (1 - fmin(1, fmax(0, share)));
}

// From its first picture on; what came before that is on the left edge.
static struct svg_point place(const struct plot *p, const struct flight *f, uint32_t light)
{
    const struct course_task *l = &f->light[light];
    return at(x_of(p, (double)time_since(f->first_us, l->came_us)), y_of(p, (double)l->latency_us));
}

static void draw_scale(const struct plot *p)
{
    static const double tick_ms[] = {20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
    const double left = p->c->left;
    const double bottom = p->top + PANEL;
    for (size_t i = 0; i < ARRAY_COUNT(tick_ms) && tick_ms[i] * 1000 <= p->high_us; i++) {
        const double y = y_of(p, tick_ms[i] * 1000);
        svg_line(p->t, at(left, y), at(p->c->right, y), "stroke=\"#e4e4e4\"");
        svg_words(p->t, at(left - 6, y + 4), FAINT " text-anchor=\"end\"", "%.0f ms", tick_ms[i]);
    }
    for (unsigned s = 0; s * (double)US_PER_S <= p->span_us; s++)
        svg_words(p->t, at(x_of(p, s * (double)US_PER_S), bottom + 16),
                  FAINT " text-anchor=\"middle\"", "%u s", s);
    svg_box(p->t, at(left, p->top), at(p->c->right - left, PANEL), "fill=\"none\" stroke=\"#888\"");
}

static enum rc draw_flight(const struct plot *p, uint32_t index, struct arena *scratch)
{
    char look[96];
    const struct flight *f = &p->c->flight[index].flight;
    struct svg_point *line = arena_take_array(scratch, f->lights + 1, sizeof *line);
    if (line == NULL)
        return RC_NOMEM;
    struct text t = text_of(look, sizeof look);
    text_addf(&t, "fill=\"%s\" fill-opacity=\"0.8\"", colour[index]);
    svg_group(p->t, look);
    for (uint32_t i = 0; i < f->lights; i++) {
        line[i] = place(p, f, i);
        svg_dot(p->t, line[i], DOT);
    }
    svg_group_end(p->t);
    t = text_of(look, sizeof look);
    text_addf(&t, "stroke=\"%s\" stroke-width=\"1.5\" stroke-opacity=\"0.7\"", colour[index]);
    if (f->lights >= 2)
        svg_path(p->t, line, f->lights, look);
    return RC_OK;
}

static enum rc name_flight(const struct plot *p, uint32_t index, struct arena *scratch)
{
    char look[96];
    struct flight_figures g;
    const struct demo_flight *d = &p->c->flight[index];
    const struct svg_point corner = at(p->c->right + 16, p->top + 8 + ROW * index);
    const enum rc rc = flight_figures(&g, scratch, &d->flight);
    if (rc != RC_OK)
        return rc;
    struct text t = text_of(look, sizeof look);
    text_addf(&t, "fill=\"%s\"", colour[index]);
    svg_box(p->t, corner, at(12, 12), look);
    const bool is_learner = strcmp(d->policy, DEMO_LEARNER) == 0;
    svg_words(p->t, at(corner.x + 18, corner.y + 11),
              "font-size=\"15\" font-weight=\"bold\" fill=\"#000\"", "%s%s%s", d->split,
              is_learner ? "" : ", policy ", is_learner ? "" : d->policy);
    svg_words(p->t, at(corner.x + 18, corner.y + 27), "font-size=\"12\" fill=\"#444\"",
              "p50 %.0f, p99 %.0f ms; %.1f light/s", (double)g.latency_p50_us / 1000,
              (double)g.latency_p99_us / 1000, g.lights_s);
    return RC_OK;
}

static void draw_words(const struct plot *p)
{
    svg_words(p->t, at(p->c->left, p->c->top + 24), "font-size=\"22\" font-weight=\"bold\"",
              "Phase 3: splits and scheduler together");
    svg_words(p->t, at(p->c->left, p->c->top + 44), "font-size=\"13\" fill=\"#444\"",
              "The same flight through " FLIGHT_SCENE
              ", lit by the same helpers, in one split after "
              "the other. Each dot is a light frame: how long from asking to having.");
}

size_t flight_chart_bytes(const struct flight_chart *c)
{
    size_t bytes = HEAD_BYTES;
    for (uint32_t i = 0; i < c->count; i++)
        bytes += (size_t)c->flight[i].flight.lights * DOT_BYTES;
    return bytes;
}

enum rc flight_chart_draw(const struct flight_chart *c, struct text *t, struct arena *scratch)
{
    struct plot p = {.c = c, .t = t, .top = c->top + HEAD, .span_us = 1, .high_us = HIGH_US};
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct flight *f = &c->flight[i].flight;
        p.span_us = fmax(p.span_us, 1.01 * (double)time_since(f->first_us, f->last_us));
        p.high_us = fmax(p.high_us, 1.1 * (double)flight_slowest_us(f));
    }
    draw_words(&p);
    draw_scale(&p);
    for (uint32_t i = 0; i < c->count && rc == RC_OK; i++) {
        rc = draw_flight(&p, i, scratch);
        if (rc == RC_OK)
            rc = name_flight(&p, i, scratch);
    }
    return rc;
}
