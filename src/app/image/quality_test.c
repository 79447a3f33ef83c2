// SPDX-License-Identifier: MIT
// Tests of the quality measures: against scikit-image, and on pictures with known answers.
#define _POSIX_C_SOURCE 200809L // popen

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "image/quality.h"

#define W 61u
#define H 47u

static uint8_t a[W * H * 3], b[W * H * 3];

// Waves and edges, and the same with noise and a shift of tone.
static void make(double noise, int lift)
{
    struct rng r = rng_seeded(5);
    for (uint32_t y = 0; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            for (uint32_t c = 0; c < 3; c++) {
                double v = 120.0 + 90.0 * sin(0.3 * x + c) * cos(0.2 * y) + (x > 30 ? 30.0 : 0.0);
                double w = v + lift + noise * (rng_unit(&r) - 0.5);
                a[(y * W + x) * 3 + c] = (uint8_t)fmin(fmax(v, 0.0), 255.0);
                b[(y * W + x) * 3 + c] = (uint8_t)fmin(fmax(w, 0.0), 255.0);
            }
        }
    }
}

static double ssim_of(void)
{
    struct budget budget = {.limit_bytes = 1 << 20};
    double s = -2.0;
    assert_int_equal(quality_ssim(a, b, W, H, &budget, &s), RC_OK);
    assert_int_equal(budget.used_bytes, 0);
    return s;
}

static void equal_pictures_are_equal(void **state)
{
    (void)state;
    make(0.0, 0);
    assert_true(isinf(quality_psnr(a, b, W, H)));
    assert_true(fabs(ssim_of() - 1.0) < 1e-12);
}

static void a_lift_of_one_is_48_db(void **state)
{
    (void)state;
    memset(a, 100, sizeof a);
    memset(b, 101, sizeof b);
    assert_true(fabs(quality_psnr(a, b, W, H) - 20.0 * log10(255.0)) < 1e-9);
    // Flat pictures: only the first factor is left.
    assert_true(fabs(ssim_of() - (2.0 * 10100.0 + 6.5025) / (10000.0 + 10201.0 + 6.5025)) < 1e-9);
}

static void write_file(const char *path, const uint8_t *at, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(at, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

// skimage takes the same window if told to; its mean leaves out what the window overhangs.
static const char script[] =
    "import sys, numpy as np\n"
    "try:\n"
    "    from skimage.metrics import structural_similarity as ssim, peak_signal_noise_ratio as "
    "psnr\n"
    "except ImportError:\n"
    "    sys.exit()\n"
    "a, b = (np.fromfile(p, np.uint8).reshape(47, 61, 3) for p in sys.argv[1:3])\n"
    "y = [p @ np.array([.299, .587, .114]) for p in (a, b)]\n"
    "s = ssim(*y, data_range=255, gaussian_weights=True, sigma=1.5,\n"
    "         use_sample_covariance=False)\n"
    "print('%.12f %.12f' % (s, psnr(a, b, data_range=255)))\n";

static void the_figures_are_those_of_scikit_image(void **state)
{
    (void)state;
    static const struct {
        double noise;
        int lift;
    } each[] = {{10.0, 0}, {60.0, 3}, {0.0, 20}, {200.0, -10}};
    write_file("quality_test.py", (const uint8_t *)script, sizeof script - 1);
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        make(each[i].noise, each[i].lift);
        write_file("quality_test_a.bin", a, sizeof a);
        write_file("quality_test_b.bin", b, sizeof b);
        FILE *f =
            popen("/usr/bin/python3 quality_test.py quality_test_a.bin quality_test_b.bin", "r");
        assert_non_null(f);
        double ssim = -2.0;
        double psnr = 0.0;
        const int read = fscanf(f, "%lf %lf", &ssim, &psnr);
        (void)pclose(f);
        (void)remove("quality_test_a.bin"); // it was there
        (void)remove("quality_test_b.bin");
        if (read != 2)
            skip(); // no scikit-image here
        assert_true(fabs(ssim - ssim_of()) < 1e-9);
        assert_true(fabs(psnr - quality_psnr(a, b, W, H)) < 1e-9);
    }
    (void)remove("quality_test.py");
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    struct budget none = {0};
    double s;
    assert_int_equal(quality_ssim(a, b, 10, H, &none, &s), RC_REFUSED);
    assert_int_equal(quality_ssim(a, b, W, 10, &none, &s), RC_REFUSED);
    assert_int_equal(quality_ssim(a, b, W, H, &none, &s), RC_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_pictures_are_equal),
        cmocka_unit_test(a_lift_of_one_is_48_db),
        cmocka_unit_test(the_figures_are_those_of_scikit_image),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
