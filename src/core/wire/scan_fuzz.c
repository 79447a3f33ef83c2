// SPDX-License-Identifier: MIT
// Fuzz target of looking through JSON: jansson accepts the same, and finds the same in it.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/scan.h"

#define NAMES_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static const size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;

static json_t *load(struct bytes in, size_t more_flags, json_error_t *why)
{
    return json_loadb(in.len > 0 ? (const char *)in.at : "", in.len, flags | more_flags, why);
}

// By brackets alone: right for what is JSON.
static size_t depth_of(const json_t *value)
{
    size_t deepest = 0;
    size_t index;
    const char *name;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        const size_t depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)(void *)(uintptr_t)value, name, item)
    {
        const size_t depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_array(value) || json_is_object(value));
}

static void look_at_text(const struct scan_value *v, const json_t *value)
{
    const size_t len = json_string_length(value);
    char *room = malloc(len + 1);
    expect(room != NULL);
    struct text plain = text_of(room, len + 1);
    expect(scan_text(v, &plain) && !plain.is_cut);
    expect(plain.len == len && memcmp(room, json_string_value(value), len) == 0);
    struct text cut = text_of(room, len / 2 + 1);
    expect(scan_text(v, &cut) && cut.is_cut == (len > len / 2));
    expect(memcmp(room, json_string_value(value), cut.len) == 0);
    free(room);
}

static void look_at_number(const struct scan_value *v, const json_t *value)
{
    double x = 0;
    uint64_t n = 0;
    const double theirs = json_number_value(value);
    if (scan_f64(v, &x))
        expect(x >= theirs && x <= theirs);
    else
        expect(v->raw.len > SCAN_NUMBER_BYTES_MAX);
    if (scan_u64(v, UINT64_MAX, &n))
        expect((double)n >= theirs && (double)n <= theirs);
}

static void look(const struct scan_value *v, json_t *value);

static void look_at_items(const struct scan_value *v, json_t *array)
{
    struct scan_items items = scan_items_of(v);
    struct scan_value item;
    size_t count = 0;
    while (scan_items_next(&items, &item))
        look(&item, json_array_get(array, count++));
    expect(count == json_array_size(array));
}

static void look_at_members(const struct scan_value *v, json_t *object)
{
    const char *name[NAMES_MAX];
    size_t count = 0;
    const char *key;
    json_t *unused;
    json_object_foreach(object, key, unused)
    {
        if (count < NAMES_MAX && strlen(key) < SCAN_NAME_BYTES)
            name[count++] = key;
    }
    struct scan_value member[NAMES_MAX];
    if (scan_members(v->raw, name, count, member) != RC_OK) {
        expect(load(v->raw, JSON_REJECT_DUPLICATES, NULL) == NULL);
        return;
    }
    for (size_t i = 0; i < count; i++)
        look(&member[i], json_object_get(object, name[i]));
}

// v and value are to be the same.
static void look(const struct scan_value *v, json_t *value)
{
    switch (v->kind) {
    case SCAN_NONE:
        abort();
    case SCAN_OBJECT:
        expect(json_is_object(value));
        look_at_members(v, value);
        return;
    case SCAN_ARRAY:
        expect(json_is_array(value));
        look_at_items(v, value);
        return;
    case SCAN_TEXT:
        expect(json_is_string(value));
        look_at_text(v, value);
        return;
    case SCAN_NUMBER:
        expect(json_is_number(value));
        look_at_number(v, value);
        return;
    case SCAN_TRUE:
        expect(json_is_true(value));
        return;
    case SCAN_FALSE:
        expect(json_is_false(value));
        return;
    case SCAN_NULL:
        expect(json_is_null(value));
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct scan_value top;
    const enum rc rc = scan_document(in, &top);
    expect((rc == RC_OK) == scan_is_valid(in) && (rc == RC_OK) == (top.kind != SCAN_NONE));
    if (size > 0 && memchr(data, 0, size) != NULL) { // which jansson passes over behind a number
        expect(rc != RC_OK);
        return 0;
    }
    json_error_t why;
    json_t *theirs = load(in, 0, &why);
    if (theirs != NULL) {
        expect(rc == (depth_of(theirs) > SCAN_DEPTH_MAX ? RC_REFUSED : RC_OK));
        if (rc == RC_OK)
            look(&top, theirs);
    } else if (json_error_code(&why) != json_error_numeric_overflow &&
               json_error_code(&why) != json_error_stack_overflow) { // these we pass on, or refuse
        expect(rc == RC_MALFORMED || rc == RC_REFUSED);
    }
    static const char *const name[] = {"a", "type"};
    struct scan_value member[2];
    const enum rc members_rc = scan_members(in, name, 2, member);
    expect(members_rc == RC_OK ? top.kind == SCAN_OBJECT : member[0].kind == SCAN_NONE);
    json_decref(theirs);
    return 0;
}
