// SPDX-License-Identifier: MIT
// Tests of the lobes: energy, value against sampling, Fresnel's known numbers.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kernel/world/material.h"

static void near(double is, double wanted, double off)
{
    if (!(fabs(is - wanted) <= off))
        fail_msg("is %.6f, wanted %.6f within %.6f", is, wanted, off);
}

static struct scene_material mixed(float roughness, float metallic, float ior)
{
    return (struct scene_material){.base = {1.0f, 0.6f, 0.1f},
                                   .roughness = roughness,
                                   .metallic = metallic,
                                   .ior = ior,
                                   .opacity = 1.0f};
}

static struct lobe lobe_at(const struct material *m, double cosine)
{
    struct lobe l = {.material = m, .n = vec_of(0, 0, 1), .ng = vec_of(0, 0, 1)};
    l.out = vec_of((float)sqrt(1.0 - cosine * cosine), 0.0f, (float)cosine);
    l.cos_out = (float)cosine;
    l.is_entering = true;
    return l;
}

// Mean weight over many choices and samples: the albedo, one channel.
static double albedo(const struct material *m, double cosine, struct rng *rng, size_t channel)
{
    const int n = 40000;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        struct lobe l = lobe_at(m, cosine);
        struct vec in;
        struct vec weight;
        lobe_choose(&l, (float)rng_unit(rng) * 0.999999f);
        if (!lobe_sample(&l, (float)rng_unit(rng) * 0.999999f, (float)rng_unit(rng) * 0.999999f,
                         &in, &weight))
            continue;
        near((double)vec_length(in), 1.0, 1e-5);
        assert_true(in.z > 0.0f);
        sum += (double)(channel == 0 ? weight.x : channel == 1 ? weight.y : weight.z);
    }
    return sum / n;
}

static void no_roughness_angle_or_mix_makes_energy(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (int r = 0; r <= 10; r += 2) {
        for (int mix = 0; mix < 4; mix++) {
            struct scene_material from =
                mixed((float)r / 10.0f, (float)(mix % 2), mix < 2 ? 1.5f : 1.0f);
            struct material m;
            material_init(&m, &from);
            for (int c = 1; c <= 10; c += 3) {
                double white = albedo(&m, c / 10.0, &rng, 0);
                // Interpolated rows are off by most at grazing angles.
                near(white, 1.0, c == 1 ? 0.02 : 0.012);
                assert_true(albedo(&m, c / 10.0, &rng, 2) < white);
            }
        }
    }
}

// The integral of lobe_value over the hemisphere, by midpoints in (cos, angle).
static double integral(const struct lobe *l)
{
    const int n = 300;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            double z = (i + 0.5) / n;
            double a = (j + 0.5) / n * 2.0 * 3.14159265358979;
            double s = sqrt(1.0 - z * z);
            struct vec in = vec_of((float)(s * cos(a)), (float)(s * sin(a)), (float)z);
            sum += (double)lobe_value(l, in).y;
        }
    }
    return sum * 2.0 * 3.14159265358979 / n / n;
}

static void value_and_sampling_are_one_distribution(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(2);
    for (int k = 0; k < 4; k++) {
        static const enum lobe_kind kinds[] = {LOBE_DIFFUSE, LOBE_DIFFUSE_COATED, LOBE_COAT,
                                               LOBE_METAL};
        struct scene_material from = mixed(0.5f, kinds[k] == LOBE_METAL ? 1.0f : 0.0f,
                                           kinds[k] == LOBE_DIFFUSE ? 1.0f : 1.5f);
        struct material m;
        material_init(&m, &from);
        for (int c = 2; c <= 10; c += 4) {
            struct lobe l = lobe_at(&m, c / 10.0);
            lobe_choose(&l, kinds[k] == LOBE_COAT ? 0.0f : 0.999f);
            assert_int_equal(l.kind, kinds[k]);
            assert_true(l.is_lit);
            double sum = 0.0;
            const int n = 100000;
            for (int i = 0; i < n; i++) {
                struct vec in;
                struct vec weight;
                if (lobe_sample(&l, (float)rng_unit(&rng) * 0.999999f,
                                (float)rng_unit(&rng) * 0.999999f, &in, &weight))
                    sum += (double)weight.y;
            }
            double whole = integral(&l);
            near(sum / n, whole, 0.01 * whole + 0.002);
        }
    }
}

static void fresnel_has_its_known_values(void **state)
{
    (void)state;
    near((double)material_fresnel(1.0f, 1.5f), 0.04, 1e-6);
    near((double)material_fresnel(1.0f, 1.0f / 1.5f), 0.04, 1e-6);
    near((double)material_fresnel(1e-6f, 1.5f), 1.0, 1e-4);
    near((double)material_fresnel(0.5f, 1.0f / 1.5f), 1.0, 0.0); // 60 degrees, inside
    near((double)material_fresnel(0.7f, 1.0f), 0.0, 1e-6);
    // Brewster's angle, atan 1.5: only half of the light, and of that sin^2(2 * 33.69 - 90).
    near((double)material_fresnel(0.5547f, 1.5f), 0.5 * 0.14793, 1e-4);
}

static void glass_bends_as_snell_says(void **state)
{
    (void)state;
    struct scene_material from = mixed(0.0f, 0.0f, 1.5f);
    from.transmission = 1.0f;
    struct material m;
    material_init(&m, &from);
    struct lobe l = lobe_at(&m, 0.6);
    struct vec in;
    struct vec weight;
    lobe_choose(&l, 0.5f);
    assert_false(l.is_lit);
    assert_true(lobe_sample(&l, 0.999f, 0.5f, &in, &weight)); // passes
    near((double)in.x, -0.8 / 1.5, 1e-6);
    near((double)in.y, 0.0, 1e-6);
    assert_true(in.z < 0.0f);
    near((double)weight.y, 0.6, 1e-6);
    l.is_entering = false; // from inside, sin .8 is past the critical angle: all comes back
    assert_true(lobe_sample(&l, 0.999f, 0.5f, &in, &weight));
    near((double)in.x, -0.8, 1e-6);
    near((double)in.z, 0.6, 1e-6);
    near((double)weight.y, 1.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_roughness_angle_or_mix_makes_energy),
        cmocka_unit_test(value_and_sampling_are_one_distribution),
        cmocka_unit_test(fresnel_has_its_known_values),
        cmocka_unit_test(glass_bends_as_snell_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
