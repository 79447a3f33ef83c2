// SPDX-License-Identifier: MIT
// What a gamer, or a script, sees of a frame loop: each picture's light, and what all came to.
#include "prog/play/loop_view.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/json_line.h"

static const char *const form_name[] = {"sums", "layers", "streams"};

static void picture_as_json(const struct loop_picture *p)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "picture");
    json_put_u64(w, "number", p->number);
    json_put_text(w, "split", split_name(p->split));
    json_put_flag(w, "light", p->has_light);
    json_put_f64(w, "age", p->age);
    json_put_f64(w, "cpu_ms", (double)p->cpu_us / 1000);
    json_put_f64(w, "at_ms", (double)p->at_us / 1000);
    json_line_end(&line);
}

static void print_picture(const struct loop_view *v, const struct loop_picture *p)
{
    if (v->pictures % 20 == 1)
        printf("%7s  %-10s  %9s  %9s  %9s\n", "picture", "split", "light age", "own ms", "at s");
    printf("%7" PRIu32 "  %-10s  %9.1f  %9.1f  %9.2f\n", p->number,
           p->has_light ? split_name(p->split) : "own light", p->age, (double)p->cpu_us / 1000,
           (double)p->at_us / 1e6);
}

void loop_view_picture(struct loop_view *v, const struct loop_picture *p)
{
    v->pictures++;
    v->without += !p->has_light;
    v->cpu_us += p->cpu_us;
    v->age += fmax(p->age, 0);
    v->age_max = fmax(v->age_max, p->age);
    if (v->is_json)
        picture_as_json(p);
    else if (v->wants_table)
        print_picture(v, p);
}

static void light_as_json(const struct light *l, uint64_t bytes)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "light");
    json_put_u64(w, "number", l->number);
    json_put_u64(w, "count", l->count);
    json_put_text(w, "form", form_name[l->form]);
    json_put_text(w, "split", split_name(l->split));
    json_put_u64(w, "bytes", bytes);
    json_put_f64(w, "ms", (double)time_since(l->asked_us[0], l->came_us) / 1000);
    json_line_end(&line);
}

void loop_view_light(struct loop_view *v, const struct light *l)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < l->part_count; i++)
        bytes += l->part[i].len;
    v->light_bytes[l->form] += bytes;
    v->light_count[l->form] += l->count;
    if (v->is_json)
        light_as_json(l, bytes);
}

void loop_view_bad_stream(struct loop_view *v)
{
    v->bad_streams++;
}

void loop_view_failed(struct loop_view *v, const char *why)
{
    v->failures++;
    text_copy_safe(v->why, sizeof v->why, bytes_text(why));
}

static void chore_json(enum chore chore, const struct chore_stat *s, double mbit)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "chore");
    json_put_text(w, "chore", chore_name(chore));
    json_put_f64(w, "deadline_ms", s->deadline_us / 1000.0);
    json_put_u64(w, "asked", s->asked);
    json_put_u64(w, "here", s->here);
    json_put_u64(w, "in_time", s->in_time);
    json_put_u64(w, "late", s->late);
    json_put_u64(w, "failed", s->failed);
    json_put_u64(w, "ahead", s->ahead);
    json_put_f64(w, "way_ms", s->way_us / 1000);
    json_put_f64(w, "helper_cpu_ms", s->helper_us / 1000);
    json_put_f64(w, "own_cpu_ms", s->own_us / 1000);
    json_put_f64(w, "mbit_s", mbit);
    json_line_end(&line);
}

void loop_view_chore(const struct loop_view *v, enum chore chore, const struct chore_stat *s,
                     uint64_t us)
{
    const double mbit = us > 0 ? (double)s->bytes * 8 / (double)us : 0;
    char where[40];
    struct text t = text_of(where, sizeof where);
    if (v->is_json) {
        chore_json(chore, s, mbit);
        return;
    }
    if (s->is_local)
        text_add(&t, "stays here");
    else
        text_addf(&t, "%" PRIu32 " pictures ahead", s->ahead);
    if (chore == 0)
        printf("%-8s  %8s  %6s  %5s  %7s  %5s  %8s  %9s  %s\n", "chore", "deadline", "helped",
               "here", "in time", "late", "way ms", "Mbit/s", "sent");
    printf("%-8s  %5.0f ms  %6" PRIu64 "  %5" PRIu64 "  %7" PRIu64 "  %5" PRIu64
           "  %8.1f  %9.4f  %s\n",
           chore_name(chore), s->deadline_us / 1000.0, s->asked, s->here, s->in_time, s->late,
           s->way_us / 1000, mbit, where);
}

