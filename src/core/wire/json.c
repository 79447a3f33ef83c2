// SPDX-License-Identifier: MIT
// Small JSON documents: bounded reading over jansson, writing into a bounded text.
#include "wire/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include <jansson.h>

// A node is jansson's value under a name of ours: never dereferenced here.
static const json_t *value_of(const struct json_node *node)
{
    return (const json_t *)(const void *)node;
}

static const struct json_node *node_of(const json_t *value)
{
    return (const struct json_node *)(const void *)value;
}

// How deep objects and arrays stand within one another, without judging the rest: brackets
// within strings do not count.
static size_t depth_of(struct bytes in)
{
    size_t depth = 0;
    size_t deepest = 0;
    bool is_text = false;
    for (size_t i = 0; i < in.len; i++) {
        const uint8_t c = in.at[i];
        if (c == '"')
            is_text = !is_text;
        else if (is_text && c == '\\')
            i++; // whatever is escaped, it ends no text
        else if (!is_text && (c == '{' || c == '['))
            depth++;
        else if (!is_text && (c == '}' || c == ']') && depth > 0)
            depth--;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

enum rc json_open(struct json_node **out, struct bytes in, struct err *err)
{
    *out = NULL;
    assert(in.at != NULL || in.len == 0);
    if (in.len > JSON_BYTES_MAX)
        return err_set(err, RC_REFUSED, "%zu bytes: at most %d are read", in.len, JSON_BYTES_MAX);
    if (depth_of(in) > JSON_DEPTH_MAX)
        return err_set(err, RC_REFUSED, "nested deeper than %d", JSON_DEPTH_MAX);
    json_error_t why;
    const char *at = in.len > 0 ? (const char *)in.at : "";
    assert(in.len <= JSON_BYTES_MAX);
    json_t *top = json_loadb(at, in.len, JSON_REJECT_DUPLICATES, &why);
    if (top == NULL) {
        // jansson's own text may quote the input; line and column say enough.
        const bool is_nomem = json_error_code(&why) == json_error_out_of_memory;
        return err_set(err, is_nomem ? RC_NOMEM : RC_MALFORMED, "line %d, column %d: no JSON",
                       why.line, why.column);
    }
    *out = (struct json_node *)(void *)top;
    return RC_OK;
}

void json_free(struct json_node *top)
{
    json_decref((json_t *)(void *)top);
}

const struct json_node *json_get(const struct json_node *object, const char *member)
{
    return node_of(json_object_get(value_of(object), member));
}

size_t json_get_count(const struct json_node *array)
{
    return json_array_size(value_of(array));
}

const struct json_node *json_get_item(const struct json_node *array, size_t index)
{
    return node_of(json_array_get(value_of(array), index));
}

bool json_get_u64(const struct json_node *node, uint64_t max, uint64_t *out)
{
    const json_t *value = value_of(node);
    if (!json_is_integer(value))
        return false;
    const json_int_t v = json_integer_value(value);
    if (v < 0 || (uint64_t)v > max)
        return false;
    *out = (uint64_t)v;
    return true;
}

bool json_get_f64(const struct json_node *node, double *out)
{
    if (!json_is_number(value_of(node)))
        return false;
    *out = json_number_value(value_of(node));
    return true;
}

bool json_get_flag(const struct json_node *node, bool *out)
{
    if (!json_is_boolean(value_of(node)))
        return false;
    *out = json_is_true(value_of(node));
    return true;
}

bool json_get_text(const struct json_node *node, struct bytes *out)
{
    const json_t *value = value_of(node);
    if (!json_is_string(value))
        return false;
    *out = bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

struct json_writer json_writer_of(struct text *out)
{
    return (struct json_writer){.out = out};
}

static void put_quoted(struct text *t, struct bytes v)
{
    text_add(t, "\"");
    while (v.len > 0 && !t->is_cut) {
        const size_t step = text_utf8_step(v);
        const size_t len = step > 0 ? step : 1;
        const uint8_t c = step > 0 ? v.at[0] : '?';
        char whole[5];
        bytes_to_text(step > 0 ? bytes_part(v, 0, step) : bytes_text("?"), whole, sizeof whole);
        if (c == '"' || c == '\\')
            text_addf(t, "\\%c", c);
        else if (c < 0x20 || c == 0x7f) // 0x7f needs no escape, but no terminal shows it
            text_addf(t, "\\u%04x", c);
        else
            text_add(t, whole);
        v = bytes_part(v, len, v.len);
    }
    text_add(t, "\"");
}

// What stands in front of every value: a comma, and its name within an object.
static void put_name(struct json_writer *w, const char *name)
{
    if (w->has_before)
        text_add(w->out, ",");
    w->has_before = true;
    if (name == NULL)
        return;
    put_quoted(w->out, bytes_text(name));
    text_add(w->out, ":");
}

static void begin(struct json_writer *w, const char *name, const char *bracket)
{
    assert(w->depth < JSON_DEPTH_MAX);
    assert(w->depth > 0 || name == NULL); // what stands at the top has no name
    put_name(w, name);
    text_add(w->out, bracket);
    w->depth++;
    w->has_before = false;
}

static void end(struct json_writer *w, const char *bracket)
{
    assert(w->depth > 0);
    assert(bracket[0] != 0);
    text_add(w->out, bracket);
    w->depth--;
    w->has_before = true;
}

void json_put_object(struct json_writer *w, const char *name)
{
    begin(w, name, "{");
}

void json_put_array(struct json_writer *w, const char *name)
{
    begin(w, name, "[");
}

void json_put_object_end(struct json_writer *w)
{
    end(w, "}");
}

void json_put_array_end(struct json_writer *w)
{
    end(w, "]");
}

void json_put_u64(struct json_writer *w, const char *name, uint64_t v)
{
    put_name(w, name);
    text_addf(w->out, "%" PRIu64, v);
}

void json_put_i64(struct json_writer *w, const char *name, int64_t v)
{
    put_name(w, name);
    text_addf(w->out, "%" PRId64, v);
}

void json_put_f64(struct json_writer *w, const char *name, double v)
{
    put_name(w, name);
    if (isfinite(v))
        text_add_f64(w->out, v);
    else
        text_add(w->out, "null");
}

void json_put_flag(struct json_writer *w, const char *name, bool v)
{
    put_name(w, name);
    text_add(w->out, v ? "true" : "false");
}

void json_put_text(struct json_writer *w, const char *name, const char *v)
{
    if (v != NULL) {
        json_put_bytes(w, name, bytes_text(v));
        return;
    }
    put_name(w, name);
    text_add(w->out, "null");
}

void json_put_bytes(struct json_writer *w, const char *name, struct bytes v)
{
    put_name(w, name);
    put_quoted(w->out, v);
}
