// SPDX-License-Identifier: MIT
// Tests of kernel `encode`: what ffmpeg says of its streams, what its check finds out.
#include "kernel/encode/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/clip_test.h"
#include "codec/ffmpeg_test.h"
#include "kernel/kernel_stage_test.h"

#define WIDTH  160u
#define HEIGHT 96u
#define PIXELS ((size_t)WIDTH * HEIGHT)
#define COUNT  10u
#define PSNR   3600u

static uint8_t pictures[COUNT][PIXELS * 8];
static uint8_t shown[COUNT * PIXELS * 8];
static uint8_t stream_at[1 << 20];
static uint8_t other_at[1 << 20];
static _Alignas(16) uint8_t planes_room[COUNT * PIXELS * 6];

static struct encode_params params_of(enum video_codec codec, enum picture_form form)
{
    return (struct encode_params){.width = WIDTH,
                                  .height = HEIGHT,
                                  .count = COUNT,
                                  .fps = 10,
                                  .codec = codec,
                                  .form = form,
                                  .psnr = PSNR,
                                  .crf = 30,
                                  .tries = 4,
                                  .bytes_max = sizeof stream_at};
}

// Draws the pictures of p; each is an input of its own.
static void draw(const struct encode_params *p, struct bytes given[ENCODE_INPUTS_MAX])
{
    const struct clip clip = {p->form, WIDTH, HEIGHT};
    for (uint32_t i = 0; i < COUNT; i++) {
        clip_draw(&clip, i, pictures[i]);
        given[i] = bytes_of(pictures[i], picture_bytes(p->form, WIDTH, HEIGHT));
    }
}

static enum rc run(const struct encode_params *p, const struct bytes *given, uint32_t count,
                   struct buffer *out)
{
    uint8_t at[256];
    struct buffer params = buffer_of(at, sizeof at);
    assert_int_equal(encode_params_encode(p, &params), RC_OK);
    struct kernel_stage stage = {.kernel = &encode_kernel};
    memcpy(stage.given, given, count * sizeof *given);
    return kernel_stage_run(&stage, buffer_bytes(&params), count, out);
}

static struct bytes make(const struct encode_params *p, const struct bytes given[COUNT])
{
    struct buffer out = buffer_of(stream_at, sizeof stream_at);
    assert_int_equal(run(p, given, COUNT, &out), RC_OK);
    return buffer_bytes(&out);
}

// PSNR of each picture, by the kernel's own check.
static void check_all(struct encode_params p, struct bytes *given, struct bytes stream,
                      uint32_t psnr[COUNT])
{
    struct buffer out = buffer_of(shown, sizeof shown);
    p.mode = ENCODE_CHECK;
    p.wanted = (1u << COUNT) - 1;
    given[COUNT] = stream;
    assert_int_equal(run(&p, given, COUNT + 1, &out), RC_OK);
    struct cursor c = {.left = buffer_bytes(&out)};
    for (uint32_t i = 0; i < COUNT; i++)
        psnr[i] = cursor_u16le(&c);
    assert_true(cursor_done(&c));
}

// As ffmpeg takes it: H.264 as it is, AV1 as IVF.
static void write_stream(const struct encode_stream *s)
{
    struct buffer b = buffer_of(other_at, sizeof other_at);
    if (s->codec == VIDEO_AV1) {
        buffer_put(&b, bytes_text("DKIF"));
        buffer_u16le(&b, 0);
        buffer_u16le(&b, 32);
        buffer_put(&b, bytes_text("AV01"));
        buffer_u16le(&b, (uint16_t)s->width);
        buffer_u16le(&b, (uint16_t)s->height);
        buffer_u32le(&b, s->fps);
        buffer_u32le(&b, 1);
        buffer_u64le(&b, s->count);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->codec == VIDEO_AV1) {
            buffer_u32le(&b, (uint32_t)s->packet[i].bytes.len);
            buffer_u64le(&b, s->packet[i].pts);
        }
        buffer_put(&b, s->packet[i].bytes);
    }
    ffmpeg_write(s->codec == VIDEO_AV1 ? "a.ivf" : "a.h264", buffer_bytes(&b));
}

