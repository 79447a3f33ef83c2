// SPDX-License-Identifier: MIT
// Kernel `echo`: gives its params back. Shows that the way to a helper and back works, and what
// it costs; takes no object.
#ifndef KERNEL_ECHO_H
#define KERNEL_ECHO_H

#include "kernel/kernel.h"

extern const struct kernel echo_kernel;

#endif
