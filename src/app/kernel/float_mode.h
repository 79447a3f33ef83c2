// SPDX-License-Identifier: MIT
// How floats round while a kernel computes: the same wherever it runs, and as Embree wants it.
//
//     const unsigned mode = float_mode_begin();
//     ... what results depend on ...
//     float_mode_end(mode);
#ifndef KERNEL_FLOAT_MODE_H
#define KERNEL_FLOAT_MODE_H

#include <xmmintrin.h>

// To nearest, no exceptions, denormals are zero both ways (bits 15 and 6 of MXCSR).
#define FLOAT_MODE 0x9fc0u

// Returns the thread's own way, for float_mode_end.
static inline unsigned float_mode_begin(void)
{
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(FLOAT_MODE);
    return mode;
}

static inline void float_mode_end(unsigned mode)
{
    _mm_setcsr(mode);
}

#endif
