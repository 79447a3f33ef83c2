// SPDX-License-Identifier: MIT
// Tests of graphs: small ones by hand, random ones against random orders.
#include "work/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define GRAPHS 50
#define ORDERS 1000

static struct graph g;
static struct graph_plan plan;

static uint32_t add(double us, double move_us, uint32_t need_count, const uint32_t *need)
{
    struct graph_task *t = &g.task[g.task_count];
    *t = (struct graph_task){
        .us = us, .move_us = move_us, .may = GRAPH_ANYWHERE, .need_count = need_count};
    for (uint32_t i = 0; i < need_count; i++)
        t->need[i] = need[i];
    return g.task_count++;
}

static void start(uint32_t helpers)
{
    g = (struct graph){.helper_count = helpers};
    for (uint32_t i = 0; i < helpers; i++)
        g.speed[i] = 1;
}

// No task before what it needs has come, none beside another on the same helper.
// No plan can be shorter: the longest way on the fastest helper, and all work on all helpers.
static double bound_us(void)
{
    double way[GRAPH_TASKS_MAX];
    double longest = 0;
    double work = 0;
    double speeds = 0;
    double fastest = 0;
    for (uint32_t h = 0; h < g.helper_count; h++) {
        speeds += g.speed[h];
        fastest = fmax(fastest, g.speed[h]);
    }
    for (uint32_t i = 0; i < g.task_count; i++) {
        const struct graph_task *t = &g.task[i];
        way[i] = 0;
        for (uint32_t n = 0; n < t->need_count; n++)
            way[i] = fmax(way[i], way[t->need[n]]);
        way[i] += t->us / fastest;
        longest = fmax(longest, way[i]);
        work += t->us;
    }
    return fmax(longest, work / speeds);
}

static void assert_sound(void)
{
    for (uint32_t i = 0; i < g.task_count; i++) {
        const struct graph_task *t = &g.task[i];
        const double us = t->us / g.speed[plan.helper[i]];
        assert_true(fabs(plan.end_us[i] - plan.begin_us[i] - us) < 1e-6 * (1 + us));
        assert_true(plan.end_us[i] <= plan.makespan_us);
        assert_true((t->may >> plan.helper[i] & 1) == 1);
        for (uint32_t n = 0; n < t->need_count; n++) {
            const uint32_t b = t->need[n];
            const double way = plan.helper[b] == plan.helper[i] ? 0 : g.task[b].move_us;
            assert_true(plan.begin_us[i] >= plan.end_us[b] + way - 1e-6);
        }
        for (uint32_t k = 0; k < i; k++)
            if (plan.helper[k] == plan.helper[i])
                assert_true(plan.begin_us[i] >= plan.end_us[k] - 1e-6 ||
                            plan.begin_us[k] >= plan.end_us[i] - 1e-6);
    }
    assert_true(plan.makespan_us >= bound_us() - 1e-6);
}

