// SPDX-License-Identifier: MIT
// Any sequence of connections, messages and waiting: the broker keeps its books, and gives back.
//
// Gamers' runs need one another's results. Gamers come back to what they left, by other connections
// too; the host takes records or does not, and power may be cut at any time. Some speak JSON.
//
// Input: operations of one byte and their arguments, on a few connections that come and go; see
// the table in step(). Messages are made from the input, signed where they must be, or are its raw
// bytes. The desk checks the broker's invariants after every call and its memory at the end.
#include "base/num.h"
#include "base/text.h"
#include "compute/desk_test.h"
#include "compute/sample_test.h"
#include "kernel/pack/pack.h"

#define SLOTS       6u
#define STEPS_MAX   256u
#define FUZZ_BYTES  ((size_t)16 << 20)
#define HEARD_LIMIT (DESK_HEARD_MAX / 2)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct slot {
    uint64_t conn; // 0: none
    size_t key;
    bool is_text;
};

struct fuzz {
    struct desk d;
    struct cursor in;
    struct slot slot[SLOTS];
    uint64_t job;    // the last one submitted
    struct msg last; // the last frame or run
    char text[256];
    uint8_t params[256]; // of the last run
};

static void open_one(struct fuzz *f, struct slot *s)
{
    if (s->conn != 0)
        desk_hang_up(&f->d, s->conn);
    s->conn = desk_connect(&f->d);
    s->key = 1 + cursor_u8(&f->in) % (DESK_KEYS - 1);
    s->is_text = false;
}

// The next message of that type that this connection heard, if it speaks in messages.
static bool hears(struct fuzz *f, const struct slot *s, enum msg_type type, struct msg *m)
{
    return !s->is_text && desk_hears(&f->d, s->conn, type, m);
}

static void say_hello(struct fuzz *f, struct slot *s)
{
    struct msg m;
    uint8_t how = cursor_u8(&f->in);
    if (!hears(f, s, MSG_CHALLENGE, &m))
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
    m.as.submit.is_kept = how & 128;
    f->job = m.as.submit.job;
    f->last = m;
    desk_say(&f->d, s->conn, &m);
}

// Params of trace for a few pixels, or of pack for what that makes.
static struct bytes graph_params(bool is_trace, uint8_t *room, size_t cap)
{
    static const struct trace_params trace = {.width = 2,
                                              .height = 2,
                                              .w = 2,
                                              .h = 2,
                                              .sample_count = 1,
                                              .depth_max = 1,
                                              .cell = 8,
                                              .camera = {.up = {0, 1, 0}, .fov_deg = 40}};
    static const struct pack_params pack = {
        .level = 1, .block_bytes = PACK_BLOCK_BYTES_MIN, .input_bytes = 4 * TRACE_PIXEL_BYTES};
    struct buffer b = buffer_of(room, cap);
    hand_must(is_trace ? trace_params_encode(&trace, &b) : pack_params_encode(&pack, &b));
    return buffer_bytes(&b);
}

// A run that has inputs, or needs others, by small numbers; most are kept.
static void run_in_graph(struct fuzz *f, const struct slot *s)
{
    uint8_t how = cursor_u8(&f->in);
    uint8_t needs = cursor_u8(&f->in);
    const bool is_trace = (how & 16) != 0;
    struct msg m = {.type = MSG_RUN, .as.run = {.job = how % 16, .is_kept = (how & 224) != 0}};
    struct task_spec *spec = &m.as.run.spec;
    memcpy(spec->kernel, is_trace ? "trace" : "pack", is_trace ? 5 : 4);
    spec->params = graph_params(is_trace, f->params, sizeof f->params);
    if (is_trace || (needs & 128) != 0) {
        spec->input[spec->input_count++] = hash_bytes(desk_scene());
        spec->input[0].b[0] ^= (how & 224) == 64; // which nobody can give
    } else {
        m.as.run.need[m.as.run.need_count++] = needs % 16;
    }
    if ((needs & 64) != 0) // too many for trace
        m.as.run.need[m.as.run.need_count++] = needs / 4 % 16;
    if ((how & 224) == 32)
        m.as.run.deadline_ms = 1u + needs;
    f->job = m.as.run.job;
    f->last = m;
    desk_say(&f->d, s->conn, &m);
}

static void run(struct fuzz *f, const struct slot *s)
{
    static const char text[] = "params of a run, whose results stay short";
    uint8_t how = cursor_u8(&f->in);
    struct msg m = {.type = MSG_RUN, .as.run = {.job = how % 16, .label = "a run"}};
    memcpy(m.as.run.spec.kernel, how & 16 ? "trace" : "echo", 5);
    m.as.run.spec.params = bytes_of(text, cursor_u8(&f->in) % sizeof text);
    if (how & 32)
        m.as.run.deadline_ms = 1u + how;
    if (how & 64)
        m.as.run.spec.input_count = how >> 6;
    f->job = m.as.run.job;
    f->last = m;
    desk_say(&f->d, s->conn, &m);
}

