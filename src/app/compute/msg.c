// SPDX-License-Identifier: MIT
// The messages of hub, helper and gamer: one CBOR array each, [type, field ...]
// (doc/messages.cddl).
#include "compute/msg.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "scene/camera.h"
#include "wire/cbor.h"

// One description of each message serves both ways: a field is written from the struct, or read
// into it, so that the two cannot disagree. Exactly one of `out` and `in` is set.
struct codec {
    struct buffer *out;
    struct cbor_reader *in;
    bool is_bad; // a field is out of range
};

static void expect(struct codec *c, bool is_good)
{
    c->is_bad = c->is_bad || !is_good;
}

static void u64_field(struct codec *c, uint64_t *v, uint64_t min, uint64_t max)
{
    if (c->in != NULL)
        *v = cbor_get_u64_max(c->in, max);
    else
        cbor_put_u64(c->out, *v);
    expect(c, *v >= min && *v <= max);
}

static void u32_field(struct codec *c, uint32_t *v, uint32_t min, uint32_t max)
{
    uint64_t wide = *v;
    u64_field(c, &wide, min, max);
    *v = (uint32_t)wide;
}

static void bool_field(struct codec *c, bool *v)
{
    if (c->in != NULL)
        *v = cbor_get_flag(c->in);
    else
        cbor_put_flag(c->out, *v);
}

static void i32_field(struct codec *c, int32_t *v)
{
    if (c->in == NULL) {
        cbor_put_i64(c->out, *v);
        return;
    }
    int64_t wide = cbor_get_i64(c->in);
    bool is_good = wide >= INT32_MIN && wide <= INT32_MAX;
    expect(c, is_good);
    *v = is_good ? (int32_t)wide : 0;
}

static void f32_field(struct codec *c, float *v, float min, float max)
{
    if (c->in != NULL)
        *v = cbor_get_f32(c->in);
    else
        cbor_put_f32(c->out, *v);
    expect(c, *v >= min && *v <= max); // NaN is not
}

static void bytes_field(struct codec *c, struct bytes *v, size_t len_max)
{
    if (c->in != NULL)
        *v = cbor_get_bytes(c->in);
    else
        cbor_put_bytes(c->out, *v);
    expect(c, v->len <= len_max);
}

static void fixed_field(struct codec *c, uint8_t *v, size_t len)
{
    if (c->in != NULL)
        cbor_get_fixed(c->in, v, len);
    else
        cbor_put_bytes(c->out, bytes_of(v, len));
}

// Ended by a 0 within cap bytes, too.
static bool is_utf8(const char *v, size_t cap)
{
    const char *end = memchr(v, 0, cap);
    return end != NULL && text_is_utf8(bytes_of(v, (size_t)(end - v)));
}

// cap counts the final 0.
static void text_field(struct codec *c, char *v, size_t cap)
{
    if (c->in == NULL) {
        expect(c, is_utf8(v, cap));
        if (!c->is_bad)
            cbor_put_text(c->out, v);
        return;
    }
    struct bytes text = cbor_get_text(c->in);
    expect(c, text.len < cap);
    bytes_to_text(text, v, cap);
}

static void array_field(struct codec *c, uint32_t *count, uint32_t count_max)
{
    if (c->in != NULL) {
        *count = (uint32_t)cbor_get_array(c->in, count_max);
        return;
    }
    expect(c, *count <= count_max);
    *count = (uint32_t)num_min(*count, count_max); // nothing past an array's end is looked at
    cbor_put_array(c->out, *count);
}

static void array_of(struct codec *c, uint32_t count)
{
    uint32_t found = count;
    array_field(c, &found, count);
    expect(c, found == count);
}

static void rc_field(struct codec *c, enum rc *rc)
{
    uint32_t v = *rc;
    u32_field(c, &v, 1, RC_COUNT - 1);
    *rc = (enum rc)v;
}

static void camera_field(struct codec *c, struct camera *v)
{
    if (c->in != NULL)
        camera_get(c->in, v);
    else
        camera_put(c->out, v);
    expect(c, camera_is_good(v));
}

static void challenge(struct codec *c, struct msg *m)
{
    u32_field(c, &m->as.challenge.version, 1, UINT32_MAX);
    fixed_field(c, m->as.challenge.nonce, sizeof m->as.challenge.nonce);
    fixed_field(c, m->as.challenge.hub.b, SIGN_PUBLIC_BYTES);
}

