// SPDX-License-Identifier: MIT
// The drawing of `shoal demo`: a panel for each policy, a dot for each task; one for flights.
#include "prog/demo/chart.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "image/svg.h"
#include "os/file.h"
#include "prog/demo/flight_chart.h"

#define WIDTH      1300.0
#define LEFT       78.0
#define RIGHT      1050.0 // figures stand beyond
#define TOP        112.0
#define PANEL      206.0
#define STRIP      40.0 // under a panel: who was killed or frozen
#define GAP        40.0
#define BOTTOM     44.0
#define DOT        2.8
#define LOW_US     10000.0
#define HEAD_BYTES 65536u
#define TASK_BYTES 128u // a dot, its places on the median and the halo behind it

#define FAINT "font-size=\"11\" fill=\"#666\""
#define RED   "#c00000"

// Blue: nothing wrong with them. The last one: the hub itself.
static const char *const colour[DEMO_HELPERS + 1] = {"#0b4f8a", "#58a6dc", "#e69f00", "#b3599f",
                                                     "#7a4b2a", "#2a9d6f", "#888888"};

struct panel {
    struct text *t;
    const struct demo_run *run;
    double top;
    double span_us; // of time, all the way to the right
    double high_us; // latency at the top
};

static double x_of(const struct panel *p, uint64_t at_us)
{
    return LEFT + (RIGHT - LEFT) * fmin(1, (double)at_us / p->span_us);
}

static double y_of(const struct panel *p, double latency_us)
{
    const double share = log(latency_us / LOW_US) / log(p->high_us / LOW_US);
    return p->top + PANEL * (1 - fmin(1, fmax(0, share)));
}

static struct svg_point at(double x, double y)
{
    return (struct svg_point){x, y};
}

// ---- What a panel stands on