static void write_planes(const struct encode_params *q)
{
    struct buffer b = buffer_of(planes_room, sizeof planes_room);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t *at = buffer_room(&b, planes_bytes(q->form, q->chroma, WIDTH, HEIGHT));
        const struct planes p = planes_in(at, q->form, q->chroma, WIDTH, HEIGHT);
        planes_from_picture(&p, pictures[i]);
    }
    ffmpeg_write("a.yuv", buffer_bytes(&b));
}

// ffmpeg decodes the stream and measures it against the planes: its figures are ours.
static void ffmpeg_measures_the_same(void **state)
{
    (void)state;
    static const char *const format[][2] = {{"yuv420p", "yuv444p"}, {"yuv420p10le", "yuv444p10le"}};
    static struct encode_stream s;
    struct bytes given[KERNEL_GIVEN_MAX];
    char command[512];
    char words[4096];
    for (unsigned n = 0; n < VIDEO_CODECS * PICTURE_FORMS * PICTURE_CHROMAS; n++) {
        struct encode_params p = params_of(n / 2 / PICTURE_FORMS, n / 2 % PICTURE_FORMS);
        uint32_t psnr[COUNT];
        p.chroma = n % PICTURE_CHROMAS;
        draw(&p, given);
        const struct bytes stream = make(&p, given);
        check_all(p, given, stream, psnr);
        assert_int_equal(encode_stream_open(&s, stream), RC_OK);
        write_stream(&s);
        write_planes(&p);
        (void)snprintf(command, sizeof command,
                       "ffmpeg -v error %s -f rawvideo -s 160x96 -pix_fmt %s "
                       "-framerate 10 -i a.yuv -lavfi psnr=stats_file=- -f null -",
                       p.codec == VIDEO_AV1 ? "-i a.ivf" : "-framerate 10 -i a.h264",
                       format[p.form][p.chroma]);
        ffmpeg_run(command, words, sizeof words);
        const char *at = words;
        for (uint32_t i = 0; i < COUNT; i++) {
            at = strstr(at, "psnr_avg:");
            assert_non_null(at);
            at += strlen("psnr_avg:");
            const double theirs = strtod(at, NULL) * 100;
            assert_true(psnr[i] > theirs - 2 && psnr[i] < theirs + 2);
            assert_true(psnr[i] >= PSNR);
        }
        assert_null(strstr(at, "psnr_avg:"));
        print_message("  codec %u form %u chroma %u: crf %u, %zu bytes, %u centi-dB\n", p.codec,
                      p.form, p.chroma, (unsigned)s.crf, stream.len, (unsigned)psnr[0]);
    }
}

static void the_same_inputs_are_the_same_stream(void **state)
{
    (void)state;
    struct bytes given[KERNEL_GIVEN_MAX];
    for (unsigned n = 0; n < VIDEO_CODECS * PICTURE_FORMS; n++) {
        const struct encode_params p = params_of(n / PICTURE_FORMS, n % PICTURE_FORMS);
        draw(&p, given);
        struct buffer again = buffer_of(other_at, sizeof other_at);
        assert_int_equal(run(&p, given, COUNT, &again), RC_OK);
        assert_true(bytes_equal(make(&p, given), buffer_bytes(&again)));
        if (p.form == PICTURE_LIGHT) // four pictures and six, in two inputs
            continue;
        static uint8_t joined[COUNT * PIXELS * 3];
        for (uint32_t i = 0; i < COUNT; i++)
            memcpy(joined + i * PIXELS * 3, pictures[i], PIXELS * 3);
        const struct bytes two[] = {bytes_of(joined, 4 * PIXELS * 3),
                                    bytes_of(joined + 4 * PIXELS * 3, 6 * PIXELS * 3)};
        again.len = 0;
        assert_int_equal(run(&p, two, 2, &again), RC_OK);
        assert_true(bytes_equal(make(&p, given), buffer_bytes(&again)));
    }
}