static void ability_fields(struct codec *c, struct msg_ability *v)
{
    u32_field(c, &v->slots, 0, MSG_SLOTS_MAX);
    u32_field(c, &v->cores, 0, MSG_CORES_MAX);
    u64_field(c, &v->memory_bytes, 0, UINT64_MAX);
    text_field(c, v->cpu, sizeof v->cpu);
    text_field(c, v->cage, sizeof v->cage);
    array_field(c, &v->speed_count, MSG_KERNELS_MAX);
    for (uint32_t i = 0; i < v->speed_count; i++) {
        array_of(c, 2);
        text_field(c, v->speed[i].kernel, sizeof v->speed[i].kernel);
        u64_field(c, &v->speed[i].units_s, 1, UINT64_MAX);
    }
}

static void hello(struct codec *c, struct msg *m)
{
    struct msg_hello *v = &m->as.hello;
    uint32_t role = v->role;
    u32_field(c, &v->version, 1, UINT32_MAX);
    u32_field(c, &role, MSG_ROLE_HELPER, MSG_ROLE_GAMER);
    v->role = (enum msg_role)role;
    fixed_field(c, v->public.b, SIGN_PUBLIC_BYTES);
    fixed_field(c, v->signature.b, SIGNATURE_BYTES);
    fixed_field(c, v->nonce, sizeof v->nonce);
    text_field(c, v->name, sizeof v->name);
    fixed_field(c, v->token_proof, sizeof v->token_proof);
    ability_fields(c, &v->ability);
}

static void welcome(struct codec *c, struct msg *m)
{
    fixed_field(c, m->as.welcome.signature.b, SIGNATURE_BYTES);
    u32_field(c, &m->as.welcome.heartbeat_ms, MSG_HEARTBEAT_MS_MIN, MSG_HEARTBEAT_MS_MAX);
}

static void refuse(struct codec *c, struct msg *m)
{
    rc_field(c, &m->as.refuse.rc);
    text_field(c, m->as.refuse.text, MSG_TEXT_BYTES);
}

static void heartbeat(struct codec *c, struct msg *m)
{
    struct msg_heartbeat *v = &m->as.heartbeat;
    u32_field(c, &v->busy, 0, MSG_SLOTS_MAX);
    u32_field(c, &v->load_permille, 0, 1000);
    bool_field(c, &v->has_temperature);
    i32_field(c, &v->temperature_mc);
    u64_field(c, &v->memory_free_bytes, 0, UINT64_MAX);
}

static void object_get(struct codec *c, struct msg *m)
{
    struct msg_object_get *v = &m->as.object_get;
    fixed_field(c, v->digest.b, DIGEST_BYTES);
    u64_field(c, &v->offset, 0, MSG_OBJECT_BYTES_MAX - 1);
    u32_field(c, &v->len, 1, MSG_PART_BYTES_MAX);
}

static void object_part(struct codec *c, struct msg *m)
{
    struct msg_object_part *v = &m->as.object_part;
    fixed_field(c, v->digest.b, DIGEST_BYTES);
    u64_field(c, &v->offset, 0, MSG_OBJECT_BYTES_MAX - 1);
    u64_field(c, &v->total, 1, MSG_OBJECT_BYTES_MAX);
    bytes_field(c, &v->data, MSG_PART_BYTES_MAX);
}

static void object_none(struct codec *c, struct msg *m)
{
    fixed_field(c, m->as.object_none.digest.b, DIGEST_BYTES);
}

static void submit(struct codec *c, struct msg *m)
{
    struct msg_submit *v = &m->as.submit;
    u64_field(c, &v->job, 0, UINT64_MAX);
    fixed_field(c, v->scene.b, DIGEST_BYTES);
    u32_field(c, &v->frame, 0, UINT32_MAX);
    u32_field(c, &v->width, 1, PIXELS_SIDE_MAX);
    u32_field(c, &v->height, 1, PIXELS_SIDE_MAX);
    u32_field(c, &v->samples, 1, MSG_SAMPLES_MAX);
    u32_field(c, &v->depth_max, 1, TRACE_DEPTH_MAX);
    u32_field(c, &v->tiles, 0, MSG_TILES_MAX);
    bool_field(c, &v->is_session);
    bool_field(c, &v->is_kept);
    camera_field(c, &v->camera);
    u64_field(c, &v->plan, 0, UINT64_MAX);
    bytes_field(c, &v->have, (size_t)MSG_HAVE_MAX * MSG_HAVE_BYTES);
}

static void withdraw(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.withdraw.job, 0, UINT64_MAX);
}

