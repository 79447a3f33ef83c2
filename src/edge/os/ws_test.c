// SPDX-License-Identifier: MIT
// Tests of WebSocket framing: RFC 6455's examples, every size, every cut, every violation.
#include "os/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"

#define MESSAGE_MAX ((size_t)24 << 20)

struct world {
    struct budget budget;
    struct ws_host *host;
    struct ws ws;
};

static void setup(struct world *w, bool is_server, size_t message_max, size_t memory_max)
{
    *w = (struct world){.budget.limit_bytes = memory_max};
    const struct ws_cfg cfg = {
        .is_server = is_server, .message_bytes_max = message_max, .budget = &w->budget};
    w->host = ws_host_new(&cfg);
    assert_non_null(w->host);
    ws_init(&w->ws, w->host);
}

static void teardown(struct world *w)
{
    ws_end(&w->ws);
    ws_host_free(w->host);
    assert_int_equal(w->budget.used_bytes, 0);
}

// One frame of any kind, whether allowed or not.
static struct bytes frame(unsigned first, const char *payload, bool is_masked)
{
    static uint8_t at[512];
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    const size_t len = strlen(payload);
    assert_true(len < 126);
    size_t n = 0;
    at[n++] = (uint8_t)first;
    at[n++] = (uint8_t)(len | (is_masked ? 0x80 : 0));
    if (is_masked) {
        memcpy(at + n, key, 4);
        n += 4;
    }
    for (size_t i = 0; i < len; i++)
        at[n++] = (uint8_t)(payload[i] ^ (is_masked ? key[i % 4] : 0));
    return bytes_of(at, n);
}

static void expect(struct world *w, struct bytes in, enum ws_kind kind, const char *data)
{
    struct ws_event e;
    ws_input(&w->ws, in);
    assert_int_equal(ws_next(&w->ws, &e), RC_OK);
    assert_int_equal(e.kind, kind);
    assert_true(bytes_is(e.data, data));
    assert_int_equal(ws_next(&w->ws, &e), RC_AGAIN);
}

static void quiet(struct world *w, struct bytes in)
{
    struct ws_event e;
    ws_input(&w->ws, in);
    assert_int_equal(ws_next(&w->ws, &e), RC_AGAIN);
}

