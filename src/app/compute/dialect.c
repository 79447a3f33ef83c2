// SPDX-License-Identifier: MIT
// What is said to the hub in either vocabulary of JSON, as messages.
#include "compute/dialect.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "wire/scan.h"

// Every member that any word of either vocabulary knows, looked for in one pass. In NET all but
// the first three stand within `data`.
enum member {
    MEMBER_TYPE,
    MEMBER_MSG_TYPE,
    MEMBER_DATA,
    MEMBER_PEER_ID,
    MEMBER_GAMER_ID,
    MEMBER_USER_ID,
    MEMBER_TOKEN,
    MEMBER_CAPABILITIES,
    MEMBER_TASK,
    MEMBER_TASK_DATA,
    MEMBER_TASK_ID,
    MEMBER_DEADLINE_MS,
    MEMBER_RESULT,
    MEMBER_ERROR,
    MEMBER_PROCESSING_TIME_MS,
    MEMBER_EXECUTION_TIME,
    MEMBER_CPU_USAGE,
    MEMBER_TEMPERATURE,
    MEMBER_COUNT,
};

static const char *const member_name[MEMBER_COUNT] = {
    [MEMBER_TYPE] = "type",
    [MEMBER_MSG_TYPE] = "msg_type",
    [MEMBER_DATA] = "data",
    [MEMBER_PEER_ID] = "peer_id",
    [MEMBER_GAMER_ID] = "gamer_id",
    [MEMBER_USER_ID] = "user_id",
    [MEMBER_TOKEN] = "token",
    [MEMBER_CAPABILITIES] = "capabilities",
    [MEMBER_TASK] = "task",
    [MEMBER_TASK_DATA] = "task_data",
    [MEMBER_TASK_ID] = "task_id",
    [MEMBER_DEADLINE_MS] = "deadline_ms",
    [MEMBER_RESULT] = "result",
    [MEMBER_ERROR] = "error",
    [MEMBER_PROCESSING_TIME_MS] = "processing_time_ms",
    [MEMBER_EXECUTION_TIME] = "execution_time",
    [MEMBER_CPU_USAGE] = "cpu_usage",
    [MEMBER_TEMPERATURE] = "temperature",
};

struct reader {
    enum dialect dialect;
    struct scan_value member[MEMBER_COUNT];
    struct msg *out;
    struct dialect_hello *hello;
};

// null is what Python writes for what it does not know.
static bool is_given(const struct scan_value *v)
{
    return v->kind != SCAN_NONE && v->kind != SCAN_NULL;
}

// A text that fits whole. RC_MALFORMED: it is none. RC_REFUSED: too long.
static enum rc whole_text(const struct scan_value *v, char *out, size_t cap)
{
    struct text t = text_of(out, cap);
    if (!scan_text(v, &t))
        return RC_MALFORMED;
    return t.is_cut ? RC_REFUSED : RC_OK;
}

// A text for people: cut or empty, as it comes.
static void shown_text(const struct scan_value *v, char *out, size_t cap)
{
    struct text t = text_of(out, cap);
    if (!scan_text(v, &t))
        out[0] = 0;
}

// A number of something that is only for show: out of its range it counts as not given.
static double number_or(const struct scan_value *v, double min, double max, double otherwise)
{
    double x;
    return scan_f64(v, &x) && x >= min && x <= max ? x : otherwise;
}

// A helper that names no kernel knows echo, which is all that can be asked of a stranger.
static enum rc read_kernels(struct msg_ability *a, const struct scan_value *kernels)
{
    if (!is_given(kernels)) {
        a->speed_count = 1;
        a->speed[0] = (struct msg_speed){"echo", DIALECT_UNITS_S};
        return RC_OK;
    }
    if (kernels->kind != SCAN_ARRAY)
        return RC_MALFORMED;
    struct scan_items items = scan_items_of(kernels);
    struct scan_value item;
    while (a->speed_count < MSG_KERNELS_MAX && scan_items_next(&items, &item)) {
        struct msg_speed *speed = &a->speed[a->speed_count];
        const enum rc rc = whole_text(&item, speed->kernel, sizeof speed->kernel);
        if (rc == RC_MALFORMED)
            return rc;
        if (rc == RC_REFUSED) // longer than any kernel's name
            continue;
        speed->units_s = DIALECT_UNITS_S;
        a->speed_count++;
    }
    return RC_OK;
}