static void planned(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.planned.job, 0, UINT64_MAX);
    u32_field(c, &m->as.planned.tiles, 1, UINT32_MAX);
    u32_field(c, &m->as.planned.helpers, 0, UINT32_MAX);
    u64_field(c, &m->as.planned.plan, 0, UINT64_MAX);
    u64_field(c, &m->as.planned.input, 0, UINT64_MAX);
    camera_field(c, &m->as.planned.camera);
}

static void expected_fields(struct codec *c, struct msg_expected *v)
{
    u64_field(c, &v->us, 0, UINT64_MAX);
    u64_field(c, &v->low_us, 0, UINT64_MAX);
    u64_field(c, &v->high_us, 0, UINT64_MAX);
}

static void tile(struct codec *c, struct msg *m)
{
    struct msg_tile *v = &m->as.tile;
    u64_field(c, &v->job, 0, UINT64_MAX);
    u32_field(c, &v->index, 0, UINT32_MAX);
    u32_field(c, &v->rect.x, 0, PIXELS_SIDE_MAX - 1);
    u32_field(c, &v->rect.y, 0, PIXELS_SIDE_MAX - 1);
    u32_field(c, &v->rect.w, 1, PIXELS_SIDE_MAX);
    u32_field(c, &v->rect.h, 1, PIXELS_SIDE_MAX);
    u32_field(c, &v->sample_first, 0, MSG_SAMPLES_MAX - 1);
    u32_field(c, &v->sample_count, 1, TRACE_SAMPLES_MAX);
    text_field(c, v->helper, sizeof v->helper);
    fixed_field(c, v->node.b, DIGEST_BYTES);
    expected_fields(c, &v->expected);
    u64_field(c, &v->wall_us, 0, UINT64_MAX);
    u64_field(c, &v->cpu_us, 0, UINT64_MAX);
    u32_field(c, &v->attempts, 1, UINT32_MAX);
    u32_field(c, &v->parts, 0, PARTS_MAX);
    bool_field(c, &v->is_cached);
    bytes_field(c, &v->result, MSG_RESULT_BYTES_MAX);
}

static void done(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.done.job, 0, UINT64_MAX);
    u32_field(c, &m->as.done.tiles, 0, UINT32_MAX);
    u32_field(c, &m->as.done.retries, 0, UINT32_MAX);
    u32_field(c, &m->as.done.wrong, 0, UINT32_MAX);
}

static void failed(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.failed.job, 0, UINT64_MAX);
    text_field(c, m->as.failed.label, MSG_LABEL_BYTES);
    rc_field(c, &m->as.failed.rc);
    text_field(c, m->as.failed.text, MSG_TEXT_BYTES);
}

static void prepare(struct codec *c, struct msg *m)
{
    fixed_field(c, m->as.prepare.object.b, DIGEST_BYTES);
}

static void spec_fields(struct codec *c, struct task_spec *v)
{
    text_field(c, v->kernel, sizeof v->kernel);
    array_field(c, &v->input_count, TASK_INPUTS_MAX);
    for (uint32_t i = 0; i < v->input_count; i++)
        fixed_field(c, v->input[i].b, DIGEST_BYTES);
    bytes_field(c, &v->params, KERNEL_PARAMS_BYTES_MAX);
}

static void assign(struct codec *c, struct msg *m)
{
    struct msg_assign *v = &m->as.assign;
    u64_field(c, &v->task, 0, UINT64_MAX);
    u32_field(c, &v->budget_ms, 1, UINT32_MAX);
    u64_field(c, &v->expected_us, 0, UINT64_MAX);
    spec_fields(c, &v->spec);
}

static void cancel(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.cancel.task, 0, UINT64_MAX);
}

static void result(struct codec *c, struct msg *m)
{
    struct msg_result *v = &m->as.result;
    u64_field(c, &v->task, 0, UINT64_MAX);
    fixed_field(c, v->hash.b, DIGEST_BYTES);
    fixed_field(c, v->signature.b, SIGNATURE_BYTES);
    u64_field(c, &v->cpu_us, 0, UINT64_MAX);
    bytes_field(c, &v->report, KERNEL_REPORT_BYTES_MAX);
    bytes_field(c, &v->result, MSG_RESULT_BYTES_MAX);
}

static void failure(struct codec *c, struct msg *m)
{
    u64_field(c, &m->as.failure.task, 0, UINT64_MAX);
    rc_field(c, &m->as.failure.rc);
    text_field(c, m->as.failure.text, MSG_TEXT_BYTES);
}