static void draw_scale(const struct panel *p)
{
    static const double tick_ms[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
    svg_group(p->t, "stroke=\"#e4e4e4\"");
    for (size_t i = 0; i < ARRAY_COUNT(tick_ms) && tick_ms[i] * 1000 <= p->high_us; i++)
        svg_line(p->t, at(LEFT, y_of(p, tick_ms[i] * 1000)), at(RIGHT, y_of(p, tick_ms[i] * 1000)),
                 NULL);
    svg_group_end(p->t);
    svg_group(p->t, FAINT " text-anchor=\"end\"");
    for (size_t i = 0; i < ARRAY_COUNT(tick_ms) && tick_ms[i] * 1000 <= p->high_us; i++)
        svg_words(p->t, at(LEFT - 6, y_of(p, tick_ms[i] * 1000) + 4), NULL, "%.0f ms", tick_ms[i]);
    svg_group_end(p->t);
}

static void draw_phases(const struct panel *p)
{
    const struct demo_run *r = p->run;
    const uint32_t learning = demo_learning(r);
    if (strcmp(r->policy, DEMO_LEARNER) != 0 || learning == 0)
        return;
    const double split = x_of(p, r->task[learning].came_us);
    svg_box(p->t, at(LEFT, p->top), at(split - LEFT, PANEL), "fill=\"#fdf1d8\"");
    svg_box(p->t, at(split, p->top), at(RIGHT - split, PANEL), "fill=\"#eaf4ea\"");
    svg_words(p->t, at(LEFT + 6, p->top + 15), FAINT, "phase 1: learning");
    svg_words(p->t, at(split + 6, p->top + 15), FAINT, "phase 2: learned");
}

static void draw_deadline(const struct panel *p)
{
    const double y = y_of(p, (double)p->run->deadline_us);
    svg_line(p->t, at(LEFT, y), at(RIGHT, y), "stroke=\"" RED "\" stroke-dasharray=\"6 4\"");
}

// Last of all, with a rim: dots lie around it.
static void name_deadline(const struct panel *p)
{
    svg_words(p->t, at(RIGHT - 4, y_of(p, (double)p->run->deadline_us) - 8),
              "font-size=\"11\" fill=\"" RED "\" text-anchor=\"end\" stroke=\"#fff\" "
              "stroke-width=\"3\" paint-order=\"stroke\"",
              "deadline");
}

// ---- Tasks

// DEMO_HELPERS: none of them.
static uint32_t helper_of(const struct course_task *t)
{
    uint32_t i = 0;
    while (i < DEMO_HELPERS && strcmp(t->helper, demo_part[i].name) != 0)
        i++;
    return i;
}

static void draw_dots(const struct panel *p, uint32_t helper)
{
    char look[64];
    struct text t = text_of(look, sizeof look);
    text_addf(&t, "fill=\"%s\" fill-opacity=\"0.8\"", colour[helper]);
    svg_group(p->t, look);
    for (uint32_t i = 0; i < p->run->tasks; i++) {
        const struct course_task *task = &p->run->task[i];
        if (task->fate == COURSE_ANSWERED && helper_of(task) == helper)
            svg_dot(p->t, at(x_of(p, task->came_us), y_of(p, (double)task->latency_us)), DOT);
    }
    svg_group_end(p->t);
}

static void draw_failed(const struct panel *p)
{
    svg_group(p->t, "fill=\"#fff\" stroke=\"" RED "\" stroke-width=\"1.3\"");
    for (uint32_t i = 0; i < p->run->tasks; i++) {
        const struct course_task *task = &p->run->task[i];
        if (task->fate != COURSE_ANSWERED)
            svg_dot(p->t, at(x_of(p, task->came_us), y_of(p, (double)task->latency_us)), DOT + 0.6);
    }
    svg_group_end(p->t);
}

static enum rc draw_median(const struct panel *p, struct arena *scratch)
{
    const struct demo_run *r = p->run;
    struct svg_point *line = arena_take_array(scratch, r->tasks, sizeof *line);
    if (line == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < r->tasks; i++)
        line[i] = at(x_of(p, r->task[i].came_us),
                     y_of(p, (double)course_median_us(r->task, r->tasks, i)));
    svg_path(p->t, line, r->tasks, "stroke=\"#fff\" stroke-width=\"4.5\" stroke-opacity=\"0.8\"");
    svg_path(p->t, line, r->tasks, "stroke=\"#000\" stroke-width=\"2\"");
    return RC_OK;
}

// ---- What befell helpers

static void draw_mark(const struct panel *p, const struct demo_mark *m)
{
    const double x = x_of(p, m->at_us);
    const double y = p->top + PANEL + 16;
    if (demo_part[m->helper].ill == DEMO_FROZEN) {
        svg_box(p->t, at(x, y + 11), at(fmax(2, x_of(p, m->at_us + m->for_us) - x), 7),
                "fill=\"#2a9d6f\"");
        return;
    }
    svg_line(p->t, at(x - 4, y - 4), at(x + 4, y + 4), "stroke=\"#7a4b2a\" stroke-width=\"2\"");
    svg_line(p->t, at(x - 4, y + 4), at(x + 4, y - 4), "stroke=\"#7a4b2a\" stroke-width=\"2\"");
}

static void draw_strip(const struct panel *p)
{
    svg_words(p->t, at(LEFT - 6, p->top + PANEL + 20), FAINT " text-anchor=\"end\"", "killed");
    svg_words(p->t, at(LEFT - 6, p->top + PANEL + 34), FAINT " text-anchor=\"end\"", "frozen");
    for (uint32_t i = 0; i < p->run->marks; i++)
        draw_mark(p, &p->run->mark[i]);
}

// ---- Figures, beside a panel

static enum rc draw_figures(const struct panel *p, double y, uint32_t from, struct arena *scratch)
{
    struct course_figures f;
    const struct demo_run *r = p->run;
    const enum rc rc = course_figures(&f, scratch, r->task + from, r->tasks - from, r->deadline_us);
    if (rc != RC_OK || f.tasks == 0)
        return rc;
    svg_words(p->t, at(RIGHT + 16, y), "font-size=\"20\" font-weight=\"bold\" fill=\"#222\"",
              "%.1f %% late", 100.0 * f.late / f.tasks);
    svg_words(p->t, at(RIGHT + 16, y + 19), "font-size=\"13\" fill=\"#444\"",
              "mean %.0f, p50 %.0f, p99 %.0f ms", f.mean_us / 1000, (double)f.p50_us / 1000,
              (double)f.p99_us / 1000);
    return RC_OK;
}

static enum rc draw_side(const struct panel *p, struct arena *scratch)
{
    const bool is_learner = strcmp(p->run->policy, DEMO_LEARNER) == 0;
    const uint32_t learning = demo_learning(p->run);
    svg_words(p->t, at(RIGHT + 16, p->top + 60), FAINT, "all tasks");
    enum rc rc = draw_figures(p, p->top + 82, 0, scratch);
    if (rc == RC_OK && is_learner) {
        svg_words(p->t, at(RIGHT + 16, p->top + 132), FAINT, "once it has learned");
        rc = draw_figures(p, p->top + 154, learning, scratch);
    }
    return rc;
}

static enum rc draw_panel(const struct panel *p, struct arena *scratch)
{
    draw_phases(p);
    draw_scale(p);
    for (uint32_t i = 0; i <= DEMO_HELPERS; i++)
        draw_dots(p, i);
    draw_deadline(p);
    draw_failed(p);
    enum rc rc = p->run->tasks >= 2 ? draw_median(p, scratch) : RC_OK;
    svg_box(p->t, at(LEFT, p->top), at(RIGHT - LEFT, PANEL), "fill=\"none\" stroke=\"#888\"");
    name_deadline(p);
    draw_strip(p);
    svg_words(p->t, at(RIGHT + 16, p->top + 24),
              "font-size=\"22\" font-weight=\"bold\" fill=\"#000\"", "%s", p->run->policy);
    return rc == RC_OK ? draw_side(p, scratch) : rc;
}

// ---- All of it

static void draw_legend(struct text *t)
{
    svg_words(t, at(LEFT, 34), "font-size=\"22\" font-weight=\"bold\"",
              "Who gets which task: the same load, one policy after the other");
    svg_words(t, at(LEFT, 56), "font-size=\"13\" fill=\"#444\"",
              "Each dot is a task, in the colour of the helper that answered it; hollow red: given "
              "up at the deadline. Black: running median of %u tasks.",
              (unsigned)COURSE_WINDOW);
    for (uint32_t i = 0; i < DEMO_HELPERS; i++) {
        char look[32];
        struct text fill = text_of(look, sizeof look);
        text_addf(&fill, "fill=\"%s\"", colour[i]);
        const struct svg_point place = at(LEFT + 340 * (i % 3), i < 3 ? 76 : 95);
        svg_box(t, at(place.x, place.y - 9), at(10, 10), look);
        svg_words(t, at(place.x + 16, place.y), "font-size=\"12\" fill=\"#222\"", "%s: %s",
                  demo_part[i].name, demo_part[i].what);
    }
}

static void draw_time(const struct panel *last)
{
    const double y = last->top + PANEL + STRIP;
    const unsigned seconds = (unsigned)(last->span_us / US_PER_S);
    const unsigned step = seconds > 60 ? 10 : seconds > 12 ? 5 : 1;
    svg_group(last->t, FAINT " text-anchor=\"middle\"");
    for (unsigned s = 0; s <= seconds; s += step)
        svg_words(last->t, at(x_of(last, (uint64_t)s * US_PER_S), y + 16), NULL, "%u s", s);
    svg_group_end(last->t);
}

static double highest_us(const struct demo_run *run, size_t count)
{
    double high_us = 2 * (double)run->deadline_us;
    for (size_t k = 0; k < count; k++)
        for (uint32_t i = 0; i < run[k].tasks; i++)
            high_us = fmax(high_us, 1.1 * (double)run[k].task[i].latency_us);
    return high_us;
}

static double longest_us(const struct demo_run *run, size_t count)
{
    double span_us = 1;
    for (size_t k = 0; k < count; k++)
        if (run[k].tasks > 0)
            span_us = fmax(span_us, 1.01 * (double)run[k].task[run[k].tasks - 1].came_us);
    return span_us;
}

static enum rc draw(struct text *t, const struct demo_chart *c, const struct flight_chart *flights,
                    struct arena *scratch)
{
    struct panel p = {
        .t = t, .span_us = longest_us(c->run, c->count), .high_us = highest_us(c->run, c->count)};
    enum rc rc = RC_OK;
    svg_begin(t, WIDTH, flights->top + FLIGHT_CHART_HEIGHT,
              "Latency of each task over time, policy by policy; of light, split by split");
    draw_legend(t);
    for (size_t i = 0; i < c->count && rc == RC_OK; i++) {
        p.run = &c->run[i];
        p.top = TOP + (double)i * (PANEL + STRIP + GAP);
        rc = draw_panel(&p, scratch);
    }
    draw_time(&p);
    if (rc == RC_OK)
        rc = flight_chart_draw(flights, t, scratch);
    svg_end(t);
    return rc == RC_OK && t->is_cut ? RC_NOMEM : rc;
}

enum rc demo_chart_write(const char *path, const struct demo_chart *c, struct arena *scratch,
                         struct err *err)
{
    const struct flight_chart flights = {.flight = c->flight,
                                         .count = c->flights,
                                         .left = LEFT,
                                         .right = RIGHT,
                                         .top = TOP + (double)c->count * (PANEL + STRIP + GAP) -
                                                GAP + BOTTOM};
    size_t bytes = HEAD_BYTES + flight_chart_bytes(&flights);
    for (size_t i = 0; i < c->count; i++)
        bytes += (size_t)c->run[i].tasks * TASK_BYTES + (size_t)c->run[i].marks * 2 * TASK_BYTES;
    char *room = arena_take(scratch, bytes);
    if (room == NULL)
        return err_set(err, RC_NOMEM, "out of memory for the drawing");
    struct text t = text_of(room, bytes);
    const enum rc rc = draw(&t, c, &flights, scratch);
    if (rc != RC_OK)
        return err_set(err, rc, "out of memory for the drawing");
    return file_write(path, bytes_of(room, t.len), 0644, err);
}
