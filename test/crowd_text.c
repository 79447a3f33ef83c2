// SPDX-License-Identifier: MIT
// What a model needs of JSON: members picked out of a hub's message by name.
#include <assert.h>
#include <string.h>

#include "crowd_state.h"

static size_t value_len(struct bytes b)
{
    unsigned depth = 0;
    bool is_in_text = false;
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.at[i];
        if (is_in_text) {
            i += c == '\\';
            is_in_text = c != '"';
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}'))
            return i;
        is_in_text = c == '"';
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
    }
    return b.len;
}

struct bytes text_value(struct bytes message, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + len + 3 <= message.len; i++) {
        const uint8_t *at = message.at + i;
        if (at[0] != '"' || at[len + 1] != '"' || at[len + 2] != ':' ||
            memcmp(at + 1, name, len) != 0)
            continue;
        struct bytes rest = bytes_part(message, i + len + 3, message.len);
        return bytes_part(rest, 0, value_len(rest));
    }
    return bytes_of(NULL, 0);
}

uint64_t text_task(struct bytes message)
{
    static const char head[] = "\"task_";
    struct bytes id = text_value(message, "task_id");
    assert(id.len > sizeof head && memcmp(id.at, head, sizeof head - 1) == 0);
    uint64_t number = 0;
    for (size_t i = sizeof head - 1; i + 1 < id.len; i++)
        number = number * 10 + (uint64_t)(id.at[i] - '0');
    return number;
}
