// SPDX-License-Identifier: MIT
// Tests of a frame on the hub: probe, cut and books, for every size that a gamer may ask for.
#include "compute/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

struct desk {
    struct arena *arena;
    struct budget budget;
    struct queue queue;
    struct view view;
    struct frame frame;
};

static struct msg_submit submit_of(uint32_t width, uint32_t height, uint32_t samples)
{
    return (struct msg_submit){.width = width,
                               .height = height,
                               .samples = samples,
                               .depth_max = 4,
                               .camera = {.eye = {1, 2, 3}, .up = {0, 1, 0}, .fov_deg = 40}};
}

static void desk_open(struct desk *d, const struct msg_submit *spec)
{
    *d = (struct desk){.budget = {.limit_bytes = (size_t)512 << 20}};
    d->arena = arena_new((size_t)16 << 20);
    assert_non_null(d->arena);
    assert_int_equal(queue_init(&d->queue, d->arena, &d->budget, 1), RC_OK);
    d->view.budget = &d->budget;
    d->frame.spec = *spec;
    list_init(&d->frame.tasks);
}

static void drop_tasks(struct desk *d)
{
    LIST_FOR_SAFE (it, &d->frame.tasks)
        queue_free(&d->queue, CONTAINER_OF(it, struct task, sibling));
}

static void desk_close(struct desk *d)
{
    drop_tasks(d);
    view_reset(&d->view);
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
}

static void params_of(const struct task *t, struct trace_params *out)
{
    assert_int_equal(trace_params_decode(out, bytes_of(t->params, t->params_len)), RC_OK);
}

static struct task *only_task(struct desk *d)
{
    assert_false(list_is_empty(&d->frame.tasks));
    return CONTAINER_OF(d->frame.tasks.next, struct task, sibling);
}

// A report in which every cell costs the same.
static struct bytes report_of(uint32_t cells_x, uint32_t cells_y, uint32_t cost, uint8_t *at,
                              size_t cap)
{
    static uint8_t cells[TRACE_CELLS_MAX * 4];
    struct buffer c = buffer_of(cells, sizeof cells);
    for (uint32_t i = 0; i < cells_x * cells_y; i++)
        buffer_u32le(&c, cost);
    struct trace_report r = {.cells_x = cells_x, .cells_y = cells_y, .cost = buffer_bytes(&c)};
    struct buffer b = buffer_of(at, cap);
    assert_int_equal(trace_report_encode(&r, &b), RC_OK);
    return buffer_bytes(&b);
}

static uint8_t room[TRACE_CELLS_MAX * 4 + 64];

static void test_probe_of_any_size(void **state)
{
    (void)state;
    static const uint32_t side[] = {1, 2, 15, 16, 17, 100, 1080, 4096, 8191, 16383, 16384};
    for (size_t i = 0; i < ARRAY_COUNT(side); i++)
        for (size_t k = 0; k < ARRAY_COUNT(side); k++) {
            struct desk d;
            struct msg_submit spec = submit_of(side[i], side[k], 1);
            desk_open(&d, &spec);
            assert_int_equal(frame_probe(&d.frame, &d.queue), RC_OK);
            assert_int_equal(d.frame.state, FRAME_PROBING);
            struct trace_params p;
            params_of(only_task(&d), &p);
            assert_int_equal(only_task(&d)->kind, TASK_PROBE);
            assert_true(p.w * p.h <= TRACE_CELLS_MAX);
            uint64_t all = (uint64_t)side[i] * side[k];
            assert_true((uint64_t)p.w * p.h >=
                        (all < FRAME_PROBE_PIXELS ? all : FRAME_PROBE_PIXELS));
            struct bytes report = report_of(p.w, p.h, 400, room, sizeof room);
            enum rc rc = frame_probed(&d.frame, &d.view, report);
            assert_int_equal(rc,
                             p.w > COST_PROBE_MAX || p.h > COST_PROBE_MAX ? RC_MALFORMED : RC_OK);
            assert_true(view_fits(&d.view, &d.frame.spec));
            desk_close(&d);
        }
}

