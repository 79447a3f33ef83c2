// SPDX-License-Identifier: MIT
// Levelled log lines through a sink that is passed in.
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

bool log_wants(const struct log *log, enum log_level level)
{
    return log != NULL && log->sink != NULL && level <= log->level;
}

void log_put(const struct log *log, enum log_level level, const char *module, const char *format,
             ...)
{
    if (!log_wants(log, level))
        return;
    char line[LOG_LINE_BYTES];
    int head = snprintf(line, sizeof line, "%s: ", module);
    if (head < 0 || (size_t)head >= sizeof line)
        return; // a module's name is a short literal
    va_list values;
    va_start(values, format);
    (void)vsnprintf(line + head, sizeof line - (size_t)head, format, values); // cut at the end
    va_end(values);
    log->sink(log->context, level, line);
}
