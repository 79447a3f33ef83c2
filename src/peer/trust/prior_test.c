// SPDX-License-Identifier: MIT
// Trust along receipts: against a naive twin, and against rings.
#include "trust/prior.h"

#include <math.h>

#include "base/rng.h"
#include "trust/people_test.h"

#define NODES 40u
#define EDGES 300u

struct field {
    struct prior_edge edge[EDGES];
    uint8_t is_seed[NODES];
    double number[4][NODES];
    struct prior p;
};

static void field_init(struct field *f, size_t edges)
{
    f->p = (struct prior){.edge = f->edge,
                          .edges = edges,
                          .is_seed = f->is_seed,
                          .nodes = NODES,
                          .trust = f->number[0],
                          .share = f->number[1],
                          .row = f->number[2],
                          .next = f->number[3]};
}

static void no_seeds_no_trust(void **state)
{
    (void)state;
    struct field f = {.edge = {{.from = 1, .to = 2, .good = 5}}};
    field_init(&f, 1);
    assert_int_equal(prior_run(&f.p), 0);
    for (size_t i = 0; i < NODES; i++)
        assert_true(f.p.trust[i] <= 0 && f.p.share[i] <= 0);
}

// 0 is the seed and praises 1, who praises 2. 3 to 9 praise one another without end.
static void rings_have_nothing(void **state)
{
    (void)state;
    struct field f = {.is_seed = {[0] = 1}};
    size_t n = 0;
    f.edge[n++] = (struct prior_edge){.from = 0, .to = 1, .good = 9};
    f.edge[n++] = (struct prior_edge){.from = 1, .to = 2, .good = 9};
    for (uint32_t i = 3; i < 10; i++)
        for (uint32_t j = 3; j < 10; j++)
            if (i != j)
                f.edge[n++] = (struct prior_edge){.from = i, .to = j, .good = 1e9f};
    field_init(&f, n);
    assert_true(prior_run(&f.p) > 0);
    assert_true(f.p.share[1] > 0.5 && f.p.share[2] > 0.3);
    for (uint32_t i = 3; i < 10; i++)
        assert_true(f.p.share[i] <= 0);
}

// An identity passes on at most its own weight, whatever it writes and however often.
static void rows_are_capped(void **state)
{
    (void)state;
    struct field f = {.is_seed = {[0] = 1}};
    f.edge[0] = (struct prior_edge){.from = 0, .to = 1, .good = 5};
    f.edge[1] = (struct prior_edge){.from = 0, .to = 2, .good = 5};
    for (uint32_t i = 0; i < 30; i++)
        f.edge[2 + i] = (struct prior_edge){.from = 2, .to = 5 + i, .good = 1e9f};
    field_init(&f, 32);
    assert_true(prior_run(&f.p) > 0);
    double passed = 0;
    for (uint32_t i = 0; i < 30; i++)
        passed += f.p.trust[5 + i];
    assert_true(passed <= f.p.trust[2]);
    struct field weak = {.is_seed = {[0] = 1}, .edge = {{.from = 0, .to = 1, .good = 1}}};
    field_init(&weak, 1);
    assert_true(prior_run(&weak.p) > 0 && weak.p.trust[1] < 0.5 * f.p.trust[1] + 0.05);
}

// Who is blamed by some of those we trust keeps less, but not nothing.
static void doubt_dims(void **state)
{
    (void)state;
    struct field f = {.is_seed = {[0] = 1, [1] = 1, [2] = 1, [3] = 1}};
    size_t n = 0;
    for (uint32_t i = 0; i < 4; i++) {
        f.edge[n++] = (struct prior_edge){.from = i, .to = 10, .good = 9};
        f.edge[n++] =
            (struct prior_edge){.from = i, .to = 11, .good = i < 3 ? 9 : 0, .bad = i < 3 ? 0 : 9};
        f.edge[n++] =
            (struct prior_edge){.from = i, .to = 12, .good = i < 1 ? 9 : 0, .bad = i < 1 ? 0 : 9};
    }
    field_init(&f, n);
    assert_true(prior_run(&f.p) > 0);
    assert_true(f.p.share[10] > f.p.share[11] && f.p.share[11] > 2 * f.p.share[12]);
    assert_true(f.p.share[12] > 0 && f.p.share[11] > 0.2);
}

// A dense matrix and many more turns.
static void naive_twin(const struct field *f, double *t)
{
    static double c[NODES][NODES];
    double seeds = 0;
    memset(c, 0, sizeof c);
    for (size_t i = 0; i < f->p.edges; i++)
        c[f->edge[i].from][f->edge[i].to] +=
            fmax(0, (double)f->edge[i].good - (double)f->edge[i].bad);
    for (size_t i = 0; i < NODES; i++) {
        double sum = 0;
        for (size_t j = 0; j < NODES; j++)
            sum += c[i][j];
        for (size_t j = 0; j < NODES; j++)
            c[i][j] /= fmax(sum, PRIOR_ROW_MIN);
        seeds += f->is_seed[i];
    }
    for (size_t i = 0; i < NODES; i++)
        t[i] = f->is_seed[i] / seeds;
    for (size_t turn = 0; turn < 500; turn++) {
        double next[NODES] = {0};
        for (size_t i = 0; i < NODES; i++)
            for (size_t j = 0; j < NODES; j++)
                next[j] += t[i] * c[i][j];
        for (size_t i = 0; i < NODES; i++)
            t[i] = (1 - PRIOR_SEED_PART) * next[i] + PRIOR_SEED_PART * f->is_seed[i] / seeds;
    }
}

static void as_the_naive_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct rng rng = rng_seeded(seed);
        struct field f = {.is_seed = {[3] = 1}};
        for (size_t i = 0; i < EDGES; i++)
            f.edge[i] = (struct prior_edge){.from = (uint32_t)rng_below(&rng, NODES),
                                            .to = (uint32_t)rng_below(&rng, NODES),
                                            .good = (float)rng_below(&rng, 20),
                                            .bad = (float)rng_below(&rng, 5)};
        f.is_seed[rng_below(&rng, NODES)] = 1;
        field_init(&f, EDGES);
        double t[NODES];
        double sum = 0;
        assert_true(prior_run(&f.p) > 1);
        naive_twin(&f, t);
        for (size_t i = 0; i < NODES; i++) {
            sum += f.p.trust[i];
            assert_true(fabs(t[i] - f.p.trust[i]) < 2e-3);
            assert_true(f.p.share[i] >= 0 && f.p.share[i] <= 1);
        }
        assert_true(sum <= 1 + 1e-9);
        double first[NODES];
        memcpy(first, f.p.share, sizeof first);
        (void)prior_run(&f.p);
        assert_memory_equal(first, f.p.share, sizeof first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_seeds_no_trust), cmocka_unit_test(rings_have_nothing),
        cmocka_unit_test(rows_are_capped),   cmocka_unit_test(doubt_dims),
        cmocka_unit_test(as_the_naive_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
