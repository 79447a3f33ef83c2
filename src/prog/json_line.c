// SPDX-License-Identifier: MIT
// What happened, as one line of JSON on standard output.
#include "prog/json_line.h"

#include <assert.h>
#include <stdio.h>

struct json_writer *json_line_start(struct json_line *l, const char *event)
{
    l->event = event;
    l->text = text_of(l->room, sizeof l->room);
    l->writer = json_writer_of(&l->text);
    json_put_object(&l->writer, NULL);
    if (event != NULL)
        json_put_text(&l->writer, "event", event);
    return &l->writer;
}

void json_line_end(struct json_line *l)
{
    assert(l->writer.depth == 1); // whatever was begun within it has ended
    json_put_object_end(&l->writer);
    if (l->text.is_cut) {
        (void)json_line_start(l, l->event);
        json_put_flag(&l->writer, "cut", true);
        json_put_object_end(&l->writer);
    }
    puts(l->room);
}