static void pictures_are_shown_as_they_were(void **state)
{
    (void)state;
    struct bytes given[KERNEL_GIVEN_MAX];
    for (unsigned n = 0; n < VIDEO_CODECS * PICTURE_FORMS; n++) {
        struct encode_params p = params_of(n / PICTURE_FORMS, n % PICTURE_FORMS);
        const size_t each = picture_bytes(p.form, WIDTH, HEIGHT);
        draw(&p, given);
        const struct bytes stream = make(&p, given);
        p.mode = ENCODE_SHOW;
        p.wanted = 1u << 2 | 1u << 7 | 1u << (COUNT - 1);
        struct buffer out = buffer_of(shown, sizeof shown);
        assert_int_equal(run(&p, &stream, 1, &out), RC_OK);
        assert_int_equal(out.len, 3 * each);
        static const uint32_t index[] = {2, 7, COUNT - 1};
        for (uint32_t i = 0; i < 3; i++) { // the picture before and the one after are far off
            const uint64_t error =
                picture_error(p.form, WIDTH, HEIGHT, pictures[index[i]], shown + i * each);
            const uint64_t before =
                picture_error(p.form, WIDTH, HEIGHT, pictures[index[i] - 1], shown + i * each);
            const uint32_t peak = p.form == PICTURE_RGB8 ? 255 : 65535;
            assert_in_range(psnr_of(error, PIXELS * 3, peak), 2800, PLANES_PSNR_MAX);
            assert_true(before > 2 * error);
        }
    }
}

static void quality_is_neither_missed_nor_wasted(void **state)
{
    (void)state;
    struct bytes given[KERNEL_GIVEN_MAX];
    struct encode_params p = params_of(VIDEO_H264, PICTURE_RGB8);
    draw(&p, given);
    size_t last = 0;
    for (p.psnr = 2600; p.psnr <= 4400; p.psnr += 300) {
        size_t bytes[2];
        for (unsigned late = 0; late < 2; late++) { // from both sides
            uint32_t psnr[COUNT];
            p.crf = late == 0 ? 5 : 45;
            p.tries = ENCODE_TRIES_MAX;
            const struct bytes stream = make(&p, given);
            bytes[late] = stream.len;
            check_all(p, given, stream, psnr);
            for (uint32_t i = 0; i < COUNT; i++)
                assert_true(psnr[i] >= p.psnr);
        }
        assert_true(bytes[0] > last && bytes[1] > last);
        assert_true(bytes[0] < bytes[1] * 5 / 4 && bytes[1] < bytes[0] * 5 / 4);
        last = bytes[0] > bytes[1] ? bytes[0] : bytes[1];
    }
}