// The same job once more, as after a lost connection, with word of what is in already.
static void again(struct fuzz *f, const struct slot *s)
{
    uint8_t room[8 * MSG_HAVE_BYTES];
    struct buffer have = buffer_of(room, sizeof room);
    struct msg m;
    uint8_t how = cursor_u8(&f->in);
    if (f->last.type != MSG_SUBMIT && f->last.type != MSG_RUN)
        return;
    if (f->last.type == MSG_SUBMIT && hears(f, s, MSG_PLANNED, &m))
        f->last.as.submit.plan = m.as.planned.plan;
    struct msg back = f->last;
    for (uint32_t i = 0; i < 8 && f->last.type == MSG_SUBMIT; i++)
        if (how >> i & 1)
            msg_have_put(&have, i, 0);
    if (f->last.type == MSG_SUBMIT)
        back.as.submit.have = buffer_bytes(&have);
    desk_say(&f->d, s->conn, &back);
}

static void open_text(struct fuzz *f, struct slot *s)
{
    struct broker_guest guest = {.is_text = true, .origin = {cursor_u8(&f->in) % 3}};
    desk_hang_up(&f->d, s->conn);
    *s = (struct slot){.conn = ++f->d.last_conn, .is_text = true};
    broker_open(f->d.broker, s->conn, &guest, f->d.now_us);
    desk_drain(&f->d);
}

static void say_text(struct fuzz *f, const struct slot *s)
{
    uint8_t how = cursor_u8(&f->in);
    unsigned a = cursor_u8(&f->in) % 64u;
    unsigned b = how / 8u;
    static const char *const form[] = {
        "{'type':'register_peer','peer_id':'p%u','capabilities':{'slots':%u,'kernels':['echo']}}",
        "{'type':'register_gamer','gamer_id':'g%u','n':%u}",
        "{'type':'submit_task','task':{'type':'echo','n':%u},'task_id':'t%u'}",
        "{'type':'submit_task','task':{'type':'echo','n':%u},'deadline_ms':%u}",
        "{'type':'task_result','task_id':'task_%u','result':{'n':%u}}",
        "{'type':'task_result','task_id':'task_%u','error':'no %u'}",
        "{'msg_type':'register_user','msg_id':'m','timestamp':1,"
        "'data':{'user_id':'u%u','client_info':{'version':'%u'}}}",
        "{'msg_type':'task_request','msg_id':'m','timestamp':1,"
        "'data':{'task_id':'%u','user_id':'u','task_data':{'type':'echo','n':%u}}}"};
    struct text t = text_of(f->text, sizeof f->text);
    size_t len = 0;
    for (const char *at = form[how % 8]; *at != 0; at++) { // numbers where they belong
        if (at[0] == '%')
            text_addf(&t, "%u", len++ == 0 ? a : b);
        else if (at[0] != 'u' || at == form[how % 8] || at[-1] != '%')
            text_addf(&t, "%c", at[0] == '\'' ? '"' : at[0]);
    }
    desk_raw(&f->d, s->conn, bytes_text(f->text));
}

static void crash(struct fuzz *f)
{
    desk_crash(&f->d);
    for (size_t i = 0; i < SLOTS; i++)
        f->slot[i] = (struct slot){.conn = 0};
}

// What a gamer does a second time, and what goes on at the host.
static void step_more(struct fuzz *f, struct slot *s)
{
    uint8_t op = cursor_u8(&f->in);
    struct msg input = {.type = MSG_INPUT, .as.input = {.step = op, .for_us = 1000u * (1u + op)}};
    if (op >= 192)
        run_in_graph(f, s);
    else if (op % 8 < 2)
        run(f, s);
    else if (op % 8 == 2)
        again(f, s);
    else if (op % 8 == 3)
        f->d.is_deaf = !f->d.is_deaf;
    else if (op % 8 == 4)
        crash(f);
    else if (op % 8 == 5)
        open_text(f, s);
    else if (op % 8 == 6)
        say_text(f, s);
    else
        desk_say(&f->d, s->conn, &input);
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
    if (!hears(f, s, MSG_ASSIGN, &m))
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
    else if (op % 16 == 13)
        f->d.budget.limit_bytes = num_max(FUZZ_BYTES, f->d.budget.used_bytes);
    else
        step_more(f, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.in = {.left = bytes_of(data, size)}};
    desk_open(&f.d, &(struct desk_cfg){
                        .bytes = FUZZ_BYTES, .has_no_own = size % 4 == 3, .has_rows = true});
    for (uint32_t i = 0; i < STEPS_MAX && f.in.left.len > 0 && !f.in.is_bad; i++) {
        step(&f);
        if (f.d.heard_count > HEARD_LIMIT)
            desk_forget(&f.d);
    }
    for (size_t i = 0; i < SLOTS; i++)
        desk_hang_up(&f.d, f.slot[i].conn);
    f.d.budget.limit_bytes = num_max(FUZZ_BYTES, f.d.budget.used_bytes);
    desk_wait(&f.d, BROKER_LINGER_US); // nobody comes back
    struct broker_stat s = broker_stat(f.d.broker);
    assert(s.helpers == 0 && s.gamers == 0 && s.gamers_away == 0 && s.frames == 0 && s.runs == 0 &&
           s.tasks_waiting == 0 && s.tasks_held == 0);
    desk_close(&f.d);
    return 0;
}
