// SPDX-License-Identifier: MIT
// Secret bytes from the kernel (getrandom) behind host/entropy.
#ifndef OS_ENTROPY_H
#define OS_ENTROPY_H

#include "host/entropy.h"

// Needs nothing and owns nothing. Blocks only in the first moments after a machine's boot.
struct entropy entropy_os(void);

#endif
