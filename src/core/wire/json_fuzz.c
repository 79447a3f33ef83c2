// SPDX-License-Identifier: MIT
// Fuzz target of JSON: reading never fails badly, and what is written of strange bytes is JSON.
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

#define OUT_BYTES (6 * 65536 + 64) // an escape is six bytes at most

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void look(const struct json_node *node)
{
    uint64_t number;
    double real;
    bool flag;
    struct bytes text = {NULL, 0};
    int kinds = json_get_f64(node, &real) + json_get_flag(node, &flag) + json_get_text(node, &text);
    expect(kinds <= 1);
    if (json_get_u64(node, UINT64_MAX, &number))
        expect(kinds == 1);
    expect(text.len == 0 || memchr(text.at, 0, text.len) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[OUT_BYTES];
    struct json_node *top;
    struct err err = {.text = ""};
    enum rc rc = json_open(&top, bytes_of(data, size), &err);
    expect((rc == RC_OK) == (top != NULL));
    if (rc == RC_OK) {
        look(top);
        look(json_get(top, "a"));
        for (size_t i = 0; i < json_get_count(top); i++)
            look(json_get_item(top, i));
    } else {
        expect((rc == RC_MALFORMED || rc == RC_REFUSED) && err.text[0] != 0);
    }
    json_free(top);
    if (size > 65536)
        return 0;
    struct text t = text_of(out, sizeof out);
    struct json_writer w = json_writer_of(&t);
    json_put_array(&w, NULL);
    json_put_bytes(&w, NULL, bytes_part(bytes_of(data, size), 0, size));
    json_put_array_end(&w);
    expect(!t.is_cut);
    bool has_zero = strstr(out, "\\u0000") != NULL; // which our own reader refuses
    rc = json_open(&top, bytes_text(out), NULL);
    expect(has_zero || rc == RC_OK);
    json_free(top);
    return 0;
}
