// SPDX-License-Identifier: MIT
// What happened, as one line of JSON on standard output.
#include "prog/json_line.h"

#include <stdio.h>

struct json_writer json_line_start(struct text *text, const char *event)
{
    struct json_writer w = json_writer_of(text);
    json_put_object(&w, NULL);
    json_put_text(&w, "event", event);
    return w;
}

void json_line_end(struct json_writer *w)
{
    json_put_object_end(w);
    puts(w->out->at);
}
