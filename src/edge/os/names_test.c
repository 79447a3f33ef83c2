// SPDX-License-Identifier: MIT
// Tests of names: addresses as they are written, a name that cannot be, an end in between.
#include "os/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <uv.h>

#include "base/attr.h"
#include "base/text.h"
#include "os/loop.h"

struct world {
    struct loop *loop;
    struct names *names;
    struct text seen; // "host=address " and "host! "
    char room[4096];
};

static void on_address(void *self, const char *host, const struct net_addr *addr)
{
    struct world *w = self;
    char text[NET_ADDR_TEXT_BYTES];
    net_addr_text(addr, text);
    text_addf(&w->seen, "%s=%s ", host, text);
}

static void on_failed(void *self, const char *host, const char *why)
{
    struct world *w = self;
    assert_true(strlen(why) > 0);
    text_addf(&w->seen, "%.20s! ", host);
}

static void world_open(struct world *w)
{
    struct err err;
    w->seen = text_of(w->room, sizeof w->room);
    assert_int_equal(loop_new(&w->loop, &err), RC_OK);
    const struct names_handlers h = {w, on_address, on_failed};
    assert_int_equal(names_new(&w->names, w->loop, &h), RC_OK);
}

static void addresses_stand_for_themselves(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    assert_int_equal(names_ask(w.names, "127.0.0.1", 6881), RC_OK);
    loop_run(w.loop);
    assert_int_equal(names_ask(w.names, "2001:db8::1", 7), RC_OK);
    loop_run(w.loop);
    assert_string_equal(w.room, "127.0.0.1=127.0.0.1:6881 2001:db8::1=[2001:db8::1]:7 ");
    names_free(w.names);
    loop_free(w.loop);
}

static void a_name_that_cannot_be(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    assert_int_equal(names_ask(w.names, "no name has blanks", 1), RC_OK); // nobody is asked
    loop_run(w.loop);
    assert_string_equal(w.room, "no name has blanks! ");
    char longest[NAMES_HOST_BYTES_MAX + 1];
    memset(longest, 'x', sizeof longest);
    longest[NAMES_HOST_BYTES_MAX] = 0;
    assert_int_equal(names_ask(w.names, longest, 1), RC_CONFIG);
    names_free(w.names);
    loop_free(w.loop);
}

static void many_at_once_and_an_end_in_between(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    for (unsigned i = 0; i < NAMES_MAX; i++)
        assert_int_equal(names_ask(w.names, "127.0.0.1", (uint16_t)(i + 1)), RC_OK);
    assert_int_equal(names_ask(w.names, "127.0.0.1", 1), RC_FULL);
    names_free(w.names);
    names_free(NULL);
    loop_free(w.loop);
    assert_string_equal(w.room, "");
}

static void no_such_name_is_told_from_nobody_to_ask(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_int_equal(names_failure(UV_EAI_NONAME, &why), RC_ABSENT);
    assert_string_equal(why, "no such name");
    assert_int_equal(names_failure(UV_EAI_AGAIN, &why), RC_IO);
    assert_string_equal(why, uv_strerror(UV_EAI_AGAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_stand_for_themselves),
        cmocka_unit_test(a_name_that_cannot_be),
        cmocka_unit_test(many_at_once_and_an_end_in_between),
        cmocka_unit_test(no_such_name_is_told_from_nobody_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
