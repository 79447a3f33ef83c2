// SPDX-License-Identifier: MIT
// Tests of a helper's connection: what is tried again and when, and where nobody is.
#include "prog/helper/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "crypt/id.h"
#include "os/entropy.h"
#include "os/file.h"
#include "os/scratch_test.h"
#include "prog/objects.h"

static char folder[SCRATCH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    return scratch_make(folder);
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static void waits_double_up_to_a_bound(void **state)
{
    (void)state;
    uint64_t wait_us = 0;
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t next_us = helper_link_wait_us(wait_us);
        assert_true(next_us >= wait_us);
        assert_true(i == 0 || next_us <= 2 * wait_us);
        wait_us = next_us;
    }
    assert_int_equal(helper_link_wait_us(0), US_PER_S);
    assert_int_equal(wait_us, 15 * US_PER_S);
}

struct desk {
    struct loop *loop;
    uint64_t again_us;
    unsigned gone;
};

static void on_wish(void *self, const struct helper_out *out)
{
    (void)self;
    (void)out;
    fail(); // no hub gave it any work
}

static void on_event(void *self, const struct helper_event *e)
{
    (void)self;
    (void)e;
    fail();
}

static void on_gone(void *self, const char *reason, uint64_t again_us)
{
    struct desk *d = self;
    assert_non_null(strstr(reason, "refused"));
    d->gone++;
    d->again_us = again_us;
    loop_stop(d->loop);
}

// Nobody listens there: it is said, and will be tried again after half a second to a whole one.
static void a_hub_that_is_not_there_is_tried_again(void **state)
{
    (void)state;
    struct desk d = {.gone = 0};
    struct err err;
    struct arena *arena = arena_new((size_t)64 << 20);
    struct budget budget = {.limit_bytes = (size_t)64 << 20};
    struct objects store;
    struct id id;
    struct entropy entropy = entropy_os();
    struct helper *machine;
    struct helper_link link;
    const struct objects_cfg objects = {.path = folder, .bytes_max = 1u << 20};
    const struct uplink_options options = {.hub = "127.0.0.1:1", .tls = OPTION_OFF};
    assert_int_equal(objects_open(&store, arena, &objects, &err), RC_OK);
    assert_int_equal(id_init(&id, &entropy), RC_OK);
    const struct helper_cfg cfg = {
        .budget = &budget,
        .store = store.store,
        .client = {
            .role = MSG_ROLE_HELPER, .key = id.key, .ability = {.slots = 1}, .entropy = entropy}};
    assert_int_equal(helper_new(&machine, &cfg), RC_OK);
    assert_int_equal(loop_new(&d.loop, &err), RC_OK);
    const struct helper_link_cfg link_cfg = {.loop = d.loop,
                                             .uplink = &options,
                                             .state = folder,
                                             .machine = machine,
                                             .self = &d,
                                             .on_wish = on_wish,
                                             .on_event = on_event,
                                             .on_gone = on_gone};
    assert_int_equal(helper_link_open(&link, &link_cfg, &err), RC_OK);
    assert_string_equal(helper_link_hub(&link), "127.0.0.1:1");
    loop_run(d.loop);
    assert_int_equal(d.gone, 1);
    assert_in_range(d.again_us, US_PER_S / 2, US_PER_S);
    helper_link_close(&link);
    helper_link_close(&link); // harmless
    helper_free(machine);
    loop_free(d.loop);
    id_end(&id);
    objects_close(&store);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_a_bound),
        cmocka_unit_test_setup_teardown(a_hub_that_is_not_there_is_tried_again, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
