// SPDX-License-Identifier: MIT
// The clocks of this machine. Machines never read them: they are handed the time.
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

// Microseconds since some start; never goes back, does not count sleep of the machine
// (CLOCK_MONOTONIC, the clock of libuv's timers).
uint64_t clock_now_us(void);
// Seconds since 1970-01-01 UTC. May jump; only for the wire, the ledger and people.
uint64_t clock_wall_s(void);
// A counter as fine and cheap as there is, for measuring parts of a computation: the time stamp
// counter on x86-64 (some 10 ns to read, no system call, so also behind seccomp), nanoseconds of
// CLOCK_MONOTONIC elsewhere. Of unknown rate, may differ from core to core: only differences
// within one thread count.
uint64_t clock_ticks(void);

// Microseconds of processor time that this thread has had.
uint64_t clock_cpu_us(void);

#endif
