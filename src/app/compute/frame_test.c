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
    struct line line;
    struct job job;
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
    d->arena = arena_new((size_t)64 << 20);
    assert_non_null(d->arena);
    assert_int_equal(queue_init(&d->queue, d->arena, &d->budget, 1024, 1), RC_OK);
    d->view.budget = &d->budget;
    line_init(&d->line, skill_of("trace", false));
    d->job = (struct job){.spec = *spec};
    list_init(&d->job.tasks);
}

static void drop_tasks(struct desk *d)
{
    LIST_FOR_SAFE (it, &d->job.tasks)
        queue_free(&d->queue, CONTAINER_OF(it, struct task, sibling));
}

static void desk_close(struct desk *d)
{
    drop_tasks(d);
    view_reset(&d->view);
    budget_give(&d->budget, d->job.piece);
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
}

static void params_of(const struct task *t, struct trace_params *out)
{
    assert_int_equal(trace_params_decode(out, bytes_of(t->params, t->params_len)), RC_OK);
}

static struct task *only_task(struct desk *d)
{
    assert_false(list_is_empty(&d->job.tasks));
    return CONTAINER_OF(d->job.tasks.next, struct task, sibling);
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
            assert_int_equal(frame_probe(&d.job, &d.queue, &d.line, 0), RC_OK);
            assert_int_equal(d.job.state, JOB_PROBING);
            struct trace_params p;
            params_of(only_task(&d), &p);
            assert_int_equal(only_task(&d)->kind, TASK_PROBE);
            assert_true(p.w * p.h <= TRACE_CELLS_MAX);
            uint64_t all = (uint64_t)side[i] * side[k];
            assert_true((uint64_t)p.w * p.h >=
                        (all < FRAME_PROBE_PIXELS ? all : FRAME_PROBE_PIXELS));
            struct bytes report = report_of(p.w, p.h, 400, room, sizeof room);
            enum rc rc = frame_probed(&d.job, &d.view, report);
            assert_int_equal(rc,
                             p.w > COST_PROBE_MAX || p.h > COST_PROBE_MAX ? RC_MALFORMED : RC_OK);
            assert_true(view_fits(&d.view, &d.job.spec));
            desk_close(&d);
        }
}

static void test_report_that_is_none(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(64, 48, 2);
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("nonsense")), RC_MALFORMED);
    assert_non_null(d.view.cost); // flat
    assert_true(d.view.frame_units > 0);
    struct bytes zero = report_of(64, 48, 0, room, sizeof room);
    assert_int_equal(frame_probed(&d.job, &d.view, zero), RC_OK);
    assert_true(d.view.frame_units > 0);
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_OK);
    desk_close(&d);
}

static void mark(const struct piece *p, const struct msg_submit *s, uint8_t *seen)
{
    for (uint32_t y = p->rect.y; y < p->rect.y + p->rect.h; y++)
        for (uint32_t x = p->rect.x; x < p->rect.x + p->rect.w; x++)
            for (uint32_t i = 0; i < p->sample_count; i++) {
                size_t at = ((size_t)y * s->width + x) * s->samples + p->sample_first + i;
                assert_true(seen[at] == 0);
                seen[at] = 1;
            }
}

// Each (pixel, sample) is in exactly one piece, whatever was asked for; pieces lie in the order of
// their places, and are found there.
static void check_cover(const struct desk *d, uint8_t *seen)
{
    const struct msg_submit *s = &d->job.spec;
    size_t all = (size_t)s->width * s->height * s->samples;
    memset(seen, 0, all);
    for (uint32_t i = 0; i < d->job.piece_count; i++) {
        const struct piece *p = &d->job.piece[i];
        const struct piece *before = i > 0 ? p - 1 : NULL;
        assert_true(rect_fits(p->rect, s->width, s->height));
        assert_true(p->sample_first + p->sample_count <= s->samples && p->sample_count > 0);
        assert_true(p->sample_count <= TRACE_SAMPLES_MAX);
        assert_true(p->units > 0 && p->units < 1e30 && !p->is_done);
        if (before != NULL && before->index == p->index)
            assert_int_equal(before->sample_first + before->sample_count, p->sample_first);
        else
            assert_true(p->sample_first == 0 && p->index == (before ? before->index + 1 : 0));
        assert_ptr_equal(frame_find(&d->job, p->index, p->sample_first), p);
        mark(p, s, seen);
    }
    assert_null(memchr(seen, 0, all));
}

// What a piece asks for tells which piece it is, and of no other frame.
static void check_round_trip(struct desk *d, uint32_t at)
{
    const struct piece *p = &d->job.piece[at];
    uint8_t params_at[FRAME_PARAMS_BYTES];
    struct task_spec spec = frame_piece_spec(&d->job, p, params_at);
    assert_string_equal(spec.kernel, "trace");
    assert_int_equal(spec.input_count, 1);
    assert_true(digest_equal(&spec.input[0], &d->job.spec.scene));
    struct trace_params t;
    assert_int_equal(trace_params_decode(&t, spec.params), RC_OK);
    assert_int_equal(t.frame, d->job.spec.frame);
    struct piece back;
    assert_int_equal(frame_piece_of(&d->job, spec.params, &back), RC_OK);
    assert_true(rect_equal(back.rect, p->rect) && back.units > 0 && !back.is_done);
    assert_int_equal(back.sample_first, p->sample_first);
    assert_int_equal(back.sample_count, p->sample_count);
    d->job.spec.frame++;
    assert_int_equal(frame_piece_of(&d->job, spec.params, &back), RC_MALFORMED);
    d->job.spec.frame--;
    d->job.spec.width++;
    assert_int_equal(frame_piece_of(&d->job, spec.params, &back), RC_MALFORMED);
    d->job.spec.width--;
    spec.params.len--;
    assert_int_equal(frame_piece_of(&d->job, spec.params, &back), RC_MALFORMED);
}

