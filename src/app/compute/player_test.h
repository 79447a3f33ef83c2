// SPDX-License-Identifier: MIT
// A gamer fed by hand: a hub that says what a test wants, and all that the gamer answers.
//
// For tests and fuzz targets only; asserts instead of failing.
#ifndef COMPUTE_PLAYER_TEST_H
#define COMPUTE_PLAYER_TEST_H

#include "compute/gamer.h"
#include "compute/inbox_test.h"

#define PLAYER_HEARD_MAX 256u

struct player {
    struct budget budget;
    struct rng rng;
    struct sign_key *hub;
    struct sign_key *key;
    struct gamer_side *gamer;
    struct digest scene;
    uint32_t closings, event_count, events[GAMER_EVENT_PEERS + 1];
    struct gamer_event last;
    struct inbox heard;
};

static inline struct bytes player_scene(void)
{
    return bytes_text("the gamer looks into no scene either");
}

static inline void player_open(struct player *p, size_t bytes)
{
    *p = (struct player){.budget = {.limit_bytes = bytes}, .rng = rng_seeded(1)};
    p->hub = hand_key(1);
    p->key = hand_key(2);
    inbox_open(&p->heard, PLAYER_HEARD_MAX);
    struct gamer_cfg cfg = {
        .budget = &p->budget,
        .client = {.role = MSG_ROLE_GAMER, .key = p->key, .entropy = hand_entropy(&p->rng)}};
    hand_must(gamer_new(&p->gamer, &cfg));
    gamer_offer(p->gamer, player_scene(), &p->scene);
}

static inline void player_close(struct player *p)
{
    gamer_free(p->gamer);
    assert(p->budget.used_bytes == 0);
    inbox_close(&p->heard);
    sign_key_free(p->hub);
    sign_key_free(p->key);
}

static inline void player_drain(struct player *p)
{
    struct out out;
    struct gamer_event e;
    while (gamer_next(p->gamer, &out)) {
        if (out.kind == OUT_CLOSE) {
            p->closings++;
            continue;
        }
        inbox_put(&p->heard, 0, OUT_SEND, out.bytes);
    }
    while (gamer_event(p->gamer, &e)) {
        p->last = e;
        p->events[e.kind]++;
        p->event_count++;
    }
}

static inline void player_raw(struct player *p, struct bytes message)
{
    gamer_input(p->gamer, message);
    player_drain(p);
}

static inline void player_say(struct player *p, const struct msg *m)
{
    size_t cap = msg_bytes_max(m);
    uint8_t *at = malloc(cap);
    assert(at != NULL);
    player_raw(p, hand_encode(m, at, cap));
    free(at);
}

static inline bool player_hears(struct player *p, enum msg_type type, struct msg *out)
{
    return inbox_take(&p->heard, 0, type, out);
}

// Connected to the hub, and as far in as steps say: 1 challenged, 2 welcome.
static inline void player_connect(struct player *p, int steps)
{
    gamer_open(p->gamer);
    struct msg m = hand_challenge(p->hub);
    if (steps >= 1)
        player_say(p, &m);
    if (steps < 2 || !player_hears(p, MSG_HELLO, &m))
        return;
    m = hand_welcome(p->hub, &m.as.hello, 1000);
    player_say(p, &m);
}

static inline void player_hang_up(struct player *p)
{
    gamer_closed(p->gamer);
    player_drain(p);
}

static inline struct msg_submit player_frame(void)
{
    return (struct msg_submit){.scene = hash_bytes(player_scene()),
                               .width = 8,
                               .height = 6,
                               .samples = 2,
                               .depth_max = 3,
                               .camera = {.up = {0, 1, 0}, .fov_deg = 40}};
}

// A dark tile of a frame of 8 by 6 pixels.
static inline struct msg player_tile(uint64_t job, struct rect rect, uint32_t first, uint32_t count)
{
    static const uint8_t dark[(size_t)8 * 6 * TRACE_PIXEL_BYTES];
    return (struct msg){
        .type = MSG_TILE,
        .as.tile = {.job = job,
                    .rect = rect,
                    .sample_first = first,
                    .sample_count = count,
                    .attempts = 1,
                    .result = bytes_of(dark, (size_t)rect.w * rect.h * TRACE_PIXEL_BYTES)}};
}

#endif
