// SPDX-License-Identifier: MIT
// Levelled log lines through a sink that is passed in.
//
// One line an event: `module: sentence key=value ...`. The sink adds time and prefix. A NULL
// log is silent. Never a secret, never raw bytes of a stranger (text_add_safe).
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attr.h"

enum log_level { // the numbers are syslog's, for journald's <n> prefix
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARN = 4,
    LOG_LEVEL_INFO = 6, // an operator cares
    LOG_LEVEL_DEBUG = 7,
};

struct log {
    void (*sink)(void *context, enum log_level level, const char *line);
    void *context;
    enum log_level level; // lines above it are dropped
};

#define LOG_LINE_BYTES 1024 // longer lines are cut

void log_put(const struct log *log, enum log_level level, const char *module, const char *format,
             ...) PRINTF(4, 5);

#endif
