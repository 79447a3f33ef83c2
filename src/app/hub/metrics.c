// SPDX-License-Identifier: MIT
// The figures of a registry as Prometheus reads them: text exposition format 0.0.4.
#include "hub/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/attr.h"

#define PREFIX     "shoal_"
#define NAME_BYTES 320 // prefix, name, base unit, _total

struct unit {
    const char *ending; // of a figure's name
    const char *base;
    double per_base; // how many of the one are one of the other
};

static const struct unit units[] = {
    {"_us", "_seconds", 1e6},      {"_ms", "_seconds", 1e3},   {"_s", "_seconds", 1},
    {"_permille", "_ratio", 1000}, {"_mdeg", "_celsius", 1e3}, {"_mc", "_celsius", 1e3},
};

static bool ends_in(const char *name, const char *ending)
{
    const size_t len = strlen(name);
    const size_t end = strlen(ending);
    return len > end && strcmp(name + len - end, ending) == 0;
}

static const struct unit *unit_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (ends_in(name, units[i].ending))
            return &units[i];
    return NULL;
}

struct family { // one figure on its way out
    char name[NAME_BYTES];
    double per_base;
    struct text *out;
};

static void name_it(struct family *f, const struct stat_view *v)
{
    const struct unit *u = unit_of(v->name);
    struct text t = text_of(f->name, sizeof f->name);
    const size_t len = strlen(v->name) - (u != NULL ? strlen(u->ending) : 0);
    text_addf(&t, PREFIX "%.*s%s", (int)len, v->name, u != NULL ? u->base : "");
    if (v->kind == STAT_COUNTER && !ends_in(f->name, "_total"))
        text_add(&t, "_total");
    f->out->is_cut = f->out->is_cut || t.is_cut;
    f->per_base = u != NULL ? u->per_base : 1;
}

static void put_head(const struct family *f, const char *sentence, const char *type)
{
    text_addf(f->out, "# HELP %s ", f->name);
    for (const char *s = sentence; *s != 0; s++) {
        const char one[2] = {*s, 0};
        text_add(f->out, *s == '\\' ? "\\\\" : *s == '\n' ? "\\n" : one);
    }
    text_addf(f->out, "\n# TYPE %s %s\n", f->name, type);
}

static void put_number(struct text *out, double v)
{
    if (!isfinite(v)) {
        text_add(out, isnan(v) ? "NaN\n" : v > 0 ? "+Inf\n" : "-Inf\n");
        return;
    }
    text_add_f64(out, v);
    text_add(out, "\n");
}

// A whole number stays one to the last digit where its unit allows.
static void put_whole(const struct family *f, uint64_t v)
{
    if (f->per_base > 1)
        put_number(f->out, (double)v / f->per_base);
    else
        text_addf(f->out, "%" PRIu64 "\n", v);
}

static void put_gauge(const struct family *f, const char *sentence, double v)
{
    put_head(f, sentence, "gauge");
    text_addf(f->out, "%s ", f->name);
    put_number(f->out, v / f->per_base);
}

static void put_counter(const struct family *f, const struct stat_view *v)
{
    put_head(f, v->sentence, "counter");
    text_addf(f->out, "%s ", f->name);
    put_whole(f, v->counter->count);
}

static void put_summary(const struct family *f, const struct stat_view *v)
{
    static const struct {
        unsigned permille;
        const char *label;
    } at[] = {{500, "0.5"}, {900, "0.9"}, {990, "0.99"}, {999, "0.999"}};
    const struct quantiles *q = v->quantiles;
    put_head(f, v->sentence, "summary");
    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        text_addf(f->out, "%s{quantile=\"%s\"} ", f->name, at[i].label);
        if (q->count > 0)
            put_whole(f, quantiles_at(q, at[i].permille));
        else
            put_number(f->out, (double)NAN);
    }
    text_addf(f->out, "%s_sum ", f->name);
    put_whole(f, q->sum);
    text_addf(f->out, "%s_count %" PRIu64 "\n", f->name, q->count);
}

static void put_figure(const struct stat_view *v, struct text *out)
{
    struct family f = {.out = out};
    name_it(&f, v);
    switch (v->kind) {
    case STAT_COUNTER:
        put_counter(&f, v);
        break;
    case STAT_GAUGE:
        put_gauge(&f, v->sentence, v->gauge->value);
        break;
    case STAT_QUANTILES:
        put_summary(&f, v);
        break;
    }
}

enum rc metrics_put(const struct stats *s, struct text *out)
{
    struct stat_view v;
    size_t at = 0;
    while (stats_next(s, &at, &v)) {
        const size_t before = out->len;
        put_figure(&v, out);
        if (!out->is_cut)
            continue;
        out->len = before; // half a figure is a lie
        out->at[before] = 0;
        return RC_FULL;
    }
    return RC_OK;
}