static bool is(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void tiles_side_by_side(void **state)
{
    (void)state;
    start(4);
    const uint32_t first = add(10, 2, 0, NULL);
    uint32_t tiles[4];
    for (uint32_t i = 0; i < 4; i++)
        tiles[i] = add(40, 2, 0, NULL);
    const uint32_t all[] = {first, tiles[0], tiles[1], tiles[2], tiles[3]};
    add(5, 0, 5, all);
    assert_int_equal(graph_check(&g), RC_OK);
    graph_plan(&g, &plan);
    assert_sound();
    assert_true(is(plan.makespan_us, 40 + 10 + 5)); // behind a tile; the last where it was
    assert_true(is(plan.rank_us[tiles[0]], 40 + 2 + 5));
}

static void the_longest_way_goes_first(void **state)
{
    (void)state;
    start(1);
    add(5, 0, 0, NULL);
    const uint32_t a = add(1, 0, 0, NULL);
    const uint32_t b = add(20, 0, 1, &a);
    g.helper_count = 2;
    g.speed[1] = 1;
    graph_plan(&g, &plan);
    assert_sound();
    assert_true(is(plan.begin_us[a], 0) && is(plan.end_us[b], 21));
    assert_true(is(plan.makespan_us, 21));
}

static void gaps_are_filled(void **state)
{
    (void)state;
    start(2);
    const uint32_t a = add(10, 30, 0, NULL);
    add(10, 0, 1, &a); // where it was made: there and at once
    const uint32_t fixed = add(10, 0, 1, &a);
    g.task[fixed].may = 2; // 30 later
    add(20, 0, 0, NULL);   // fits before it
    graph_plan(&g, &plan);
    assert_sound();
    assert_true(is(plan.makespan_us, 50));
    assert_true(is(plan.end_us[3], 20));
}

static void what_makes_no_sense(void **state)
{
    (void)state;
    const uint32_t self = 0;
    start(0);
    assert_int_equal(graph_check(&g), RC_CONFIG);
    start(1);
    assert_int_equal(graph_check(&g), RC_CONFIG); // no task
    add(1, 0, 1, &self);
    assert_int_equal(graph_check(&g), RC_CONFIG);
    start(1);
    add(-1, 0, 0, NULL);
    assert_int_equal(graph_check(&g), RC_CONFIG);
    start(1);
    add((double)NAN, 0, 0, NULL);
    assert_int_equal(graph_check(&g), RC_CONFIG);
    start(1);
    add(1, 0, 0, NULL);
    g.task[0].may = 2;
    assert_int_equal(graph_check(&g), RC_CONFIG);
    g.task[0].may = 3;
    assert_int_equal(graph_check(&g), RC_OK);
    g.speed[0] = 0;
    assert_int_equal(graph_check(&g), RC_CONFIG);
}

static void random_graph(struct rng *r)
{
    start(2 + (uint32_t)rng_below(r, 7));
    for (uint32_t i = 0; i < g.helper_count; i++)
        g.speed[i] = 0.5 + rng_unit(r) * 2;
    const uint32_t tasks = 10 + (uint32_t)rng_below(r, 50);
    for (uint32_t i = 0; i < tasks; i++) {
        uint32_t need[3];
        uint32_t count = 0;
        for (uint32_t n = 0; n < 3 && i > 0; n++) // of the last ten, mostly: layers
            if (rng_below(r, 2) == 0)
                need[count++] = i - 1 - (uint32_t)rng_below(r, i < 10 ? i : 10);
        add(1 + rng_unit(r) * 50, rng_unit(r) * 10, count, need);
    }
}

// Any order in which nothing comes before what it needs: of those that could be next, one drawn.
static void random_order(struct rng *r, uint32_t *order)
{
    bool is_in[GRAPH_TASKS_MAX] = {false};
    for (uint32_t done = 0; done < g.task_count; done++) {
        uint32_t able[GRAPH_TASKS_MAX];
        uint32_t count = 0;
        for (uint32_t i = 0; i < g.task_count; i++) {
            bool is_able = !is_in[i];
            for (uint32_t n = 0; n < g.task[i].need_count; n++)
                is_able = is_able && is_in[g.task[i].need[n]];
            if (is_able)
                able[count++] = i;
        }
        order[done] = able[rng_below(r, count)];
        is_in[order[done]] = true;
    }
}

// The ratio to the best of a thousand random orders, each of which goes where it is done first,
// too.
static void near_the_best_of_many_orders(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    double worst = 0;
    double sum = 0;
    for (int i = 0; i < GRAPHS; i++) {
        random_graph(&r);
        assert_int_equal(graph_check(&g), RC_OK);
        graph_plan(&g, &plan);
        assert_sound();
        const double ours = plan.makespan_us;
        double best = (double)INFINITY;
        for (int k = 0; k < ORDERS; k++) {
            uint32_t order[GRAPH_TASKS_MAX];
            random_order(&r, order);
            graph_plan_in_order(&g, order, &plan);
            best = fmin(best, plan.makespan_us);
        }
        assert_sound();
        worst = fmax(worst, ours / best);
        sum += ours / best;
    }
    print_message("makespan by rank / best of %d orders: mean %.3f, worst %.3f\n", ORDERS,
                  sum / GRAPHS, worst);
    assert_true(worst <= 1.10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_side_by_side),
        cmocka_unit_test(the_longest_way_goes_first),
        cmocka_unit_test(gaps_are_filled),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(near_the_best_of_many_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
