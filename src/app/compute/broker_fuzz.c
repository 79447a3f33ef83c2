// SPDX-License-Identifier: MIT
// Any sequence of connections, messages and waiting: the broker keeps its books, and gives back.
//
// Input: operations of one byte and their arguments, on a few connections that come and go; see
// the table in step(). Messages are made from the input, signed where they must be, or are its raw
// bytes. The desk checks the broker's invariants after every call and its memory at the end.
#include "compute/desk_test.h"
#include "compute/sample_test.h"

#define SLOTS       6u
#define STEPS_MAX   256u
#define FUZZ_BYTES  ((size_t)16 << 20)
#define HEARD_LIMIT (DESK_HEARD_MAX / 2)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct slot {
    uint64_t conn; // 0: none
    size_t key;
};

struct fuzz {
    struct desk d;
    struct cursor in;
    struct slot slot[SLOTS];
    uint64_t job; // the last one submitted
};

static void open_one(struct fuzz *f, struct slot *s)
{
    if (s->conn != 0)
        desk_hang_up(&f->d, s->conn);
    s->conn = desk_connect(&f->d);
    s->key = 1 + cursor_u8(&f->in) % (DESK_KEYS - 1);
}

static void say_hello(struct fuzz *f, struct slot *s)
{
    struct msg m;
    uint8_t how = cursor_u8(&f->in);
    if (!desk_hears(&f->d, s->conn, MSG_CHALLENGE, &m))
        return;
    m = hand_hello(&m.as.challenge, how % 2 ? MSG_ROLE_HELPER : MSG_ROLE_GAMER, f->d.key[s->key],
                   bytes_of(NULL, 0));
    if (how & 2)
        m.as.hello.ability.slots = how >> 4;
    if (how & 4)
        m.as.hello.ability.speed[0].units_s = how & 8 ? UINT64_MAX : 1;
    desk_say(&f->d, s->conn, &m);
}

static void submit(struct fuzz *f, const struct slot *s)
{
    uint8_t how = cursor_u8(&f->in);
    struct msg m = desk_submit(how % 16);
    m.as.submit.width = 1u + cursor_u8(&f->in);
    m.as.submit.height = 1u + cursor_u8(&f->in);
    m.as.submit.tiles = cursor_u8(&f->in) % 64;
    if (how & 16)
        m.as.submit.width *= 64;
    if (how & 32)
        m.as.submit.samples = MSG_SAMPLES_MAX;
    if (how & 64)
        m.as.submit.scene.b[0] ^= 1; // which nobody can give
    f->job = m.as.submit.job;
    desk_say(&f->d, s->conn, &m);
}

static void give_part(struct fuzz *f, const struct slot *s)
{
    uint8_t how = cursor_u8(&f->in);
    struct msg m = desk_part();
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {m.as.object_part.digest}};
    m.as.object_part.digest.b[0] ^= how & 1;
    m.as.object_part.total += how >> 1 & 1;
    m.as.object_part.data.len -= how >> 2 & 1;
    none.as.object_none.digest.b[0] ^= how & 1;
    desk_say(&f->d, s->conn, how & 8 ? &none : &m);
}

static void work(struct fuzz *f, const struct slot *s)
{
    struct msg m;
    uint8_t *at;
    uint8_t how = cursor_u8(&f->in);
    if (!desk_hears(&f->d, s->conn, MSG_ASSIGN, &m))
        return;
    struct msg no = {.type = MSG_FAILURE, .as.failure = {m.as.assign.task, RC_CRASHED, "no"}};
    struct msg r = desk_result(&f->d, &m.as.assign, s->key, how >> 4, &at);
    static uint8_t cells[64 * 64 * 4];
    static uint8_t room[sizeof cells + 64];
    memset(cells, how, sizeof cells);
    uint32_t side = 1u + how % 64;
    struct trace_report report = {
        .cells_x = side, .cells_y = side, .cost = bytes_of(cells, (size_t)side * side * 4)};
    struct buffer b = buffer_of(room, sizeof room);
    hand_must(trace_report_encode(&report, &b));
    r.as.result.report = buffer_bytes(&b);
    if ((how & 3) == 1)
        r.as.result.hash.b[3] ^= 1;
    if ((how & 7) == 2)
        r.as.result.cpu_us = UINT64_MAX;
    desk_say(&f->d, s->conn, (how & 7) == 7 ? &no : &r);
    if (how & 8)
        desk_say(&f->d, s->conn, &r); // again
    free(at);
}

static void sample(struct fuzz *f, const struct slot *s)
{
    uint8_t type = cursor_u8(&f->in);
    struct rng r = rng_seeded(cursor_u8(&f->in));
    struct msg m = sample_msg((enum msg_type)(1 + type % SAMPLE_TYPES), &r);
    if (m.type == MSG_RESULT || m.type == MSG_FAILURE)
        m.as.failure.task = type; // the first field of both: small numbers exist
    if (m.type == MSG_SUBMIT) {   // large ones take long, and there is a unit test for them
        m.as.submit.width %= 512;
        m.as.submit.width++;
        m.as.submit.height %= 512;
        m.as.submit.height++;
    }
    desk_say(&f->d, s->conn, &m);
}

static void step(struct fuzz *f)
{
    uint8_t op = cursor_u8(&f->in);
    struct slot *s = &f->slot[(op >> 4) % SLOTS];
    struct msg beat = {.type = MSG_HEARTBEAT};
    struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {f->job}};
    if (op % 16 == 0)
        open_one(f, s);
    else if (op % 16 == 1)
        desk_hang_up(&f->d, s->conn);
    else if (op % 16 == 2)
        say_hello(f, s);
    else if (op % 16 == 3)
        submit(f, s);
    else if (op % 16 == 4)
        give_part(f, s);
    else if (op % 16 == 5 || op % 16 == 6)
        work(f, s);
    else if (op % 16 == 7)
        desk_wait(&f->d, cursor_u16(&f->in) * (uint64_t)1000);
    else if (op % 16 == 8)
        desk_say(&f->d, s->conn, &beat);
    else if (op % 16 == 9)
        desk_say(&f->d, s->conn, &withdraw);
    else if (op % 16 == 10)
        sample(f, s);
    else if (op % 16 == 11)
        desk_raw(&f->d, s->conn, cursor_take(&f->in, cursor_u8(&f->in)));
    else if (op % 16 == 12) // memory is scarce for a while
        f->d.budget.limit_bytes = f->d.budget.used_bytes + (size_t)cursor_u16(&f->in) * 16;
    else
        f->d.budget.limit_bytes = FUZZ_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.in = {.left = bytes_of(data, size)}};
    desk_open(&f.d, &(struct desk_cfg){.bytes = FUZZ_BYTES, .has_no_own = size % 4 == 3});
    for (uint32_t i = 0; i < STEPS_MAX && f.in.left.len > 0 && !f.in.is_bad; i++) {
        step(&f);
        if (f.d.heard_count > HEARD_LIMIT)
            desk_forget(&f.d);
    }
    for (size_t i = 0; i < SLOTS; i++)
        desk_hang_up(&f.d, f.slot[i].conn);
    struct broker_stat s = broker_stat(f.d.broker);
    assert(s.helpers == 0 && s.gamers == 0 && s.frames == 0 && s.tasks_waiting == 0);
    desk_close(&f.d);
    return 0;
}
