// SPDX-License-Identifier: MIT
// check_bench's case of kernel `encode`: a second of moving pictures.
#include "check.h"
#include "codec/clip_test.h"
#include "kernel/encode/encode.h"
#include "measure.h"

#define WIDTH  480u
#define HEIGHT 270u
#define COUNT  16u
#define FREEZE 4u // of five spoiled packets are another picture's; the fifth has other bytes

static void make(struct check_task *out)
{
    const struct clip clip = {PICTURE_RGB8, WIDTH, HEIGHT};
    const struct encode_params p = {.width = WIDTH,
                                    .height = HEIGHT,
                                    .count = COUNT,
                                    .fps = 10,
                                    .psnr = 3600,
                                    .crf = 33, // one encoding, as where the last group's is known
                                    .tries = 1,
                                    .bytes_max = 1u << 20};
    const size_t each = picture_bytes(clip.form, WIDTH, HEIGHT);
    uint8_t *at = measure_take(each * COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        clip_draw(&clip, i, at + i * each);
    struct buffer params = buffer_of(measure_take(256), 256);
    measure_need(encode_params_encode(&p, &params), "params");
    out->params = buffer_bytes(&params);
    out->given[0] = bytes_of(at, each * COUNT);
    out->given_count = 1;
}

// A packet that is another one's again: the picture stands still, or comes twice.
static void freeze(struct rng *r, struct encode_stream *s, uint32_t i)
{
    const uint32_t other = (uint32_t)rng_below(r, s->count);
    if (other == i)
        s->packet[i].bytes.len = 1 + s->packet[i].bytes.len / 2; // half of it is missing
    else
        s->packet[i].bytes = s->packet[other].bytes;
}

static void other_bytes(struct rng *r, struct encode_packet *p, uint8_t *room)
{
    struct buffer copy = buffer_of(room, p->bytes.len);
    buffer_put(&copy, p->bytes);
    for (size_t i = copy.len / 4; i < copy.len; i++)
        room[i] = (uint8_t)rng_below(r, 256);
    p->bytes = buffer_bytes(&copy);
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    static struct encode_stream s;
    static uint8_t room[1u << 20];
    static uint8_t copy[1u << 21];
    struct buffer out = buffer_of(copy, sizeof copy);
    measure_need(encode_stream_open(&s, buffer_bytes(result)), "stream");
    size_t used = 0;
    struct check_share spoiled = check_share_of(r, share, s.count);
    for (uint32_t i = 0; i < s.count; i++) {
        if (!check_is_spoiled(&spoiled))
            continue;
        if (rng_below(r, FREEZE + 1) < FREEZE) {
            freeze(r, &s, i);
        } else {
            const size_t len = s.packet[i].bytes.len;
            other_bytes(r, &s.packet[i], room + used);
            used += len;
        }
    }
    measure_need(encode_stream_write(&s, &out), "stream");
    result->len = 0;
    buffer_put(result, buffer_bytes(&out));
}

const struct check_case check_encode = {"encode", "packets", make, lie};
