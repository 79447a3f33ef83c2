// SPDX-License-Identifier: MIT
// What `shoal demo` prints of its flights: how they are flown, and a table of the splits.
#include "prog/demo/flight_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "prog/demo/demo.h"
#include "prog/json_line.h"

#define NAME_BYTES 48u

void flight_view_before(uint64_t seconds)
{
    printf("Then they light a flight through " FLIGHT_SCENE " of %u s, again for each way to split "
           "its light:\n" FLIGHT_SIZE
           " pictures, %u a second, drawn by the gamer; light of " FLIGHT_LIGHT
           " for every second one.\n",
           (unsigned)seconds, FLIGHT_FPS);
}

static void print_row(const struct demo_flight *d, const struct flight_figures *g)
{
    char name[NAME_BYTES];
    const struct flight *f = &d->flight;
    struct text t = text_of(name, sizeof name);
    text_addf(&t, strcmp(d->policy, DEMO_LEARNER) == 0 ? "%s" : "%s (%s)", d->split, d->policy);
    printf("%-15s %5.1f %5.1f %6.0f %6.0f %5.1f %6.2f %6" PRIu64
           " %6.1f %6.1f %7.1f %6.0f %6.0f%s\n",
           name, g->pictures_s, g->lights_s, (double)g->latency_p50_us / 1000,
           (double)g->latency_p99_us / 1000, f->age, g->mbit_s, f->failed, 100 * g->late, g->own_ms,
           g->helpers_ms, f->predicted_ms, f->makespan_ms, d->is_cut ? "  cut" : "");
}

static void print_json(const struct demo_flight *d, const struct flight_figures *g)
{
    const struct flight *f = &d->flight;
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "flight");
    json_put_text(w, "split", d->split);
    json_put_text(w, "policy", d->policy);
    json_put_u64(w, "pictures", f->pictures);
    json_put_u64(w, "light_asked", f->asked);
    json_put_u64(w, "light_came", f->came);
    json_put_u64(w, "light_failed", f->failed);
    json_put_u64(w, "late", f->late);
    json_put_f64(w, "pictures_s", g->pictures_s);
    json_put_f64(w, "light_s", g->lights_s);
    json_put_f64(w, "p50_ms", (double)g->latency_p50_us / 1000);
    json_put_f64(w, "p99_ms", (double)g->latency_p99_us / 1000);
    json_put_f64(w, "age", f->age);
    json_put_f64(w, "age_max", f->age_max);
    json_put_f64(w, "mbit_s", g->mbit_s);
    json_put_f64(w, "own_ms", g->own_ms);
    json_put_f64(w, "helpers_ms", g->helpers_ms);
    json_put_f64(w, "predicted_ms", f->predicted_ms);
    json_put_f64(w, "makespan_ms", f->makespan_ms);
    for (uint32_t i = 0; i < SPLITS; i++)
        json_put_u64(w, split_name((enum split)i), f->by_split[i]);
    json_put_flag(w, "cut", d->is_cut);
    json_line_end(&line);
}

static void print_choice(const struct demo_flight *d)
{
    enum split split = SPLIT_AUTO;
    const char *between = "";
    if (!split_of(bytes_text(d->split), &split) || split != SPLIT_AUTO)
        return;
    printf("auto under %s asked for ", d->policy);
    for (uint32_t i = 0; i < SPLITS; i++) {
        if (d->flight.by_split[i] == 0)
            continue;
        printf("%s%" PRIu64 " %s", between, d->flight.by_split[i], split_name((enum split)i));
        between = ", ";
    }
    puts(" light frames");
}

static void print_words(const struct demo_flight *flight, uint32_t count)
{
    bool is_any_cut = false;
    puts(
        "a second: pictures and light frames; light: from asking to having; age: of a picture's "
        "light, in\npictures; Mbit/s: from the hub; failed: light frames; late: pictures whose own "
        "light was not there\nin time; CPU: the gamer's for a picture, helpers' for a light frame; "
        "makespan, of each of a few light\nframes in a row: predicted, with the gamer's drawing; "
        "real, while any light was under way");
    for (uint32_t i = 0; i < count; i++) {
        print_choice(&flight[i]);
        is_any_cut = is_any_cut || flight[i].is_cut;
    }
    if (is_any_cut)
        puts("cut: this machine was too slow, or too busy, to draw the whole flight in time");
}

enum rc flight_view_table(const struct demo_flight *flight, uint32_t count, struct arena *scratch,
                          bool is_json)
{
    struct flight_figures g;
    if (!is_json)
        printf("\n%-15s %11s %13s %5s %6s %6s %6s %14s %13s\n%-15s %5s %5s %6s %6s %5s %6s %6s %6s "
               "%6s %7s %6s %6s\n",
               "phase 3", "a second", "light, ms", "", "", "", "", "CPU, ms", "makespan, ms",
               "split", "pict.", "light", "p50", "p99", "age", "Mbit/s", "failed", "late %",
               "gamer", "helpers", "pred.", "real");
    for (uint32_t i = 0; i < count; i++) {
        const enum rc rc = flight_figures(&g, scratch, &flight[i].flight);
        if (rc != RC_OK)
            return rc;
        (is_json ? print_json : print_row)(&flight[i], &g);
    }
    if (!is_json)
        print_words(flight, count);
    return RC_OK;
}
