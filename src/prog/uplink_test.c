// SPDX-License-Identifier: MIT
// Tests of whom a connection trusts: by what stands in known_hubs, and by which name a hub goes.
#include "prog/uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "crypt/hash.h"
#include "os/file.h"
#include "os/scratch_test.h"

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

struct desk {
    struct loop *loop;
    struct uplink_options options;
    struct uplink *uplink;
};

static void open_desk(struct desk *d, const char *hub)
{
    static const struct uplink_handlers handlers = {.self = NULL}; // nothing is connected
    struct err err;
    *d = (struct desk){.options = {.hub = hub}};
    assert_int_equal(loop_new(&d->loop, &err), RC_OK);
    assert_int_equal(uplink_new(&d->uplink, d->loop, &d->options, folder, &handlers, &err), RC_OK);
}

static void close_desk(struct desk *d)
{
    uplink_free(d->uplink);
    loop_free(d->loop);
}

static void know(const char *text)
{
    char path[SCRATCH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/known_hubs", folder);
    assert_int_equal(file_write(path, bytes_text(text), 0600, NULL), RC_OK);
}

static void judges(const char *hub, const struct digest *print, enum uplink_trust wants)
{
    struct desk d;
    struct err err = {.text = ""};
    open_desk(&d, hub);
    assert_int_equal(uplink_judge(d.uplink, print, true, &err), UPLINK_VOUCHED);
    assert_int_equal(uplink_judge(d.uplink, print, false, &err), wants);
    if (wants == UPLINK_OTHER)
        assert_non_null(strstr(err.text, "known_hubs"));
    close_desk(&d);
}

static void a_certificate_is_trusted_at_first_and_no_other_then(void **state)
{
    (void)state;
    const struct digest print = hash_bytes(bytes_text("a")), other = hash_bytes(bytes_text("b"));
    char hex[DIGEST_HEX_BYTES], lines[400];
    judges("hub.example.org", &print, UPLINK_FIRST); // there is no file
    digest_hex(&print, hex);
    (void)snprintf(lines, sizeof lines, "no line of ours\n\nhub.example.org:8765 %s\nx 12\n", hex);
    know(lines);
    judges("hub.example.org", &print, UPLINK_KNOWN);
    judges("hub.example.org", &other, UPLINK_OTHER);
    judges("hub.example.org:8766", &print, UPLINK_FIRST); // the port belongs to the name
    judges("hub.example", &print, UPLINK_FIRST);
    know(""); // forgotten
    judges("hub.example.org", &other, UPLINK_FIRST);
}

static void a_last_line_needs_no_end(void **state)
{
    (void)state;
    const struct digest print = hash_bytes(bytes_text("a"));
    char hex[DIGEST_HEX_BYTES], lines[200];
    digest_hex(&print, hex);
    (void)snprintf(lines, sizeof lines, "[::1]:7 %s", hex);
    know(lines);
    judges("[::1]:7", &print, UPLINK_KNOWN);
}

static void what_cannot_be_read_is_not_trusted(void **state)
{
    (void)state;
    const struct digest print = hash_bytes(bytes_text("a"));
    char path[SCRATCH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/known_hubs", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    judges("hub.example.org", &print, UPLINK_UNKNOWN);
}

static void a_hub_goes_by_host_and_port(void **state)
{
    (void)state;
    static const char *const table[][3] = {{"10.1.2.3", "10.1.2.3:8765", "10.1.2.3"},
                                           {"hub:7", "hub:7", "hub"},
                                           {"[fe80::1]:9", "[fe80::1]:9", "fe80::1"}};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct desk d;
        open_desk(&d, table[i][0]);
        assert_string_equal(uplink_hub(d.uplink), table[i][1]);
        assert_string_equal(uplink_address(d.uplink).host, table[i][2]);
        assert_non_null(uplink_address(d.uplink).tls); // none of them is this machine
        assert_false(uplink_is_busy(d.uplink));
        close_desk(&d);
    }
}

static void on_loopback_nothing_is_encrypted_unless_it_is_wanted(void **state)
{
    (void)state;
    static const struct uplink_handlers handlers = {.self = NULL};
    struct desk d;
    struct err err;
    open_desk(&d, "127.0.0.1:7");
    assert_null(uplink_address(d.uplink).tls);
    uplink_free(d.uplink);
    d.options.tls = OPTION_ON;
    assert_int_equal(uplink_new(&d.uplink, d.loop, &d.options, folder, &handlers, &err), RC_OK);
    assert_non_null(uplink_address(d.uplink).tls);
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_certificate_is_trusted_at_first_and_no_other_then,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_last_line_needs_no_end, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_trusted, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_hub_goes_by_host_and_port, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(on_loopback_nothing_is_encrypted_unless_it_is_wanted,
                                        make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
