// SPDX-License-Identifier: MIT
// Any bytes as a config file: taken or refused in one printable line; what is taken keeps bounds.
#include "base/option.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/attr.h"

struct all {
    const char *text, *addr, *host;
    uint64_t number, size;
    double real;
    struct option_pixels pixels;
    enum option_switch state;
    bool flag; // cppcheck-suppress unusedStructMember; by its offset
};

#define AT(field) .offset = offsetof(struct all, field)

static const struct option_spec spec[] = {
    {"text", OPTION_TEXT, 0, NULL, NULL, "text", AT(text)},
    {"addr", OPTION_ADDR, 0, NULL, NULL, "address", AT(addr)},
    {"host", OPTION_HOST, 0, NULL, NULL, "host", AT(host)},
    {"number", OPTION_U64, 0, "7", NULL, "number", AT(number), .min = 7, .max = 70},
    {"size", OPTION_SIZE, 0, "1k", NULL, "size", AT(size), .min = 1024, .max = 1048576},
    {"real", OPTION_F64, 0, "0", NULL, "real", AT(real), .real_min = -1, .real_max = 1},
    {"pixels", OPTION_PIXELS, 0, "1x1", NULL, "pixels", AT(pixels), .min = 1, .max = 9000},
    {"switch", OPTION_SWITCH, 0, NULL, NULL, "switch", AT(state)},
    {"flag", OPTION_FLAG, 0, NULL, NULL, "flag", AT(flag)},
};

static const struct option_command command = {
    .name = "all", .summary = "every kind", .spec = spec, .count = ARRAY_COUNT(spec)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct all *o)
{
    assert(o->text == NULL || *o->text != 0);
    assert(o->number >= 7 && o->number <= 70);
    assert(o->size >= 1024 && o->size <= 1048576);
    assert(o->real >= -1 && o->real <= 1);
    assert(o->pixels.width >= 1 && o->pixels.width <= 9000);
    assert(o->pixels.height >= 1 && o->pixels.height <= 9000);
    assert(o->state == OPTION_AUTO || o->state == OPTION_ON || o->state == OPTION_OFF);
    char host[256];
    uint16_t port;
    assert(o->addr == NULL || option_split_addr(o->addr, -1, host, sizeof host, &port));
    assert(o->host == NULL || option_split_addr(o->host, 0, host, sizeof host, &port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct all o;
    struct err err = {.text = ""};
    struct arena *arena = arena_new(1024);
    assert(arena != NULL);
    option_defaults(&command, &o);
    const enum rc rc = option_config(&command, &o, bytes_of(data, size), arena, &err);
    check_values(&o);
    assert(rc == RC_OK || rc == RC_CONFIG || rc == RC_NOMEM);
    assert((rc == RC_OK) == (err.text[0] == 0));
    for (const char *c = err.text; *c != 0; c++)
        assert(*c >= 0x20 && *c < 0x7f);
    arena_free(arena);
    return 0;
}