static void too_many_bytes_are_said(void **state)
{
    (void)state;
    struct bytes given[KERNEL_GIVEN_MAX];
    struct encode_params p = params_of(VIDEO_H264, PICTURE_RGB8);
    draw(&p, given);
    p.crf = 1; // too many at first, then few enough
    p.bytes_max = 8000;
    assert_true(make(&p, given).len <= p.bytes_max);
    p.psnr = 4800;
    struct buffer out = buffer_of(stream_at, sizeof stream_at);
    assert_int_equal(run(&p, given, COUNT, &out), RC_FULL);
    p.bytes_max = sizeof stream_at;
    p.psnr = ENCODE_PSNR_MAX; // more than eight bits give
    assert_int_equal(run(&p, given, COUNT, &out), RC_REFUSED);
    p.psnr = PSNR;
    out = buffer_of(stream_at, 1000);
    assert_int_equal(run(&p, given, COUNT, &out), RC_FULL);
}

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    struct bytes given[KERNEL_GIVEN_MAX];
    struct encode_params p = params_of(VIDEO_H264, PICTURE_RGB8);
    draw(&p, given);
    const struct bytes stream = make(&p, given);
    struct buffer out = buffer_of(other_at, sizeof other_at);
    assert_int_equal(run(&p, given, COUNT - 1, &out), RC_MALFORMED);
    given[COUNT] = given[0];
    assert_int_equal(run(&p, given, COUNT + 1, &out), RC_MALFORMED);
    given[3].len--;
    assert_int_equal(run(&p, given, COUNT, &out), RC_MALFORMED);
    given[3].len = 0;
    assert_int_equal(run(&p, given, COUNT, &out), RC_MALFORMED);
    draw(&p, given);

    p.mode = ENCODE_SHOW;
    p.wanted = 1;
    assert_int_equal(run(&p, given, 1, &out), RC_MALFORMED);
    const struct bytes two[] = {stream, stream};
    assert_int_equal(run(&p, two, 2, &out), RC_MALFORMED);
    p.fps++;
    assert_int_equal(run(&p, &stream, 1, &out), RC_MALFORMED);
    p.fps--;
    p.mode = ENCODE_CHECK;
    assert_int_equal(run(&p, &stream, 1, &out), RC_MALFORMED);
    assert_int_equal(out.len, 0);
}

// Every field as large as it may be.
static const struct encode_params good = {.mode = ENCODE_SHOW,
                                          .width = 64,
                                          .height = 48,
                                          .count = ENCODE_PICTURES_MAX,
                                          .fps = VIDEO_FPS_MAX,
                                          .codec = VIDEO_AV1,
                                          .form = PICTURE_LIGHT,
                                          .chroma = CHROMA_FULL,
                                          .psnr = ENCODE_PSNR_MAX,
                                          .crf = VIDEO_CRF_MAX,
                                          .tries = ENCODE_TRIES_MAX,
                                          .bytes_max = ENCODE_BYTES_MAX,
                                          .wanted = UINT64_MAX};

static void params_have_one_form(void **state)
{
    (void)state;
    uint8_t at[256];
    uint8_t again_at[256];
    struct buffer b = buffer_of(at, sizeof at);
    struct encode_params back;
    assert_int_equal(encode_params_encode(&good, &b), RC_OK);
    assert_int_equal(encode_params_decode(&back, buffer_bytes(&b)), RC_OK);
    struct buffer again = buffer_of(again_at, sizeof again_at);
    assert_int_equal(encode_params_encode(&back, &again), RC_OK);
    assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&b)));
    assert_int_equal(back.wanted, good.wanted);
    for (size_t cut = 0; cut < b.len; cut++)
        assert_int_equal(encode_params_decode(&back, bytes_of(at, cut)), RC_MALFORMED);
    struct buffer small = buffer_of(at, b.len - 1);
    assert_int_equal(encode_params_encode(&good, &small), RC_FULL);
}

static void params_out_of_range_are_none(void **state)
{
    (void)state;
    uint8_t at[256];
    struct buffer b = buffer_of(at, sizeof at);
    static const struct {
        size_t at;
        uint32_t value;
    } wrong[] = {
#define FIELD(name) offsetof(struct encode_params, name)
        {FIELD(mode), 3},
        {FIELD(width), 65},
        {FIELD(width), 30},
        {FIELD(height), 4098},
        {FIELD(count), 0},
        {FIELD(count), 65},
        {FIELD(count), 63}, // then picture 63 cannot be wanted
        {FIELD(fps), 0},
        {FIELD(fps), 241},
        {FIELD(codec), 2},
        {FIELD(form), 2},
        {FIELD(chroma), 2},
        {FIELD(psnr), 1999},
        {FIELD(psnr), 6001},
        {FIELD(crf), 0},
        {FIELD(crf), 52},
        {FIELD(tries), 0},
        {FIELD(tries), 9},
        {FIELD(bytes_max), 0},
        {FIELD(bytes_max), (32u << 20) + 1},
        {FIELD(mode), ENCODE_MAKE}, // with pictures wanted
#undef FIELD
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct encode_params p = good;
        memcpy((uint8_t *)&p + wrong[i].at, &wrong[i].value, 4);
        b.len = 0;
        assert_int_equal(encode_params_encode(&p, &b), RC_MALFORMED);
    }
    struct encode_params p = good;
    p.wanted = 0;
    assert_int_equal(encode_params_encode(&p, &b), RC_MALFORMED);
    p = good;
    p.width = p.height = 1024; // 64 of them are more than a task may show
    assert_int_equal(encode_params_encode(&p, &b), RC_MALFORMED);
}

