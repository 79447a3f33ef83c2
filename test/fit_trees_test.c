// SPDX-License-Identifier: MIT
// Fitting and asking are two programs' work: what XGBoost says of a row, our trees say too, to the
// last bit. And what asking costs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"
#include "os/clock.h"
#include "os/fit.h"
#include "work/refine.h"
#include "work/trees.h"

#define ROWS  REFINE_ROWS
#define TURNS 100u

static float row[ROWS * REFINE_FEATURES];
static float want[ROWS];
static float said[ROWS];

// Whole numbers and halves, so that many rows lie on a threshold.
static void fill(struct rng *rng)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        float *at = &row[i * REFINE_FEATURES];
        for (uint32_t k = 0; k < REFINE_FEATURES; k++)
            at[k] = k % 2 == 0 ? (float)rng_below(rng, 5) / 2 : (float)(rng_unit(rng) - 0.5);
        want[i] = at[0] * at[1] + (at[2] > 1 ? 0.3F : -0.1F) + 0.2F * (float)rng_unit(rng);
    }
}

static void ours_say_the_same(void **state)
{
    (void)state;
    static struct trees t;
    struct rng rng = rng_seeded(test_seed());
    for (int turn = 0; turn < 5; turn++) {
        fill(&rng);
        struct fit f = {.row = row,
                        .want = want,
                        .row_count = ROWS,
                        .feature_count = REFINE_FEATURES,
                        .said = said};
        fit_work(&f);
        assert_int_equal(f.rc, RC_OK);
        const struct bytes bytes = bytes_of(f.trees, f.trees_bytes);
        assert_int_equal(trees_read(&t, bytes, REFINE_FEATURES), RC_OK);
        float least = said[0];
        float most = said[0];
        for (uint32_t i = 0; i < ROWS; i++) {
            const float ours = trees_ask(&t, &row[i * REFINE_FEATURES]);
            assert_memory_equal(&ours, &said[i], sizeof ours);
            least = said[i] < least ? said[i] : least;
            most = said[i] > most ? said[i] : most;
        }
        assert_true(most - least > 0.3F); // and it was not all the same
    }
    float sum = 0;
    const uint64_t from_us = clock_now_us();
    for (uint32_t i = 0; i < ROWS * TURNS; i++)
        sum += trees_ask(&t, &row[i % ROWS * REFINE_FEATURES]);
    const double us = (double)time_since(from_us, clock_now_us());
    printf("%.0f ns for %u trees (%g)\n", 1000 * us / (ROWS * TURNS), FIT_TREES, (double)sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ours_say_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