static void examples_of_the_rfc(void **state) // section 5.7
{
    (void)state;
    struct world w;
    setup(&w, false, 1000, 1 << 20);
    expect(&w, bytes_of("\x81\x05\x48\x65\x6c\x6c\x6f", 7), WS_TEXT, "Hello");
    quiet(&w, bytes_of("\x01\x03\x48\x65\x6c", 5));
    expect(&w, bytes_of("\x80\x02\x6c\x6f", 4), WS_TEXT, "Hello");
    expect(&w, bytes_of("\x89\x05\x48\x65\x6c\x6c\x6f", 7), WS_PING, "Hello");
    teardown(&w);
    setup(&w, true, 1000, 1 << 20);
    expect(&w, bytes_of("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), WS_TEXT, "Hello");
    expect(&w, bytes_of("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), WS_PONG, "Hello");
    teardown(&w);
    uint8_t out[WS_HEAD_BYTES_MAX];
    assert_int_equal(ws_head(out, WS_BINARY, 256, NULL), 4);
    assert_memory_equal(out, "\x82\x7e\x01\x00", 4);
    assert_int_equal(ws_head(out, WS_BINARY, 65536, NULL), 10);
    assert_memory_equal(out, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
    assert_int_equal(ws_head(out, WS_TEXT, 5, (const uint8_t *)"abcd"), 6);
    assert_memory_equal(out,
                        "\x81\x85"
                        "abcd",
                        6);
}

// A whole message by our own encoder, handed in by pieces of `piece` bytes (0: of random size).
static void round_trip(struct world *w, bool is_masked, size_t len, size_t piece)
{
    struct rng rng = rng_seeded(len + piece);
    uint8_t *message = malloc(len + 1);
    uint8_t *wire = malloc(len + WS_HEAD_BYTES_MAX);
    assert_non_null(message);
    assert_non_null(wire);
    for (size_t i = 0; i < len; i++)
        message[i] = (uint8_t)(i * 7 + len);
    const uint8_t key[WS_KEY_BYTES] = {9, 8, 7, 6};
    size_t total = ws_head(wire, WS_BINARY, len, is_masked ? key : NULL);
    if (is_masked)
        ws_mask(wire + total, message, len, key, 0);
    else
        memcpy(wire + total, message, len);
    total += len;
    size_t messages = 0;
    for (size_t at = 0; at < total;) {
        const size_t step = piece > 0 ? piece : 1 + (size_t)rng_below(&rng, 20000);
        struct bytes part = bytes_part(bytes_of(wire, total), at, step);
        struct ws_event e;
        at += part.len;
        ws_input(&w->ws, part);
        while (ws_next(&w->ws, &e) == RC_OK) {
            assert_int_equal(e.kind, WS_BINARY);
            assert_true(bytes_equal(e.data, bytes_of(message, len)));
            messages++;
        }
        assert_int_equal(messages, at == total);
    }
    assert_null(w->ws.reader); // idle: nothing is held
    assert_null(w->ws.message);
    free(message);
    free(wire);
}

static void every_size_and_cut(void **state)
{
    (void)state;
    static const size_t size[] = {0,    1,    125,   126,   127,   4081,  4082,
                                  4095, 4096, 65535, 65536, 65537, 300000};
    for (int is_server = 0; is_server < 2; is_server++) {
        struct world w;
        setup(&w, is_server != 0, MESSAGE_MAX, 3 * MESSAGE_MAX);
        for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
            round_trip(&w, is_server != 0, size[i], SIZE_MAX);
            round_trip(&w, is_server != 0, size[i], 0);
            if (size[i] < 5000)
                round_trip(&w, is_server != 0, size[i], 1);
        }
        round_trip(&w, is_server != 0, (size_t)20 << 20, 0);
        teardown(&w);
    }
}

static void a_control_frame_between_fragments(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true, 1000, 1 << 20);
    quiet(&w, frame(0x01, "He", true));
    expect(&w, frame(0x89, "are you there", true), WS_PING, "are you there");
    quiet(&w, frame(0x00, "l", true));
    quiet(&w, frame(0x00, "", true));
    expect(&w, frame(0x8a, "", true), WS_PONG, "");
    expect(&w, frame(0x80, "lo", true), WS_TEXT, "Hello");
    quiet(&w, frame(0x02, "", true));
    expect(&w, frame(0x80, "", true), WS_BINARY, "");
    teardown(&w);
}

static void several_frames_in_one_chunk(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false, 1000, 1 << 20);
    struct ws_event e;
    ws_input(&w.ws, bytes_of("\x81\x01"
                             "a\x82\x01"
                             "b\x89\x00\x81\x02"
                             "c",
                             11));
    assert_int_equal(ws_next(&w.ws, &e), RC_OK);
    assert_true(bytes_is(e.data, "a"));
    assert_int_equal(ws_next(&w.ws, &e), RC_OK);
    assert_true(e.kind == WS_BINARY && bytes_is(e.data, "b"));
    assert_int_equal(ws_next(&w.ws, &e), RC_OK);
    assert_int_equal(e.kind, WS_PING);
    assert_int_equal(ws_next(&w.ws, &e), RC_AGAIN);
    expect(&w, bytes_text("d"), WS_TEXT, "cd");
    teardown(&w);
}

static void broken_with(struct bytes in, bool is_server, enum rc rc, uint16_t code)
{
    struct world w;
    setup(&w, is_server, 100, 1 << 20);
    struct ws_event e;
    ws_input(&w.ws, in);
    enum rc got = RC_OK;
    while (got == RC_OK)
        got = ws_next(&w.ws, &e);
    assert_int_equal(got, rc);
    assert_int_equal(e.code, code);
    assert_non_null(e.why);
    assert_int_equal(ws_next(&w.ws, &e), RC_AGAIN); // nothing more, ever
    ws_input(&w.ws, frame(0x81, "x", is_server));
    assert_int_equal(ws_next(&w.ws, &e), RC_AGAIN);
    teardown(&w);
}

static void violations_have_their_codes(void **state)
{
    (void)state;
    broken_with(frame(0x81, "x", false), true, RC_MALFORMED, 1002); // not masked
    broken_with(frame(0x81, "x", true), false, RC_MALFORMED, 1002); // masked
    broken_with(frame(0xc1, "x", true), true, RC_MALFORMED, 1002);  // reserved bits
    broken_with(frame(0x91, "x", true), true, RC_MALFORMED, 1002);
    broken_with(frame(0x83, "x", true), true, RC_MALFORMED, 1002); // reserved opcodes
    broken_with(frame(0x8b, "x", true), true, RC_MALFORMED, 1002);
    broken_with(frame(0x80, "x", true), true, RC_MALFORMED, 1002);          // continues nothing
    broken_with(frame(0x09, "x", true), true, RC_MALFORMED, 1002);          // a fragment of a ping
    broken_with(bytes_of("\x89\xfe\x00\x7e", 4), true, RC_MALFORMED, 1002); // a ping of 126 bytes
    broken_with(bytes_of("\x01\x01x\x81\x01y", 6), false, RC_MALFORMED, 1002);
    broken_with(bytes_of("\x82\x7e\x00\x05hello", 9), false, RC_MALFORMED, 1002); // not shortest
    broken_with(bytes_of("\x82\x7f\x80\0\0\0\0\0\0\0x", 11), false, RC_MALFORMED, 1002);
    broken_with(bytes_of("\x82\x7e\x00\x7fx", 5), false, RC_FULL, 1009); // 127 of at most 100
    broken_with(bytes_of("\x82\x7f\x7f\0\0\0\0\0\0\0x", 11), false, RC_FULL, 1009);
}

static void fragments_add_up_to_the_bound(void **state)
{
    (void)state;
    char half[61];
    memset(half, 'x', 60);
    half[60] = 0;
    struct world w;
    struct ws_event e;
    setup(&w, true, 100, 1 << 20);
    quiet(&w, frame(0x02, half, true));
    ws_input(&w.ws, frame(0x80, half, true));
    assert_int_equal(ws_next(&w.ws, &e), RC_FULL);
    assert_int_equal(e.code, WS_CODE_TOO_BIG);
    teardown(&w);
}

static void text_must_be_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc1\x81",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "abcdefgh\xe2\x82",
                                      "\xe2\x28\xa1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        broken_with(frame(0x81, bad[i], true), true, RC_MALFORMED, 1007);
    struct world w; // a character may be cut by a fragment's end
    setup(&w, false, 100, 1 << 20);
    quiet(&w, frame(0x01, "\xe2\x82", false));
    expect(&w, frame(0x80, "\xac", false), WS_TEXT, "\xe2\x82\xac");
    teardown(&w);
}

static void close_frames(void **state)
{
    (void)state;
    struct world w;
    struct ws_event e;
    setup(&w, false, 100, 1 << 20);
    ws_input(&w.ws, frame(0x88, "\x03\xe9going", false));
    assert_int_equal(ws_next(&w.ws, &e), RC_OK);
    assert_int_equal(e.kind, WS_CLOSE);
    assert_int_equal(e.code, 1001);
    assert_true(bytes_is(e.data, "going"));
    assert_int_equal(ws_next(&w.ws, &e), RC_AGAIN);
    teardown(&w);
    setup(&w, false, 100, 1 << 20);
    ws_input(&w.ws, frame(0x88, "", false));
    assert_int_equal(ws_next(&w.ws, &e), RC_OK);
    assert_int_equal(e.code, WS_CODE_NONE);
    teardown(&w);
    static const char *const bad[] = {"\x03",     "\x03\xe7", "\x03\xec", "\x03\xed", "\x03\xee",
                                      "\x03\xf7", "\x07\xd0", "\x13\x88", "\xff\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        broken_with(frame(0x88, bad[i], false), false, RC_MALFORMED, 1002);
    broken_with(frame(0x88, "\x03\xe8\xff", false), false, RC_MALFORMED, 1007);
    uint8_t out[WS_CONTROL_BYTES_MAX];
    char words[200] = "";
    for (size_t i = 0; i + 2 < sizeof words; i += 2)
        memcpy(words + i, "\xc3\xa9", 3);
    struct bytes payload = ws_close_payload(out, 1000, words);
    assert_int_equal(payload.len, 124); // 123 would cut a character
    assert_true(text_is_utf8(bytes_part(payload, 2, 200)));
}

static void memory_runs_out_with_a_code(void **state)
{
    (void)state;
    struct world w;
    struct ws_event e;
    setup(&w, false, MESSAGE_MAX, 16384);
    uint8_t big[20000] = {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}; // 65,536 announced
    ws_input(&w.ws, bytes_of(big, sizeof big));
    assert_int_equal(ws_next(&w.ws, &e), RC_NOMEM);
    assert_int_equal(e.code, WS_CODE_TRY_LATER);
    teardown(&w);
    setup(&w, false, MESSAGE_MAX, 1024); // not even a reader
    ws_input(&w.ws, frame(0x81, "x", false));
    assert_int_equal(ws_next(&w.ws, &e), RC_NOMEM);
    teardown(&w);
}

static void announcing_much_takes_little(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false, (size_t)1 << 40, (size_t)1 << 41);
    quiet(&w, bytes_of("\x82\x7f\0\0\0\xff\0\0\0\0x", 11)); // a terabyte, almost
    assert_true(w.budget.used_bytes < 2 << 20);
    teardown(&w);
}

// What our pooling leans on: wslay's reader, empty at a frame's end, is as new for another peer.
static void a_lent_reader_forgets(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true, 1000, 1 << 20);
    struct ws other;
    ws_init(&other, w.host);
    struct rng rng = rng_seeded(3);
    for (int i = 0; i < 2000; i++) {
        struct ws *one = rng_below(&rng, 2) == 0 ? &w.ws : &other;
        char text[100] = "";
        memset(text, 'a' + (int)rng_below(&rng, 26), (size_t)rng_below(&rng, sizeof text));
        const unsigned first = rng_below(&rng, 3) == 0 ? 0x89 : 0x81;
        struct bytes in = frame(first, text, true);
        const size_t cut = rng_below(&rng, 2) == 0 ? in.len : (size_t)rng_below(&rng, in.len);
        struct ws_event e;
        ws_input(one, bytes_part(in, 0, cut));
        enum rc rc = ws_next(one, &e);
        if (cut < in.len) {
            assert_int_equal(rc, RC_AGAIN);
            assert_true((one->reader == NULL) == (cut == 0));
            struct ws *two = one == &other ? &w.ws : &other; // meanwhile, elsewhere
            assert_null(two->reader);
            ws_input(one, bytes_part(in, cut, SIZE_MAX));
            rc = ws_next(one, &e);
        }
        assert_int_equal(rc, RC_OK);
        assert_int_equal(e.kind, first & 15);
        assert_true(bytes_is(e.data, text));
        assert_int_equal(ws_next(one, &e), RC_AGAIN);
        assert_null(one->reader);
    }
    ws_end(&other);
    teardown(&w);
}

static void masks_start_anywhere(void **state)
{
    (void)state;
    const uint8_t key[WS_KEY_BYTES] = {1, 20, 90, 255};
    uint8_t in[40];
    uint8_t out[40];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 11);
    for (size_t offset = 0; offset < 9; offset++) {
        for (size_t len = 0; len <= sizeof in; len++) {
            ws_mask(out, in, len, key, offset);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(out[i], in[i] ^ key[(offset + i) % 4]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(every_size_and_cut),
        cmocka_unit_test(a_control_frame_between_fragments),
        cmocka_unit_test(several_frames_in_one_chunk),
        cmocka_unit_test(violations_have_their_codes),
        cmocka_unit_test(fragments_add_up_to_the_bound),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(close_frames),
        cmocka_unit_test(memory_runs_out_with_a_code),
        cmocka_unit_test(announcing_much_takes_little),
        cmocka_unit_test(a_lent_reader_forgets),
        cmocka_unit_test(masks_start_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
