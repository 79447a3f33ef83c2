// SPDX-License-Identifier: MIT
// The few compiler attributes and macros that everything uses.
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>

#define MUST_USE                   __attribute__((warn_unused_result))
#define NO_RETURN                  __attribute__((noreturn))
#define PRINTF(text_at, values_at) __attribute__((format(printf, text_at, values_at)))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

// The struct that holds `member`, from a pointer to that member.
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
