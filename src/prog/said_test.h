// SPDX-License-Identifier: MIT
// For tests: what was said on standard output, or on standard error, as a text.
//
//     said_begin(&said, &stdout);
//     hub_view_note(...);
//     assert_string_equal(said_end(&said), "helper attic is here\n");
//     said_free(&said);
#ifndef PROG_SAID_TEST_H
#define PROG_SAID_TEST_H

#include <stdio.h>
#include <stdlib.h>

struct said {
    FILE **stream; // which it is
    FILE *before;  // what it was
    char *text;
    size_t len;
};

static inline void said_begin(struct said *s, FILE **stream)
{
    *s = (struct said){.stream = stream, .before = *stream};
    *stream = open_memstream(&s->text, &s->len); // glibc's streams are variables
    if (*stream == NULL)
        abort();
}

// Until said_free. The stream is again what it was.
static inline const char *said_end(struct said *s)
{
    if (fclose(*s->stream) != 0)
        abort();
    *s->stream = s->before;
    return s->text;
}

static inline void said_free(struct said *s)
{
    free(s->text);
}

#endif