static void verdict(struct codec *c, struct msg *m)
{
    struct msg_verdict *v = &m->as.verdict;
    u64_field(c, &v->task, 0, UINT64_MAX);
    bool_field(c, &v->is_right);
    u32_field(c, &v->parts, 0, UINT32_MAX);
    u32_field(c, &v->mismatches, 0, UINT32_MAX);
    text_field(c, v->text, MSG_TEXT_BYTES);
}

static void run(struct codec *c, struct msg *m)
{
    struct msg_run *v = &m->as.run;
    u64_field(c, &v->job, 0, UINT64_MAX);
    text_field(c, v->label, sizeof v->label);
    u32_field(c, &v->deadline_ms, 0, UINT32_MAX);
    spec_fields(c, &v->spec);
    array_field(c, &v->need_count, MSG_NEEDS_MAX);
    for (uint32_t i = 0; i < v->need_count; i++)
        u64_field(c, &v->need[i], 0, UINT64_MAX);
    bool_field(c, &v->is_kept);
    bool_field(c, &v->is_quiet);
}

static void ran(struct codec *c, struct msg *m)
{
    struct msg_ran *v = &m->as.ran;
    u64_field(c, &v->job, 0, UINT64_MAX);
    text_field(c, v->label, sizeof v->label);
    text_field(c, v->helper, sizeof v->helper);
    fixed_field(c, v->node.b, DIGEST_BYTES);
    expected_fields(c, &v->expected);
    u64_field(c, &v->wall_us, 0, UINT64_MAX);
    u64_field(c, &v->cpu_us, 0, UINT64_MAX);
    u32_field(c, &v->attempts, 1, UINT32_MAX);
    bool_field(c, &v->is_cached);
    bytes_field(c, &v->result, MSG_RESULT_BYTES_MAX);
}

static void input(struct codec *c, struct msg *m)
{
    struct session_input *v = &m->as.input;
    u64_field(c, &v->step, 1, UINT64_MAX);
    u32_field(c, &v->for_us, 1, SESSION_STEP_US_MAX);
    for (size_t i = 0; i < 3; i++)
        f32_field(c, &v->move[i], -1, 1);
    for (size_t i = 0; i < 2; i++)
        f32_field(c, &v->turn[i], -1, 1);
}

static void peers(struct codec *c, struct msg *m)
{
    u32_field(c, &m->as.peers.ready, 0, UINT32_MAX);
    u32_field(c, &m->as.peers.all, 0, UINT32_MAX);
}

static const struct {
    void (*fields)(struct codec *c, struct msg *m);
    uint32_t count; // top-level fields, without the type
} form[] = {
    [MSG_CHALLENGE] = {challenge, 3},
    [MSG_HELLO] = {hello, 13},
    [MSG_WELCOME] = {welcome, 2},
    [MSG_REFUSE] = {refuse, 2},
    [MSG_HEARTBEAT] = {heartbeat, 5},
    [MSG_OBJECT_GET] = {object_get, 3},
    [MSG_OBJECT_PART] = {object_part, 4},
    [MSG_OBJECT_NONE] = {object_none, 1},
    [MSG_SUBMIT] = {submit, 13},
    [MSG_WITHDRAW] = {withdraw, 1},
    [MSG_PLANNED] = {planned, 6},
    [MSG_TILE] = {tile, 19},
    [MSG_DONE] = {done, 4},
    [MSG_FAILED] = {failed, 4},
    [MSG_PREPARE] = {prepare, 1},
    [MSG_ASSIGN] = {assign, 6},
    [MSG_CANCEL] = {cancel, 1},
    [MSG_RESULT] = {result, 6},
    [MSG_FAILURE] = {failure, 3},
    [MSG_VERDICT] = {verdict, 5},
    [MSG_RUN] = {run, 9},
    [MSG_RAN] = {ran, 12},
    [MSG_INPUT] = {input, 7},
    [MSG_PEERS] = {peers, 2},
};