static void test_report_that_is_none(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(64, 48, 2);
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.frame, &d.view, bytes_text("nonsense")), RC_MALFORMED);
    assert_non_null(d.view.cost); // flat
    assert_true(d.view.frame_units > 0);
    struct bytes zero = report_of(64, 48, 0, room, sizeof room);
    assert_int_equal(frame_probed(&d.frame, &d.view, zero), RC_OK);
    assert_true(d.view.frame_units > 0);
    assert_int_equal(frame_plan(&d.frame, &d.view, &d.queue, (const double[]){1}, 1), RC_OK);
    desk_close(&d);
}

// Each (pixel, sample) is in exactly one tile, whatever was asked for.
static void check_cover(struct desk *d, uint8_t *seen)
{
    const struct msg_submit *s = &d->frame.spec;
    size_t all = (size_t)s->width * s->height * s->samples;
    memset(seen, 0, all);
    uint32_t tasks = 0;
    LIST_FOR (it, &d->frame.tasks) {
        const struct task *t = CONTAINER_OF(it, struct task, sibling);
        struct trace_params p;
        params_of(t, &p);
        assert_true(rect_equal(t->rect, (struct rect){p.x, p.y, p.w, p.h}));
        assert_true(rect_fits(t->rect, s->width, s->height));
        assert_true(t->units > 0 && t->units < 1e30);
        tasks++;
        for (uint32_t y = p.y; y < p.y + p.h; y++)
            for (uint32_t x = p.x; x < p.x + p.w; x++)
                for (uint32_t i = 0; i < p.sample_count; i++) {
                    size_t at = ((size_t)y * s->width + x) * s->samples + p.sample_first + i;
                    assert_true(at < all && seen[at] == 0);
                    seen[at] = 1;
                }
    }
    assert_null(memchr(seen, 0, all));
    assert_int_equal(tasks, d->frame.tasks_all);
    assert_int_equal(tasks, d->queue.waiting_count);
}

static void test_plan_covers_the_frame(void **state)
{
    (void)state;
    static uint8_t seen[200 * 200 * 8];
    struct rng r = rng_seeded(test_seed());
    for (int round = 0; round < 200; round++) {
        struct desk d;
        struct msg_submit spec =
            submit_of(1 + (uint32_t)rng_below(&r, 200), 1 + (uint32_t)rng_below(&r, 200),
                      1 + (uint32_t)rng_below(&r, 8));
        spec.tiles = (uint32_t)rng_below(&r, 40);
        desk_open(&d, &spec);
        assert_int_equal(frame_probe(&d.frame, &d.queue), RC_OK);
        struct trace_params p;
        params_of(only_task(&d), &p);
        drop_tasks(&d);
        // From nothing to so much that a tile is cut into ranges of samples.
        uint32_t cost = 1u << rng_below(&r, 32);
        struct bytes report = report_of(p.w, p.h, cost, room, sizeof room);
        assert_int_equal(frame_probed(&d.frame, &d.view, report), RC_OK);
        double weight[3] = {1e-3, 1, 1e3};
        assert_int_equal(
            frame_plan(&d.frame, &d.view, &d.queue, weight, (uint32_t)rng_below(&r, 4)), RC_OK);
        assert_int_equal(d.frame.state, FRAME_TRACING);
        check_cover(&d, seen);
        desk_close(&d);
    }
}

static void test_many_samples_become_ranges(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(8, 8, MSG_SAMPLES_MAX);
    spec.tiles = 1;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.frame, &d.view, bytes_text("flat")), RC_MALFORMED);
    assert_int_equal(frame_plan(&d.frame, &d.view, &d.queue, (const double[]){1}, 1), RC_OK);
    static uint8_t seen[8 * 8 * MSG_SAMPLES_MAX];
    check_cover(&d, seen);
    assert_int_equal(d.frame.tasks_all, MSG_SAMPLES_MAX / TRACE_SAMPLES_MAX);
    desk_close(&d);
}