static enum rc read_ability(const struct reader *r, struct msg_ability *a)
{
    enum { SLOTS, MAX_TASKS, KERNELS, CORES, RAM, CPU, COUNT };
    static const char *const name[COUNT] = {"slots",     "max_tasks", "kernels",
                                            "cpu_cores", "ram_gb",    "cpu"};
    struct scan_value v[COUNT] = {{SCAN_NONE, {NULL, 0}}};
    const struct scan_value *all = &r->member[MEMBER_CAPABILITIES];
    if (is_given(all)) {
        const enum rc rc = scan_members(all->raw, name, COUNT, v);
        if (rc != RC_OK)
            return rc;
    }
    const struct scan_value *slots = is_given(&v[SLOTS]) ? &v[SLOTS] : &v[MAX_TASKS];
    uint64_t n = r->dialect == DIALECT_SEED ? DIALECT_SLOTS_SEED : DIALECT_SLOTS_NET;
    if (is_given(slots) && (!scan_u64(slots, MSG_SLOTS_MAX, &n) || n == 0))
        return RC_MALFORMED;
    a->slots = (uint32_t)n;
    a->cores = (uint32_t)number_or(&v[CORES], 0, MSG_CORES_MAX, 0);
    a->memory_bytes = (uint64_t)(number_or(&v[RAM], 0, 1 << 20, 0) * (1 << 30));
    shown_text(&v[CPU], a->cpu, sizeof a->cpu);
    return read_kernels(a, &v[KERNELS]);
}

static enum rc read_hello(struct reader *r, enum msg_role role, const struct scan_value *id)
{
    struct msg_hello *hello = &r->out->as.hello;
    const struct scan_value *token = &r->member[MEMBER_TOKEN];
    char whole_id[DIALECT_ID_BYTES];
    enum rc rc = whole_text(id, whole_id, sizeof whole_id);
    if (rc != RC_OK)
        return rc;
    shown_text(id, hello->name, sizeof hello->name);
    r->hello->id = hash_bytes(bytes_text(whole_id));
    if (is_given(token)) {
        rc = whole_text(token, r->hello->token, sizeof r->hello->token);
        if (rc != RC_OK)
            return rc;
    }
    r->out->type = MSG_HELLO;
    hello->version = MSG_VERSION;
    hello->role = role;
    return role == MSG_ROLE_HELPER ? read_ability(r, &hello->ability) : RC_OK;
}

static enum rc read_peer(struct reader *r)
{
    return read_hello(r, MSG_ROLE_HELPER, &r->member[MEMBER_PEER_ID]);
}

static enum rc read_gamer(struct reader *r)
{
    const bool is_seed = r->dialect == DIALECT_SEED;
    return read_hello(r, MSG_ROLE_GAMER, &r->member[is_seed ? MEMBER_GAMER_ID : MEMBER_USER_ID]);
}

static enum rc read_label(struct msg_run *run, const struct scan_value *label)
{
    if (!is_given(label))
        return RC_OK;
    const enum rc rc = whole_text(label, run->label, sizeof run->label);
    if (rc != RC_OK || run->label[0] == 0) {
        run->label[0] = 0;
        return rc;
    }
    const struct digest hash = hash_bytes(bytes_text(run->label));
    struct cursor c = {.left = digest_bytes(&hash)};
    run->job = cursor_u64le(&c);
    return RC_OK;
}

// Once the label is read, so that what is refused can be told to whoever asked.
static enum rc read_work(struct msg_run *run, const struct scan_value *kernel,
                         const struct scan_value *deadline_ms, struct bytes params)
{
    uint64_t ms = 0;
    if (is_given(deadline_ms) && !scan_u64(deadline_ms, UINT32_MAX, &ms))
        return RC_MALFORMED;
    run->deadline_ms = (uint32_t)ms;
    const enum rc rc = whole_text(kernel, run->spec.kernel, sizeof run->spec.kernel);
    if (rc != RC_OK)
        return rc;
    run->spec.params = params;
    return params.len > KERNEL_PARAMS_BYTES_MAX ? RC_REFUSED : RC_OK;
}