static void streams_are_read_to_the_byte(void **state)
{
    (void)state;
    static struct encode_stream s;
    static uint8_t copy[sizeof stream_at];
    struct bytes given[KERNEL_GIVEN_MAX];
    const struct encode_params p = params_of(VIDEO_H264, PICTURE_RGB8);
    draw(&p, given);
    const struct bytes stream = make(&p, given);
    assert_int_equal(encode_stream_open(&s, stream), RC_OK);
    struct buffer back = buffer_of(other_at, sizeof other_at);
    assert_int_equal(encode_stream_write(&s, &back), RC_OK);
    assert_true(bytes_equal(buffer_bytes(&back), stream));
    for (size_t cut = 0; cut < stream.len; cut += cut < 200 ? 1 : 97)
        assert_int_equal(encode_stream_open(&s, bytes_of(stream.at, cut)), RC_MALFORMED);
    const size_t heads = ENCODE_HEAD_BYTES + COUNT * ENCODE_PACKET_HEAD_BYTES;
    for (size_t i = 0; i < heads; i++) { // what still reads is of another size or fps
        memcpy(copy, stream.at, stream.len);
        copy[i] ^= 0x80;
        const bool reads = encode_stream_open(&s, bytes_of(copy, stream.len)) == RC_OK;
        assert_true(!reads || i == 8 || i == 10 || i == 14);
    }
}

static const struct encode_params *lied_to;
static struct bytes lied_given[KERNEL_GIVEN_MAX];

// Draws that find the claimed stream wrong, of 3.
static uint32_t caught(struct bytes claimed)
{
    uint8_t at[256];
    uint8_t part_at[256];
    uint8_t redone_at[64];
    uint32_t wrong = 0;
    struct buffer params = buffer_of(at, sizeof at);
    struct kernel_stage stage = {.kernel = &encode_kernel,
                                 .given_count = COUNT,
                                 .part = buffer_of(part_at, sizeof part_at),
                                 .redone = buffer_of(redone_at, sizeof redone_at)};
    memcpy(stage.given, lied_given, sizeof stage.given);
    assert_int_equal(encode_params_encode(lied_to, &params), RC_OK);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        struct kernel_verdict v;
        assert_int_equal(kernel_stage_check(&stage, buffer_bytes(&params), claimed, nonce, &v),
                         RC_OK);
        assert_int_equal(v.parts, COUNT);
        assert_int_equal(v.is_right, v.mismatches == 0);
        wrong += !v.is_right;
    }
    return wrong;
}