static void test_dearest_first(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(160, 120, 1);
    spec.tiles = 12;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.frame, &d.view, bytes_text("flat")), RC_MALFORMED);
    cost_set(d.view.cost, 3, 3, 1e4); // a hot spot that cannot be cut evenly
    assert_int_equal(frame_plan(&d.frame, &d.view, &d.queue, (const double[]){1}, 1), RC_OK);
    double last = 1e300;
    LIST_FOR (it, &d.queue.waiting) {
        const struct task *t = CONTAINER_OF(it, struct task, node);
        assert_true(t->units <= last);
        last = t->units;
    }
    desk_close(&d);
}

static void test_learning_from_strangers(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(64, 64, 4);
    spec.tiles = 4;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.frame, &d.view, bytes_text("flat")), RC_MALFORMED);
    assert_int_equal(frame_plan(&d.frame, &d.view, &d.queue, (const double[]){1}, 1), RC_OK);
    struct task *t = only_task(&d);
    t->frame = &d.frame;
    double before = cost_of(d.view.cost, t->rect);
    frame_learn(&d.view, t, bytes_text("nonsense"), 1000, 1);
    frame_learn(&d.view, t, report_of(1, 1, 5, room, sizeof room), 1000, 1); // another grid
    frame_learn(&d.view, t, report_of(4, 4, 5, room, sizeof room), 0, 1);
    double after = cost_of(d.view.cost, t->rect);
    assert_true(after >= before && after <= before);
    frame_learn(&d.view, t, report_of(4, 4, 5, room, sizeof room), UINT64_MAX, 1e30);
    assert_true(d.view.frame_units > 0 && d.view.frame_units < 1e30);
    frame_learn(&d.view, t, report_of(4, 4, 5, room, sizeof room), 1, 0);
    assert_true(d.view.frame_units > 0);
    desk_close(&d);
}

static void test_views(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(64, 64, 4);
    desk_open(&d, &spec);
    assert_false(view_fits(&d.view, &spec)); // nothing is known
    assert_int_equal(frame_probed(&d.frame, &d.view, bytes_text("flat")), RC_MALFORMED);
    struct msg_submit other[5] = {spec, spec, spec, spec, spec};
    other[0].width++;
    other[1].height--;
    other[2].samples++;
    other[3].depth_max++;
    other[4].scene.b[0] ^= 1;
    for (size_t i = 0; i < ARRAY_COUNT(other); i++)
        assert_false(view_fits(&d.view, &other[i]));
    spec.frame = 9;
    spec.job = 9;
    spec.camera.eye[0] = 9; // moves on: the next frame is much like this one
    assert_true(view_fits(&d.view, &spec));
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < (1u << 20); limit += limit / 4 + 64) {
        struct desk d;
        struct msg_submit spec = submit_of(64, 48, 4);
        desk_open(&d, &spec);
        d.budget.limit_bytes = limit;
        enum rc rc = frame_probe(&d.frame, &d.queue);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        drop_tasks(&d);
        rc = frame_probed(&d.frame, &d.view, report_of(64, 48, 9, room, sizeof room));
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        if (d.view.cost != NULL) {
            rc = frame_plan(&d.frame, &d.view, &d.queue, (const double[]){1}, 1);
            assert_true(rc == RC_OK || rc == RC_NOMEM);
        }
        desk_close(&d); // what there is is given back
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_of_any_size),
        cmocka_unit_test(test_report_that_is_none),
        cmocka_unit_test(test_plan_covers_the_frame),
        cmocka_unit_test(test_many_samples_become_ranges),
        cmocka_unit_test(test_dearest_first),
        cmocka_unit_test(test_learning_from_strangers),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
