// SPDX-License-Identifier: MIT
// What happened, as one line of JSON on standard output: {"event":"...", ...}.
//
//     struct json_line line;
//     struct json_writer *w = json_line_start(&line, "pong");
//     json_put_text(w, "address", where);
//     json_line_end(&line);
//
// A line is whole or is not: one that outgrows its room is told as {"event":"...","cut":true}.
#ifndef PROG_JSON_LINE_H
#define PROG_JSON_LINE_H

#include "base/text.h"
#include "wire/json.h"

#define JSON_LINE_BYTES 32768

struct json_line { // a value type; fields are private
    const char *event;
    struct text text;
    struct json_writer writer;
    char room[JSON_LINE_BYTES];
};

// event: outlives the line; NULL: figures of which there is one kind, without the member `event`.
// The writer is the line's own: json_put_* what belongs to it, then json_line_end.
struct json_writer *json_line_start(struct json_line *l, const char *event);
void json_line_end(struct json_line *l);

#endif