static void lies_are_found_out(void **state)
{
    (void)state;
    static uint8_t lie_at[sizeof stream_at];
    struct bytes mixed[KERNEL_GIVEN_MAX];
    for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
        const struct encode_params p = params_of(codec, PICTURE_RGB8);
        lied_to = &p;
        draw(&p, lied_given);
        const struct bytes honest = make(&p, lied_given);
        assert_int_equal(caught(honest), 0);

        struct buffer lie = buffer_of(lie_at, sizeof lie_at);
        buffer_put(&lie, honest);
        memset(lie_at + honest.len / 2, 0x55, honest.len / 4); // other bytes
        assert_int_equal(caught(buffer_bytes(&lie)), 3);
        assert_int_equal(caught(bytes_of(lie_at, 10)), 3);
        assert_int_equal(caught(bytes_of(lie_at, 0)), 3);

        struct encode_params poor = p; // worse quality
        poor.psnr -= 150;
        poor.crf = 40;
        lie = buffer_of(lie_at, sizeof lie_at);
        assert_int_equal(run(&poor, lied_given, COUNT, &lie), RC_OK);
        assert_int_equal(caught(buffer_bytes(&lie)), 3);

        memcpy(mixed, lied_given, sizeof mixed); // two pictures swapped
        mixed[4] = lied_given[5];
        mixed[5] = lied_given[4];
        lie = buffer_of(lie_at, sizeof lie_at);
        assert_int_equal(run(&p, mixed, COUNT, &lie), RC_OK);
        assert_int_equal(caught(buffer_bytes(&lie)), 3);

        for (uint32_t i = 1; i < COUNT; i++) // frozen
            mixed[i] = lied_given[0];
        lie = buffer_of(lie_at, sizeof lie_at);
        assert_int_equal(run(&p, mixed, COUNT, &lie), RC_OK);
        assert_int_equal(caught(buffer_bytes(&lie)), 3);
    }
}

static void verdicts_are_of_parts_of_the_task(void **state)
{
    (void)state;
    uint8_t at[256];
    uint8_t part_at[256];
    struct encode_params p = params_of(VIDEO_H264, PICTURE_RGB8);
    struct buffer params = buffer_of(at, sizeof at);
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct kernel_verdict v;
    uint8_t fine[2 * COUNT];
    memset(fine, 0x20, sizeof fine); // 82.24 dB
    const struct bytes stream = bytes_of(stream_at, 500);
    assert_int_equal(encode_params_encode(&p, &params), RC_OK);
    assert_int_equal(encode_kernel.part(buffer_bytes(&params), 7, &part), RC_OK);
    const struct bytes is = buffer_bytes(&params);
    const struct bytes of = buffer_bytes(&part);
    assert_int_equal(encode_kernel.judge(is, stream, of, bytes_of(fine, sizeof fine), &v), RC_OK);
    assert_true(v.is_right);
    fine[7] = 0; // one picture of .32 dB
    assert_int_equal(encode_kernel.judge(is, stream, of, bytes_of(fine, sizeof fine), &v), RC_OK);
    assert_true(!v.is_right && v.mismatches == 1);
    assert_int_equal(encode_kernel.judge(is, stream, of, bytes_of(fine, sizeof fine - 2), &v),
                     RC_MALFORMED);
    assert_int_equal(encode_kernel.judge(is, stream, is, bytes_of(fine, sizeof fine), &v),
                     RC_MALFORMED);
    assert_int_equal(encode_kernel.judge(of, stream, of, bytes_of(fine, sizeof fine), &v),
                     RC_MALFORMED);
    assert_int_equal(encode_kernel.part(of, 7, &params), RC_MALFORMED);
    p.psnr++;
    params.len = 0;
    assert_int_equal(encode_params_encode(&p, &params), RC_OK);
    assert_int_equal(
        encode_kernel.judge(buffer_bytes(&params), stream, of, bytes_of(fine, sizeof fine), &v),
        RC_MALFORMED);
    assert_false(v.is_right);
    assert_true(encode_kernel.size(of) < encode_kernel.size(is));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ffmpeg_measures_the_same),
        cmocka_unit_test(the_same_inputs_are_the_same_stream),
        cmocka_unit_test(pictures_are_shown_as_they_were),
        cmocka_unit_test(quality_is_neither_missed_nor_wasted),
        cmocka_unit_test(too_many_bytes_are_said),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(params_have_one_form),
        cmocka_unit_test(params_out_of_range_are_none),
        cmocka_unit_test(streams_are_read_to_the_byte),
        cmocka_unit_test(lies_are_found_out),
        cmocka_unit_test(verdicts_are_of_parts_of_the_task),
    };
    return cmocka_run_group_tests(tests, ffmpeg_set_up, ffmpeg_tear_down);
}
