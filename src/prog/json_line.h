// SPDX-License-Identifier: MIT
// What happened, as one line of JSON on standard output: {"event":"...", ...}.
#ifndef PROG_JSON_LINE_H
#define PROG_JSON_LINE_H

#include "base/text.h"
#include "wire/json.h"

// Into an empty text, which outlives the writer: json_put_* the rest, then json_line_end.
struct json_writer json_line_start(struct text *text, const char *event);
void json_line_end(struct json_writer *w);

#endif