static void check_order(struct desk *d)
{
    static uint8_t seen[JOB_PIECES_MAX];
    memset(seen, 0, d->job.piece_count);
    uint32_t *order = frame_order(&d->job, &d->budget);
    assert_non_null(order);
    for (uint32_t i = 0; i < d->job.piece_count; i++) {
        assert_true(order[i] < d->job.piece_count && seen[order[i]] == 0);
        seen[order[i]] = 1;
        if (i > 0)
            assert_true(d->job.piece[order[i]].units <= d->job.piece[order[i - 1]].units);
    }
    budget_give(&d->budget, order);
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
        assert_int_equal(frame_probe(&d.job, &d.queue, &d.line, 0), RC_OK);
        struct trace_params p;
        params_of(only_task(&d), &p);
        drop_tasks(&d);
        // From nothing to so much that a tile is cut into ranges of samples.
        uint32_t cost = 1u << rng_below(&r, 32);
        struct bytes report = report_of(p.w, p.h, cost, room, sizeof room);
        assert_int_equal(frame_probed(&d.job, &d.view, report), RC_OK);
        double weight[3] = {1e-3, 1, 1e3};
        assert_int_equal(frame_plan(&d.job, &d.view, weight, (uint32_t)rng_below(&r, 4)), RC_OK);
        check_cover(&d, seen);
        check_round_trip(&d, (uint32_t)rng_below(&r, d.job.piece_count));
        check_order(&d);
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
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_OK);
    static uint8_t seen[8 * 8 * MSG_SAMPLES_MAX];
    check_cover(&d, seen);
    assert_int_equal(d.job.piece_count, MSG_SAMPLES_MAX / TRACE_SAMPLES_MAX);
    desk_close(&d);
}

static void test_dearest_first(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(160, 120, 1);
    spec.tiles = 12;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
    cost_set(d.view.cost, 3, 3, 1e4); // a hot spot that cannot be cut evenly
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_OK);
    uint32_t *order = frame_order(&d.job, &d.budget);
    assert_non_null(order);
    uint32_t last = order[d.job.piece_count - 1];
    assert_true(d.job.piece[order[0]].units > d.job.piece[last].units);
    budget_give(&d.budget, order);
    check_order(&d);
    size_t used = d.budget.used_bytes;
    d.budget.limit_bytes =
        used + d.job.piece_count * sizeof *order; // room for the first block only
    assert_null(frame_order(&d.job, &d.budget));
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

static void test_what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(8, 8, 3000); // three ranges
    spec.tiles = 4;
    desk_open(&d, &spec);
    assert_null(frame_find(&d.job, 0, 0)); // nothing is cut yet
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_OK);
    uint32_t found = 0;
    for (uint32_t index = 0; index < 2 * MSG_TILES_MAX; index += 1 + index / 64)
        for (uint32_t first = 0; first < 3010; first++)
            found += frame_find(&d.job, index, first) != NULL;
    assert_int_equal(found, d.job.piece_count);
    assert_null(frame_find(&d.job, UINT32_MAX, UINT32_MAX));
    desk_close(&d);
}

static void test_too_many_pieces(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(1024, 1024, MSG_SAMPLES_MAX); // 64 ranges at least
    spec.tiles = 1024;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
    size_t used = d.budget.used_bytes;
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_FULL);
    assert_null(d.job.piece);
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

static void test_learning_from_strangers(void **state)
{
    (void)state;
    struct desk d;
    struct msg_submit spec = submit_of(64, 64, 4);
    spec.tiles = 4;
    desk_open(&d, &spec);
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
    assert_int_equal(frame_plan(&d.job, &d.view, (const double[]){1}, 1), RC_OK);
    struct task tile = {.kind = TASK_TILE, .job = &d.job, .piece = 1};
    const struct task *t = &tile;
    struct rect rect = d.job.piece[1].rect;
    double before = cost_of(d.view.cost, rect);
    frame_learn(&d.view, t, bytes_text("nonsense"), 1000, 1);
    frame_learn(&d.view, t, report_of(1, 1, 5, room, sizeof room), 1000, 1); // another grid
    frame_learn(&d.view, t, report_of(4, 4, 5, room, sizeof room), 0, 1);
    double after = cost_of(d.view.cost, rect);
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
    assert_int_equal(frame_probed(&d.job, &d.view, bytes_text("flat")), RC_MALFORMED);
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
        enum rc rc = frame_probe(&d.job, &d.queue, &d.line, 0);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        drop_tasks(&d);
        rc = frame_probed(&d.job, &d.view, report_of(64, 48, 9, room, sizeof room));
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        if (d.view.cost != NULL) {
            rc = frame_plan(&d.job, &d.view, (const double[]){1}, 1);
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
        cmocka_unit_test(test_what_is_not_there_is_not_found),
        cmocka_unit_test(test_too_many_pieces),
        cmocka_unit_test(test_learning_from_strangers),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