// SEED: {"type": kernel, "data": params}, with a name and a deadline beside it or within.
static enum rc read_submit(struct reader *r)
{
    enum { TYPE, DATA, TASK_ID, DEADLINE_MS, COUNT };
    static const char *const name[COUNT] = {"type", "data", "task_id", "deadline_ms"};
    struct scan_value v[COUNT];
    struct msg_run *run = &r->out->as.run;
    const struct scan_value *outer = &r->member[MEMBER_TASK_ID];
    enum rc rc = scan_members(r->member[MEMBER_TASK].raw, name, COUNT, v);
    if (rc != RC_OK)
        return rc;
    rc = read_label(run, is_given(outer) ? outer : &v[TASK_ID]);
    if (rc == RC_MALFORMED)
        return rc;
    r->out->type = MSG_RUN;
    outer = &r->member[MEMBER_DEADLINE_MS];
    const struct bytes params = v[DATA].kind == SCAN_NONE ? bytes_text("{}") : v[DATA].raw;
    const enum rc work_rc =
        read_work(run, &v[TYPE], is_given(outer) ? outer : &v[DEADLINE_MS], params);
    return rc != RC_OK ? rc : work_rc;
}

// NET: task_data is both, its member `type` the kernel and all of it the params.
static enum rc read_request(struct reader *r)
{
    static const char *const name[] = {"type"};
    struct scan_value kernel = {SCAN_NONE, {NULL, 0}};
    struct msg_run *run = &r->out->as.run;
    const struct bytes params = r->member[MEMBER_TASK_DATA].raw;
    enum rc rc = scan_members(params, name, 1, &kernel);
    if (rc != RC_OK)
        return rc;
    rc = read_label(run, &r->member[MEMBER_TASK_ID]);
    if (rc == RC_MALFORMED || (rc == RC_OK && run->label[0] == 0))
        return RC_MALFORMED;
    r->out->type = MSG_RUN;
    const enum rc work_rc = read_work(run, &kernel, &r->member[MEMBER_DEADLINE_MS], params);
    return rc != RC_OK ? rc : work_rc;
}

// "task_" and the number as we write it.
static enum rc read_task(const struct scan_value *v, uint64_t *task)
{
    char id[32];
    static const char head[] = "task_";
    if (whole_text(v, id, sizeof id) != RC_OK || strncmp(id, head, sizeof head - 1) != 0)
        return RC_MALFORMED;
    const char *digits = id + sizeof head - 1;
    if (digits[0] == '0' && digits[1] != 0)
        return RC_MALFORMED;
    return text_to_u64(digits, 0, UINT64_MAX, task) ? RC_OK : RC_MALFORMED;
}

static enum rc read_failure(struct reader *r)
{
    struct msg_failure *failure = &r->out->as.failure;
    const struct scan_value *error = &r->member[MEMBER_ERROR];
    r->out->type = MSG_FAILURE;
    failure->rc = RC_CRASHED;
    struct text t = text_of(failure->text, sizeof failure->text);
    if (!is_given(error))
        text_add(&t, "the helper says no more");
    else if (!scan_text(error, &t)) // whatever it is, for people
        text_add_safe(&t, bytes_part(error->raw, 0, sizeof failure->text));
    return read_task(&r->member[MEMBER_TASK_ID], &failure->task);
}

static uint64_t read_cpu_us(const struct reader *r)
{
    const double us_max = DIALECT_CPU_US_MAX;
    const double ms = number_or(&r->member[MEMBER_PROCESSING_TIME_MS], 0, us_max, -1);
    const double s = number_or(&r->member[MEMBER_EXECUTION_TIME], 0, us_max, 0);
    const double us = ms >= 0 ? ms * 1e3 : s * 1e6;
    return (uint64_t)(us < us_max ? us : us_max);
}

