// SPDX-License-Identifier: MIT
// Fuzz: params and streams from strangers; small streams are decoded and checked as well.
#include <assert.h>

#include "kernel/encode/encode.h"
#include "kernel/encode/params.h"
#include "kernel/encode/stream.h"

#define SIDE_MAX 128u // of streams that are decoded: larger ones take the same ways, for longer

static uint8_t pictures[ENCODE_PICTURES_MAX * SIDE_MAX * SIDE_MAX * 8];
static uint8_t shown[sizeof pictures];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_way_to_say_it(struct bytes in)
{
    struct encode_params p;
    size_t min;
    size_t max;
    uint8_t at[256];
    struct buffer b = buffer_of(at, sizeof at);
    if (encode_params_decode(&p, in) != RC_OK) {
        assert(encode_kernel.result_bounds(in, &min, &max) == RC_MALFORMED);
        return;
    }
    assert(encode_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in));
    if (encode_kernel.result_bounds(in, &min, &max) == RC_OK)
        assert(min <= max && encode_kernel.size(in) > 0);
}

static enum rc run(struct encode_params p, enum encode_mode mode, const struct bytes *given,
                   uint32_t count, struct buffer *out)
{
    uint8_t at[256];
    struct buffer params = buffer_of(at, sizeof at);
    p.mode = mode;
    assert(encode_params_encode(&p, &params) == RC_OK);
    const struct kernel_in in = {buffer_bytes(&params), given, count};
    return encode_kernel.run(NULL, &in, out, NULL);
}

static void decode(const struct encode_stream *s, struct bytes stream)
{
    const struct encode_params p = {.width = s->width,
                                    .height = s->height,
                                    .count = s->count,
                                    .fps = s->fps,
                                    .codec = s->codec,
                                    .form = s->form,
                                    .chroma = s->chroma,
                                    .psnr = ENCODE_PSNR_MIN,
                                    .crf = s->crf,
                                    .tries = 1,
                                    .bytes_max = ENCODE_BYTES_MAX,
                                    .wanted = UINT64_MAX >> (64 - s->count)};
    const size_t all = s->count * picture_bytes(s->form, s->width, s->height);
    const struct bytes given[] = {bytes_of(pictures, all), stream};
    struct buffer out = buffer_of(shown, sizeof shown);
    const enum rc rc = run(p, ENCODE_SHOW, &given[1], 1, &out);
    assert(rc == RC_OK ? out.len == all : rc == RC_MALFORMED || rc == RC_NOMEM);
    out = buffer_of(shown, sizeof shown);
    const enum rc check = run(p, ENCODE_CHECK, given, 2, &out);
    assert(check == RC_OK ? out.len == (size_t)s->count * 2 : check == RC_NOMEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct encode_stream s;
    static uint8_t back[1 << 20];
    const struct bytes in = bytes_of(data, size);
    one_way_to_say_it(in);
    if (size > sizeof back || encode_stream_open(&s, in) != RC_OK)
        return 0;
    struct buffer b = buffer_of(back, sizeof back);
    assert(encode_stream_write(&s, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in));
    if (s.width <= SIDE_MAX && s.height <= SIDE_MAX)
        decode(&s, in);
    return 0;
}
