// SPDX-License-Identifier: MIT
// A made-up machine in a folder, good and broken, and the one this runs on.
#include "os/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"

static int make_root(void **state)
{
    static char root[64];
    (void)snprintf(root, sizeof root, "/tmp/device_test_XXXXXX");
    assert_non_null(mkdtemp(root));
    *state = root;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_root(void **state)
{
    return nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put_bytes(const char *root, const char *path, const void *at, size_t len)
{
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(whole, 0700); // may be there already
        *slash = '/';
    }
    FILE *f = fopen(whole, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(at, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void put(const char *root, const char *path, const char *text)
{
    put_bytes(root, path, text, strlen(text));
}

static void reads_a_whole_machine(void **state)
{
    const char *root = *state;
    put(root, "/proc/meminfo",
        "MemTotal:       16000000 kB\nMemFree: 5 kB\n"
        "MemAvailable:    4000000 kB\n");
    put(root, "/proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Ryzen\x01 9 \xc3\xa4\n"
        "flags\t\t: fpu sse2 avx avx2 avx512\n\nprocessor\t: 1\n");
    put(root, "/proc/loadavg", "1.25 0.58 0.59 1/389 12345\n");
    put(root, "/proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1\n");
    put(root, "/sys/class/hwmon/hwmon0/name", "nvme\n");
    put(root, "/sys/class/hwmon/hwmon0/temp1_input", "99000\n");
    put(root, "/sys/class/hwmon/hwmon1/name", "k10temp\n");
    put(root, "/sys/class/hwmon/hwmon1/temp1_input", "45125\n");
    put(root, "/sys/class/hwmon/hwmon1/temp3_input", "51500\n");
    put(root, "/sys/class/hwmon/hwmon1/temp3_label", "Tccd1\n");
    put(root, "/sys/class/thermal/thermal_zone0/temp", "70000\n");

    struct device d;
    struct device_state s;
    assert_int_equal(device_open(&d, root), RC_OK);
    assert_true(d.cpu_count >= 1);
    assert_true(d.has_memory);
    assert_true(d.memory_bytes == 16000000ull * 1024);
    assert_true(d.has_model);
    assert_string_equal(d.model, "Ryzen? 9 ??");
    assert_string_equal(d.simd, "avx2");
    device_look(&d, &s);
    assert_true(s.has_memory && s.memory_free_bytes == 4000000ull * 1024);
    assert_true(s.has_load);
    assert_int_equal(s.load_permille, 1250);
    assert_false(s.has_cpu);
    assert_true(s.has_temp);
    assert_int_equal(s.temp_mdeg, 51500);

    put(root, "/proc/stat", "cpu  150 0 125 820 5 0 0 0 0 0\n"); // 75 busy of 100
    device_look(&d, &s);
    assert_true(s.has_cpu);
    assert_int_equal(s.cpu_permille, 750);
    device_look(&d, &s); // no tick passed
    assert_false(s.has_cpu);
}

static void falls_back_to_zones(void **state)
{
    const char *root = *state;
    put(root, "/sys/class/hwmon/hwmon0/name", "nvme\n");
    put(root, "/sys/class/hwmon/hwmon0/temp1_input", "99000\n");
    put(root, "/sys/class/thermal/thermal_zone0/temp", "-40000\n");
    put(root, "/sys/class/thermal/thermal_zone1/temp", "41000\n");
    put(root, "/sys/class/thermal/thermal_zone2/temp", "255000\n");
    put(root, "/sys/class/thermal/cooling_device0/temp", "60000\n");
    struct device d;
    struct device_state s;
    assert_int_equal(device_open(&d, root), RC_OK);
    device_look(&d, &s);
    assert_true(s.has_temp);
    assert_int_equal(s.temp_mdeg, 41000);
}

static void nothing_there_is_no_error(void **state)
{
    struct device d;
    struct device_state s;
    assert_int_equal(device_open(&d, *state), RC_OK);
    assert_false(d.has_memory || d.has_model);
    assert_string_equal(d.simd, "none");
    device_look(&d, &s);
    device_look(&d, &s);
    assert_false(s.has_memory || s.has_load || s.has_cpu || s.has_temp);
}

static void broken_values_are_absent(void **state)
{
    const char *root = *state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "MemTotal:\nMemAvailable:",
                                      "MemTotal: 99999999999999999999999 kB\n",
                                      "MemTotal: 18014398509481984 kB\n",
                                      "MemTotal: 0 kB\n",
                                      "MemTotal: 12 MB\n",
                                      "cpu ",
                                      "cpu  1 2 3",
                                      "cpu  1 2 3 x 4 5 6 7",
                                      "cpu  -1 2 3 4 5 6 7 8",
                                      "model name",
                                      "model name\t:\n",
                                      "12",
                                      "4294967295.5 1 1",
                                      "18446744073709551616",
                                      "hot\n"};
    struct device d;
    struct device_state s;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        put(root, "/proc/meminfo", bad[i]);
        put(root, "/proc/cpuinfo", bad[i]);
        put(root, "/proc/loadavg", bad[i]);
        put(root, "/proc/stat", bad[i]);
        put(root, "/sys/class/thermal/thermal_zone0/temp", bad[i]);
        assert_int_equal(device_open(&d, root), RC_OK);
        device_look(&d, &s);
        device_look(&d, &s);
        assert_false(d.has_memory || d.has_model || s.has_memory || s.has_cpu || s.has_temp);
        assert_false(s.has_load);
    }
    put(root, "/proc/meminfo", "MemTotal: 5 kB\nMemAvailable: 6 kB\n");
    assert_int_equal(device_open(&d, root), RC_OK);
    device_look(&d, &s);
    assert_true(d.has_memory && !s.has_memory);
}

static void backward_counters_start_over(void **state)
{
    const char *root = *state;
    struct device d;
    struct device_state s;
    assert_int_equal(device_open(&d, root), RC_OK);
    put(root, "/proc/stat", "cpu  100 0 100 800 0 0 0 0\n");
    device_look(&d, &s);
    put(root, "/proc/stat", "cpu  90 0 100 900 0 0 0 0\n");
    device_look(&d, &s);
    assert_false(s.has_cpu);
    put(root, "/proc/stat", "cpu  90 0 100 1000 0 0 0 0\n");
    device_look(&d, &s);
    assert_true(s.has_cpu);
    assert_int_equal(s.cpu_permille, 0);
}

// Whatever is in the files, the result keeps its ranges.
static void garbage_keeps_the_ranges(void **state)
{
    const char *root = *state;
    static const char *const path[] = {"/proc/meminfo", "/proc/cpuinfo", "/proc/loadavg",
                                       "/proc/stat", "/sys/class/thermal/thermal_zone0/temp"};
    static const char letters[] = "0123456789 .:\n\tcpu MemTotalAvailable kBflags\x80\xff";
    struct rng rng = rng_seeded(20240607);
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(path); i++) {
            char text[600];
            const size_t len = (size_t)rng_below(&rng, sizeof text);
            for (size_t k = 0; k < len; k++)
                text[k] = letters[rng_below(&rng, sizeof letters)]; // its final 0 too
            put_bytes(root, path[i], text, len);
        }
        struct device d;
        struct device_state s;
        assert_int_equal(device_open(&d, root), RC_OK);
        device_look(&d, &s);
        device_look(&d, &s);
        assert_true(strlen(d.model) < sizeof d.model);
        assert_true(s.cpu_permille <= 1000);
        assert_true(!s.has_temp || s.temp_mdeg <= DEVICE_TEMP_MDEG_MAX);
        assert_true(!s.has_memory || s.memory_free_bytes <= d.memory_bytes);
    }
}

