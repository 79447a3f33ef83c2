// SPDX-License-Identifier: MIT
// Tests of choosing lights: the mean is the sum over all lamps, whatever their powers.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/rng.h"
#include "kernel/trace/light.h"
#include "kernel/trace/stage_test.h"

#define LAMPS 7

static struct stage stage;

// Lamps of very unlike powers around the origin; what they bring a white Lambert point there,
// facing +y, by quadrature in double.
static double lamps(struct rng *rng)
{
    const int n = 200;
    double sum = 0.0;
    stage_init(&stage, 1, 1);
    for (int k = 0; k < LAMPS; k++) {
        struct scene_material m = stage_grey(0.0f);
        m.emission[0] = m.emission[1] = m.emission[2] = powf(3.0f, (float)k - 3.0f);
        m.opacity = k == 2 ? 0.5f : 1.0f;
        float p[3][3];
        uint32_t v[3];
        for (size_t i = 0; i < 3; i++) {
            for (size_t j = 0; j < 3; j++)
                p[i][j] = (float)rng_unit(rng) * 4.0f - 2.0f;
            p[i][1] += 1.0f; // some reach below the horizon
            v[i] = stage_vertex(&stage, p[i], NULL);
        }
        stage_triangle(&stage, v, stage_material(&stage, m));
        struct vec a = vec_from(p[0]);
        struct vec e1 = vec_sub(vec_from(p[1]), a);
        struct vec e2 = vec_sub(vec_from(p[2]), a);
        struct vec nu = vec_cross(e1, e2);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n - i; j++) { // midpoints of a grid of small triangles
                double w = j == n - i - 1 ? 0.5 : 1.0;
                float third = j == n - i - 1 ? 1.0f / 3.0f : 0.5f;
                struct vec to = vec_along(vec_along(a, e1, ((float)i + third) / (float)n), e2,
                                          ((float)j + third) / (float)n);
                double r2 = (double)vec_dot(to, to);
                if (to.y > 0.0f)
                    sum += w * (double)(m.emission[0] * m.opacity * to.y) *
                           fabs((double)vec_dot(nu, to)) / (r2 * r2) / n / n / 3.14159265358979;
            }
        }
    }
    return sum;
}

static void the_mean_is_the_sum_over_all_lamps(void **state)
{
    (void)state;
    RTCDevice device = rtcNewDevice("threads=1");
    assert_non_null(device);
    struct rng rng = rng_seeded(4);
    for (int round = 0; round < 5; round++) {
        double wanted = lamps(&rng);
        struct arena *arena = arena_new(1 << 20);
        struct scene scene;
        struct world w = {0};
        assert_int_equal(scene_open(&scene, stage_object(&stage), NULL), RC_OK);
        assert_int_equal(world_open(&w, device, &scene, arena), RC_OK);
        assert_int_equal(w.light_count, LAMPS);
        struct scene_material white = stage_grey(1.0f);
        struct material m;
        material_init(&m, &white);
        struct lobe l = {.material = &m, .n = vec_of(0, 1, 0), .ng = vec_of(0, 1, 0)};
        l.out = l.n;
        l.cos_out = 1.0f;
        lobe_choose(&l, 0.5f);
        const int n = 400000;
        double sum = 0.0;
        double sum2 = 0.0;
        for (int i = 0; i < n; i++) {
            struct light_sample s;
            struct light_dice dice = {.emitter = rng_u64(&rng), .point = rng_u64(&rng)};
            dice.keep = (float)rng_unit(&rng) * 0.999999f;
            if (!light_choose(&w, &l, vec_of(0, 0, 0), &dice, &s))
                continue;
            assert_true(s.towards.y > 0.0f);
            sum += (double)s.light.x;
            sum2 += (double)(s.light.x * s.light.x);
        }
        double mean = sum / n;
        double deviation = sqrt((sum2 / n - mean * mean) / n);
        if (!(fabs(mean - wanted) < 4.0 * deviation + 0.002 * wanted))
            fail_msg("round %d: mean %.5f +- %.5f, wanted %.5f", round, mean, deviation, wanted);
        assert_true(deviation < 0.02 * wanted);
        world_close(&w);
        arena_free(arena);
    }
    rtcReleaseDevice(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_is_the_sum_over_all_lamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
