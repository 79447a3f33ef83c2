// SPDX-License-Identifier: MIT
// Levelled log lines through a sink that is passed in.
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool is_wanted(const struct log *log, enum log_level level)
{
    return log != NULL && log->sink != NULL && level <= log->level;
}

void log_put(const struct log *log, enum log_level level, const char *module, const char *format,
             ...)
{
    if (!is_wanted(log, level))
        return;
    char line[LOG_LINE_BYTES];
    const int head = snprintf(line, sizeof line, "%s: ", module);
    assert(head > 0);
    assert((size_t)head < sizeof line); // a module's name is a short literal
    va_list values;
    va_start(values, format);
    (void)vsnprintf(line + head, sizeof line - (size_t)head, format, values); // cut at the end
    va_end(values);
    log->sink(log->context, level, line);
}