static enum rc read_result(struct reader *r)
{
    struct msg_result *result = &r->out->as.result;
    const struct scan_value *value = &r->member[MEMBER_RESULT];
    if (is_given(&r->member[MEMBER_ERROR]))
        return read_failure(r);
    if (value->kind == SCAN_NONE)
        return RC_MALFORMED;
    if (value->raw.len > MSG_RESULT_BYTES_MAX) {
        r->member[MEMBER_ERROR] =
            (struct scan_value){SCAN_TEXT, bytes_text("\"result too large\"")};
        return read_failure(r);
    }
    r->out->type = MSG_RESULT;
    result->result = value->raw;
    result->hash = hash_bytes(value->raw);
    result->cpu_us = read_cpu_us(r);
    return read_task(&r->member[MEMBER_TASK_ID], &result->task);
}

static enum rc read_heartbeat(struct reader *r)
{
    struct msg_heartbeat *heartbeat = &r->out->as.heartbeat;
    const double none = -1e3; // colder than anything
    const double celsius = number_or(&r->member[MEMBER_TEMPERATURE], -273, 1000, none);
    r->out->type = MSG_HEARTBEAT;
    heartbeat->load_permille = (uint32_t)(number_or(&r->member[MEMBER_CPU_USAGE], 0, 100, 0) * 10);
    heartbeat->has_temperature = celsius > none;
    heartbeat->temperature_mc = heartbeat->has_temperature ? (int32_t)(celsius * 1000) : 0;
    return RC_OK;
}

static const struct {
    const char *text;
    bool is_seed, is_net;
    enum rc (*read)(struct reader *r);
} word[] = {
    {"task_result", true, true, read_result},    {"submit_task", true, false, read_submit},
    {"task_request", false, true, read_request}, {"heartbeat", true, true, read_heartbeat},
    {"register_peer", true, true, read_peer},    {"register_gamer", true, false, read_gamer},
    {"register_user", false, true, read_gamer},  {"task_failure", false, true, read_failure},
};

// Which vocabulary it is, and its members; of NET those within data.
static enum rc read_members(struct reader *r, struct bytes in)
{
    enum rc rc = scan_members(in, member_name, MEMBER_COUNT, r->member);
    if (rc != RC_OK)
        return rc;
    if (r->dialect == DIALECT_UNKNOWN && r->member[MEMBER_MSG_TYPE].kind != SCAN_NONE)
        r->dialect = DIALECT_NET;
    else if (r->dialect == DIALECT_UNKNOWN && r->member[MEMBER_TYPE].kind != SCAN_NONE)
        r->dialect = DIALECT_SEED;
    if (r->dialect != DIALECT_NET)
        return RC_OK;
    const struct scan_value type = r->member[MEMBER_MSG_TYPE];
    rc = scan_members(r->member[MEMBER_DATA].raw, member_name, MEMBER_COUNT, r->member);
    r->member[MEMBER_TYPE] = type;
    return rc;
}

static enum rc read_message(struct reader *r, struct bytes in)
{
    char text[32]; // longer than any word, so that one that is cut is none of them
    struct text t = text_of(text, sizeof text);
    const enum rc rc = read_members(r, in);
    if (rc != RC_OK)
        return rc;
    if (!scan_text(&r->member[MEMBER_TYPE], &t))
        return RC_MALFORMED;
    const bool is_seed = r->dialect == DIALECT_SEED;
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        if ((is_seed ? word[i].is_seed : word[i].is_net) && strcmp(text, word[i].text) == 0)
            return word[i].read(r);
    return RC_UNSUPPORTED;
}

enum rc dialect_decode(enum dialect *d, struct msg *out, struct dialect_hello *hello,
                       struct bytes in)
{
    if (*d == DIALECT_CBOR)
        return msg_decode(out, in);
    assert(hello != NULL);
    struct reader r = {.dialect = *d, .out = out, .hello = hello};
    memset(out, 0, sizeof *out);
    hello->token[0] = 0;
    const enum rc rc = read_message(&r, in);
    *d = r.dialect;
    return rc;
}
