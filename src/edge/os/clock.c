// SPDX-License-Identifier: MIT
// The clocks of this machine.
#include "os/clock.h"

#include <assert.h>
#include <time.h>

#include <uv.h>

uint64_t clock_now_us(void)
{
    return uv_hrtime() / 1000; // nanoseconds of CLOCK_MONOTONIC
}

uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return uv_hrtime();
#endif
}

uint64_t clock_wall_s(void)
{
    struct timespec now;
    const int failed = clock_gettime(CLOCK_REALTIME, &now);
    assert(failed == 0); // EFAULT or EINVAL: ours
    return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

uint64_t clock_cpu_us(void)
{
    struct timespec now;
    const int failed = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    assert(failed == 0); // EFAULT or EINVAL: ours
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
