// SPDX-License-Identifier: MIT
// What this machine is, and how it fares right now: read from /proc and /sys under a root.
//
// The root is "/" or, in tests and for `--root`, a folder with fake files. What cannot be read,
// or makes no sense, is absent (has_* false) and never an error. Processor use needs two looks.
#ifndef OS_DEVICE_H
#define OS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

#define DEVICE_MODEL_BYTES   64
#define DEVICE_SIMD_BYTES    16
#define DEVICE_ROOT_BYTES    256
#define DEVICE_SENSORS_MAX   64   // looked at per kind
#define DEVICE_TEMP_MDEG_MIN 1000 // a sensor outside 1..150 degrees is broken or absent
#define DEVICE_TEMP_MDEG_MAX 150000

// What does not change.
struct device {
    char root[DEVICE_ROOT_BYTES];
    uint32_t cpu_count; // that this process may use, at least 1
    bool has_memory;
    uint64_t memory_bytes;
    bool has_model;
    char model[DEVICE_MODEL_BYTES]; // printable ASCII
    char simd[DEVICE_SIMD_BYTES];   // best level for the record: "avx512f", "avx2", "neon", "none"
    uint64_t busy_seen_ticks;       // private: the last look at /proc/stat
    uint64_t all_seen_ticks;
};

// What does.
struct device_state {
    bool has_memory;
    uint64_t memory_free_bytes; // available without swapping
    bool has_load;
    uint32_t load_permille; // runnable processes over the last minute, 1000 = one
    bool has_cpu;
    uint32_t cpu_permille; // of all processors, since the last look, 0..1000
    bool has_temp;
    int32_t temp_mdeg; // hottest processor or graphics sensor, thousandths of a degree Celsius
};

// root: NULL is "/". RC_CONFIG: root is too long.
MUST_USE enum rc device_open(struct device *d, const char *root);
// The first look after open has no has_cpu.
void device_look(struct device *d, struct device_state *out);

#endif