static void knows_this_machine(void **state)
{
    (void)state;
    struct device d;
    struct device_state s;
    assert_int_equal(device_open(&d, NULL), RC_OK);
    device_look(&d, &s);
    print_message("  %u processors, '%s', %s, %llu MiB\n", d.cpu_count, d.model, d.simd,
                  (unsigned long long)d.memory_bytes >> 20);
    assert_true(d.has_memory && s.has_memory && s.has_load);
}

static void too_long_a_root_is_refused(void **state)
{
    (void)state;
    char root[DEVICE_ROOT_BYTES + 1];
    memset(root, 'x', sizeof root - 1);
    root[sizeof root - 1] = 0;
    struct device d;
    assert_int_equal(device_open(&d, root), RC_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_a_whole_machine, make_root, remove_root),
        cmocka_unit_test_setup_teardown(falls_back_to_zones, make_root, remove_root),
        cmocka_unit_test_setup_teardown(nothing_there_is_no_error, make_root, remove_root),
        cmocka_unit_test_setup_teardown(broken_values_are_absent, make_root, remove_root),
        cmocka_unit_test_setup_teardown(backward_counters_start_over, make_root, remove_root),
        cmocka_unit_test_setup_teardown(garbage_keeps_the_ranges, make_root, remove_root),
        cmocka_unit_test(knows_this_machine),
        cmocka_unit_test(too_long_a_root_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