static double mbit_s(uint64_t bytes, uint64_t us)
{
    return us > 0 ? (double)bytes * 8 / (double)us : 0;
}

static void end_json(const struct loop_view *v, const struct director_stat *s,
                     const struct loop_traffic *t, uint64_t us)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "loop");
    json_put_u64(w, "pictures", v->pictures);
    json_put_u64(w, "without_light", v->without);
    json_put_f64(w, "ms", (double)us / 1000);
    json_put_f64(w, "own_cpu_ms", (double)v->cpu_us / 1000);
    json_put_f64(w, "age", v->pictures > 0 ? v->age / (double)v->pictures : 0);
    json_put_f64(w, "age_max", v->age_max);
    json_put_u64(w, "light_asked", s->asked);
    json_put_u64(w, "light_came", s->came);
    json_put_u64(w, "light_partly", s->partly);
    json_put_u64(w, "light_failed", s->failed);
    json_put_u64(w, "retries", s->retries);
    json_put_f64(w, "helper_cpu_ms", (double)s->helper_us / 1000);
    json_put_f64(w, "latency_ms", s->came > 0 ? (double)s->late_us / 1000 / (double)s->came : 0);
    json_put_f64(w, "makespan_ms", s->came > 0 ? (double)s->busy_us / 1000 / (double)s->came : 0);
    json_put_f64(w, "predicted_ms",
                 s->predicted > 0 ? s->predicted_us / 1000 / (double)s->predicted : 0);
    for (uint32_t i = 0; i < SPLITS; i++)
        json_put_u64(w, split_name((enum split)i), s->by_split[i]);
    for (uint32_t i = 0; i < ARRAY_COUNT(form_name); i++)
        json_put_u64(w, form_name[i], v->light_bytes[i]);
    json_put_u64(w, "bytes_in", t->in);
    json_put_u64(w, "bytes_out", t->out);
    json_line_end(&line);
}

static void print_splits(const struct director_stat *s)
{
    const char *between = "";
    for (uint32_t i = 0; i < SPLITS; i++) {
        if (s->by_split[i] == 0)
            continue;
        printf("%s%" PRIu64 " %s", between, s->by_split[i], split_name((enum split)i));
        between = ", ";
    }
    puts(s->asked > 0 ? "" : "none");
}

void loop_view_end(const struct loop_view *v, const struct director_stat *s,
                   const struct loop_traffic *t, uint64_t us)
{
    if (v->is_json) {
        end_json(v, s, t, us);
        return;
    }
    const double pictures = v->pictures > 0 ? (double)v->pictures : 1;
    printf("total: %" PRIu64 " pictures in %.1f s (%.1f/s), %.1f ms of this processor each\n",
           v->pictures, (double)us / 1e6, (double)v->pictures * 1e6 / (double)num_max(us, 1),
           (double)v->cpu_us / 1000 / pictures);
    printf("light frames: %" PRIu64 " asked for, %" PRIu64 " came, %.0f ms each; split: ", s->asked,
           s->came, s->came > 0 ? (double)s->late_us / 1000 / (double)s->came : 0);
    print_splits(s);
    printf("age of a picture's light: %.1f pictures, at most %.1f; %" PRIu64 " without any\n",
           v->age / pictures, v->age_max, v->without);
    for (uint32_t i = 0; i < ARRAY_COUNT(form_name); i++)
        if (v->light_count[i] > 0)
            printf("light as %s: %.1f KB a light frame\n", form_name[i],
                   (double)v->light_bytes[i] / 1000 / (double)v->light_count[i]);
    printf("from the hub %.3f Mbit/s, to it %.3f Mbit/s\n", mbit_s(t->in, us), mbit_s(t->out, us));
    if (s->failed + v->bad_streams + v->failures > 0)
        printf("%" PRIu64 " light frames failed, %" PRIu64 " streams could not be shown%s%s\n",
               s->failed, v->bad_streams, v->why[0] != 0 ? ": " : "", v->why);
}