size_t msg_bytes_max(const struct msg *m)
{
    switch (m->type) {
    case MSG_OBJECT_PART:
        return MSG_HEAD_BYTES_MAX + m->as.object_part.data.len;
    case MSG_TILE:
        return MSG_HEAD_BYTES_MAX + m->as.tile.result.len;
    case MSG_ASSIGN:
        return MSG_HEAD_BYTES_MAX + m->as.assign.spec.params.len;
    case MSG_SUBMIT:
        return MSG_HEAD_BYTES_MAX + m->as.submit.have.len;
    case MSG_RUN:
        return MSG_HEAD_BYTES_MAX + m->as.run.spec.params.len;
    case MSG_RAN:
        return MSG_HEAD_BYTES_MAX + m->as.ran.result.len;
    case MSG_RESULT:
        return MSG_HEAD_BYTES_MAX + m->as.result.report.len + m->as.result.result.len;
    case MSG_CHALLENGE:
    case MSG_HELLO:
    case MSG_WELCOME:
    case MSG_REFUSE:
    case MSG_HEARTBEAT:
    case MSG_OBJECT_GET:
    case MSG_OBJECT_NONE:
    case MSG_WITHDRAW:
    case MSG_PLANNED:
    case MSG_DONE:
    case MSG_FAILED:
    case MSG_PREPARE:
    case MSG_CANCEL:
    case MSG_FAILURE:
    case MSG_VERDICT:
    case MSG_INPUT:
    case MSG_PEERS:
        break;
    }
    return MSG_HEAD_BYTES_MAX;
}

enum rc msg_encode(const struct msg *m, struct buffer *out)
{
    assert(m->type >= 1 && m->type < ARRAY_COUNT(form));
    struct msg copy = *m; // the fields' descriptions take what they could also fill
    struct codec c = {.out = out};
    cbor_put_array(out, form[m->type].count + 1);
    cbor_put_u64(out, m->type);
    form[m->type].fields(&c, &copy);
    if (c.is_bad)
        return RC_MALFORMED;
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc msg_decode(struct msg *out, struct bytes in)
{
    struct cbor_reader reader = cbor_reader_of(in);
    struct codec c = {.in = &reader};
    memset(out, 0, sizeof *out);
    size_t items = cbor_get_array(&reader, 32);
    uint64_t type = cbor_get_u64_max(&reader, ARRAY_COUNT(form) - 1);
    if (reader.is_bad || type == 0 || items != form[type].count + 1)
        return RC_MALFORMED;
    out->type = (enum msg_type)type;
    form[type].fields(&c, out);
    return cbor_done(&reader) && !c.is_bad ? RC_OK : RC_MALFORMED;
}

void msg_have_put(struct buffer *have, uint32_t index, uint32_t sample_first)
{
    buffer_u32le(have, index);
    buffer_u32le(have, sample_first);
}

bool msg_have_next(struct cursor *have, uint32_t *index, uint32_t *sample_first)
{
    if (have->left.len < MSG_HAVE_BYTES)
        return false;
    *index = cursor_u32le(have);
    *sample_first = cursor_u32le(have);
    return true;
}

struct bytes msg_hello_signed(const struct msg_challenge *c, enum msg_role role,
                              uint8_t room[static MSG_SIGNED_BYTES])
{
    struct buffer b = buffer_of(room, MSG_SIGNED_BYTES);
    buffer_put(&b, bytes_text("shoal hello 1\n"));
    buffer_put(&b, bytes_of(c->nonce, sizeof c->nonce));
    buffer_put(&b, bytes_of(c->hub.b, sizeof c->hub.b));
    buffer_u8(&b, (uint8_t)role);
    assert(!b.is_full);
    return buffer_bytes(&b);
}

struct bytes msg_welcome_signed(const uint8_t nonce[static 32], const struct sign_public *other,
                                uint8_t room[static MSG_SIGNED_BYTES])
{
    struct buffer b = buffer_of(room, MSG_SIGNED_BYTES);
    buffer_put(&b, bytes_text("shoal welcome 1\n"));
    buffer_put(&b, bytes_of(nonce, 32));
    buffer_put(&b, bytes_of(other->b, sizeof other->b));
    assert(!b.is_full);
    return buffer_bytes(&b);
}

struct bytes msg_result_signed(const struct digest *task, const struct digest *hash,
                               uint8_t room[static MSG_SIGNED_BYTES])
{
    struct buffer b = buffer_of(room, MSG_SIGNED_BYTES);
    buffer_put(&b, bytes_text("shoal result 1\n"));
    buffer_put(&b, digest_bytes(task));
    buffer_put(&b, digest_bytes(hash));
    assert(!b.is_full);
    return buffer_bytes(&b);
}

struct digest msg_token_proof(const struct msg_challenge *c, const struct sign_public *gamer,
                              struct bytes token)
{
    struct bytes part[] = {bytes_text("shoal token 1\n"), bytes_of(c->nonce, sizeof c->nonce),
                           bytes_of(c->hub.b, sizeof c->hub.b), bytes_of(gamer->b, sizeof gamer->b),
                           token};
    return hash_parts(part, ARRAY_COUNT(part));
}
