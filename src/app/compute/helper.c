// SPDX-License-Identifier: MIT
// Helper: the side that lends compute, as a machine: takes tasks, fetches objects, runs workers.
#include "compute/helper.h"

#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/num.h"
#include "base/text.h"
#include "compute/fetch.h"
#include "kernel/kernel.h"

#define HELPER_ARENA_BYTES (4u << 20)
#define EVENTS_MAX         256u
#define FETCHES_EACH_MAX   3u // of each input of a task, if others push it out of the store

enum job_state {
    JOB_WAITING, // for its object, or for a lane
    JOB_LOADING, // its lane takes the object
    JOB_RUNNING,
};

struct job { // a task in our hands
    struct list node;
    uint64_t task;
    enum job_state state;
    struct task_spec spec;
    const struct kernel *kernel;
    struct digest asked; // task_digest
    uint64_t budget_us;
    uint64_t expected_us;
    uint64_t came_us;
    uint32_t fetches; // of its inputs, so far
    uint32_t lane;    // from LOADING on
    uint8_t params[];
};

struct lane {
    struct digest object; // if has_object
    bool has_object;
    bool is_busy;
    struct job *job; // NULL: idle, or what it does is of no use any more
};

struct wish { // what the host is to do with a lane; at most one waits for each lane
    enum helper_out_kind kind;
    uint32_t lane;
};

struct helper {
    struct arena *arena;
    struct budget *budget;
    struct store *store;
    const struct log *log;
    struct client client;
    struct outbox outbox;
    uint64_t owed;
    struct lane *lane;
    uint32_t lane_count;
    struct list jobs; // all, in order of arrival
    uint32_t job_count;
    struct fetch *fetch;  // one object at a time
    struct digest wanted; // by a prepare, if has_wanted
    bool has_wanted;
    struct wish *wishes; // ring of 4 * lane_count
    uint32_t wish_first, wish_count;
    uint32_t held; // objects of the store that wait for their release
    struct msg_heartbeat health;
    uint64_t beat_us; // next heartbeat
    bool is_open;
    bool is_refused;
    struct helper_event *events;
    uint32_t event_first, event_count;
    struct helper_stat stat;
};

enum rc helper_new(struct helper **out, const struct helper_cfg *cfg)
{
    *out = NULL;
    uint32_t lanes = cfg->client.ability.slots;
    if (lanes < 1 || lanes > HELPER_LANES_MAX)
        return RC_CONFIG;
    struct arena *arena = arena_new(HELPER_ARENA_BYTES);
    struct helper *h = arena == NULL ? NULL : arena_take(arena, sizeof *h);
    if (h != NULL) {
        h->lane = arena_take_array(arena, lanes, sizeof *h->lane);
        h->wishes = arena_take_array(arena, (size_t)lanes * 4, sizeof *h->wishes);
        h->events = arena_take_array(arena, EVENTS_MAX, sizeof *h->events);
    }
    if (h == NULL || h->lane == NULL || h->wishes == NULL || h->events == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    h->arena = arena;
    h->budget = cfg->budget;
    h->store = cfg->store;
    h->log = cfg->log;
    h->lane_count = lanes;
    h->beat_us = UINT64_MAX;
    list_init(&h->jobs);
    client_init(&h->client, &cfg->client);
    outbox_init(&h->outbox, h->budget, &h->owed, 1);
    *out = h;
    return RC_OK;
}

static void event_put(struct helper *h, const struct helper_event *e)
{
    if (h->event_count == EVENTS_MAX)
        return; // for people: losing one is better than growing
    h->events[(h->event_first + h->event_count) % EVENTS_MAX] = *e;
    h->event_count++;
}

bool helper_event(struct helper *h, struct helper_event *out)
{
    if (h->event_count == 0)
        return false;
    *out = h->events[h->event_first];
    h->event_first = (h->event_first + 1) % EVENTS_MAX;
    h->event_count--;
    return true;
}

static void wish_put(struct helper *h, enum helper_out_kind kind, uint32_t lane)
{
    assert(h->wish_count < h->lane_count * 4); // load, run, kill: never more for one lane
    h->wishes[(h->wish_first + h->wish_count) % (h->lane_count * 4)] = (struct wish){kind, lane};
    h->wish_count++;
}

// Takes back a wish that the host was not told of yet. False: there is none.
static bool wish_take_back(struct helper *h, enum helper_out_kind kind, uint32_t lane)
{
    uint32_t size = h->lane_count * 4;
    for (uint32_t i = 0; i < h->wish_count; i++) {
        struct wish *w = &h->wishes[(h->wish_first + i) % size];
        if (w->lane != lane || w->kind != kind)
            continue;
        for (; i + 1 < h->wish_count; i++)
            h->wishes[(h->wish_first + i) % size] = h->wishes[(h->wish_first + i + 1) % size];
        h->wish_count--;
        return true;
    }
    return false;
}

// What it did is over. NULL: or was of no use any more.
static struct job *lane_end(struct lane *l)
{
    struct job *j = l->job;
    l->is_busy = false;
    l->job = NULL;
    return j;
}

static bool run_take_back(struct helper *h, uint32_t lane)
{
    if (!wish_take_back(h, HELPER_RUN, lane))
        return false;
    (void)lane_end(&h->lane[lane]);
    return true;
}

static void job_free(struct helper *h, struct job *j)
{
    list_del(&j->node);
    h->job_count--;
    budget_give(h->budget, j);
}

// Nobody waits for this job any more: its lane is stopped.
static void job_drop(struct helper *h, struct job *j)
{
    if (j->state != JOB_WAITING)
        h->lane[j->lane].job = NULL;
    if (j->state == JOB_RUNNING && !run_take_back(h, j->lane))
        wish_put(h, HELPER_KILL, j->lane);
    job_free(h, j);
}

static void drop_all(struct helper *h)
{
    LIST_FOR_SAFE (it, &h->jobs)
        job_drop(h, CONTAINER_OF(it, struct job, node));
    fetch_free(h->fetch);
    h->fetch = NULL;
    h->has_wanted = false;
    assert(h->job_count == 0 && list_is_empty(&h->jobs));
}

static void let_go(struct helper *h)
{
    for (; h->held > 0; h->held--)
        store_release(h->store);
}

void helper_free(struct helper *h)
{
    if (h == NULL)
        return;
    drop_all(h);
    let_go(h);
    outbox_drop_all(&h->outbox);
    arena_free(h->arena);
}

// The hub and the person in front of it are told.
static void tell_failure(struct helper *h, uint64_t task, const struct task_spec *spec, enum rc rc,
                         const char *text)
{
    assert(rc != RC_OK);
    struct msg m = {.type = MSG_FAILURE, .as.failure = {.task = task, .rc = rc}};
    struct helper_event e = {.kind = HELPER_EVENT_FAILED, .task = task};
    text_copy_safe(m.as.failure.text, MSG_TEXT_BYTES, bytes_text(text));
    memcpy(e.text, m.as.failure.text, sizeof e.text);
    text_copy_safe(e.kernel, sizeof e.kernel, bytes_text(spec->kernel)); // it may be no kernel's
    outbox_send(&h->outbox, 0, &m);
    event_put(h, &e);
    h->stat.tasks_failed++;
}

static void job_failed(struct helper *h, struct job *j, enum rc rc, const char *text)
{
    tell_failure(h, j->task, &j->spec, rc, text);
    job_free(h, j);
}

static bool needs(const struct job *j, const struct digest *object)
{
    for (uint32_t i = 0; i < j->spec.input_count; i++)
        if (digest_equal(&j->spec.input[i], object))
            return true;
    return false;
}

static void object_failed(struct helper *h, const struct digest *object, enum rc rc,
                          const char *text)
{
    LIST_FOR_SAFE (it, &h->jobs) {
        struct job *j = CONTAINER_OF(it, struct job, node);
        if (j->state == JOB_WAITING && needs(j, object))
            job_failed(h, j, rc, text);
    }
}

static void fetch_on(struct helper *h)
{
    struct msg m = {.type = MSG_OBJECT_GET};
    while (fetch_ask(h->fetch, &m.as.object_get))
        outbox_send(&h->outbox, 0, &m);
}

// False: no memory.
static bool fetch_start(struct helper *h, const struct digest *object)
{
    assert(h->fetch == NULL);
    h->fetch = fetch_new(h->budget, object);
    if (h->fetch == NULL)
        return false;
    fetch_on(h);
    return true;
}

static bool is_fetching(const struct helper *h, const struct digest *object)
{
    return h->fetch != NULL && digest_equal(fetch_digest(h->fetch), object);
}

// RC_OK, or why all who need it must do without.
static void fetch_end(struct helper *h, enum rc rc, const char *why)
{
    const struct digest object = *fetch_digest(h->fetch);
    fetch_free(h->fetch);
    h->fetch = NULL;
    if (rc == RC_OK)
        return;
    if (h->has_wanted && digest_equal(&h->wanted, &object))
        h->has_wanted = false;
    object_failed(h, &object, rc, why);
}

static struct lane *idle_lane(struct helper *h, const struct digest *object)
{
    struct lane *idle = NULL;
    for (uint32_t i = 0; i < h->lane_count; i++) {
        struct lane *lane = &h->lane[i];
        if (lane->is_busy)
            continue;
        if (lane->has_object && digest_equal(&lane->object, object))
            return lane; // warm
        if (idle == NULL || !lane->has_object)
            idle = lane;
    }
    return idle;
}

static void lane_load(struct helper *h, struct lane *lane, const struct digest *object)
{
    assert(!lane->is_busy);
    lane->is_busy = true;
    lane->has_object = false;
    lane->object = *object;
    wish_put(h, HELPER_LOAD, (uint32_t)(lane - h->lane));
}

static void lane_run(struct helper *h, struct lane *lane, struct job *j)
{
    assert(!lane->is_busy);
    assert(j->state != JOB_RUNNING);
    lane->is_busy = true;
    lane->job = j;
    j->lane = (uint32_t)(lane - h->lane);
    j->state = JOB_RUNNING;
    wish_put(h, HELPER_RUN, j->lane);
}

// The first input that is not here; NULL: all are.
static const struct digest *lacks(const struct helper *h, const struct job *j)
{
    for (uint32_t i = 0; i < j->spec.input_count; i++)
        if (!store_has(h->store, &j->spec.input[i]))
            return &j->spec.input[i];
    return NULL;
}

// Only this job fails: others follow.
static void fetch_input(struct helper *h, struct job *j, const struct digest *lacking)
{
    if (h->fetch != NULL)
        return; // one at a time
    if (j->fetches++ == FETCHES_EACH_MAX * j->spec.input_count)
        job_failed(h, j, RC_FULL, "the store is too small for its objects");
    else if (!fetch_start(h, lacking))
        job_failed(h, j, RC_NOMEM, "out of memory for an object");
}

static void start_job(struct helper *h, struct job *j)
{
    const struct digest *object = &j->spec.input[0];
    const struct digest *lacking = lacks(h, j);
    if (lacking != NULL) {
        fetch_input(h, j, lacking);
        return;
    }
    struct lane *lane = idle_lane(h, object);
    if (lane == NULL)
        return;
    if (!kernel_takes_object(j->kernel) ||
        (lane->has_object && digest_equal(&lane->object, object))) {
        lane_run(h, lane, j);
        return;
    }
    lane->job = j;
    j->lane = (uint32_t)(lane - h->lane);
    j->state = JOB_LOADING;
    lane_load(h, lane, object);
}

// The hub said that an object will be wanted: fetch it, and load it where nothing else is to do.
static void get_ready(struct helper *h)
{
    if (!h->has_wanted)
        return;
    if (!store_has(h->store, &h->wanted)) {
        if (h->fetch == NULL && !fetch_start(h, &h->wanted))
            h->has_wanted = false; // it was advice
        return;
    }
    h->has_wanted = false;
    for (uint32_t i = 0; i < h->lane_count; i++) {
        struct lane *lane = &h->lane[i];
        bool has_it = lane->has_object && digest_equal(&lane->object, &h->wanted);
        if (!lane->is_busy && !has_it)
            lane_load(h, lane, &h->wanted);
    }
}

static void proceed(struct helper *h)
{
    LIST_FOR_SAFE (it, &h->jobs) {
        struct job *j = CONTAINER_OF(it, struct job, node);
        if (j->state == JOB_WAITING)
            start_job(h, j);
    }
    get_ready(h);
}

static bool takes_inputs(const struct kernel *k, uint32_t count)
{
    return kernel_takes_inputs(k, count, false) || kernel_takes_inputs(k, count, true);
}

static void take_task(struct helper *h, const struct msg_assign *m, uint64_t now_us)
{
    const struct task_spec *spec = &m->spec;
    const struct kernel *kernel = kernel_find(bytes_text(spec->kernel));
    if (kernel == NULL || !takes_inputs(kernel, spec->input_count)) {
        tell_failure(h, m->task, spec, RC_UNSUPPORTED,
                     kernel == NULL ? "no such kernel here" : "not as many inputs");
        return;
    }
    if (h->job_count >= HELPER_TASKS_MAX) {
        tell_failure(h, m->task, spec, RC_FULL, "too many tasks");
        return;
    }
    struct job *j = budget_take(h->budget, sizeof *j + spec->params.len);
    if (j == NULL) {
        tell_failure(h, m->task, spec, RC_NOMEM, "out of memory");
        return;
    }
    *j = (struct job){.task = m->task,
                      .spec = *spec,
                      .kernel = kernel,
                      .asked = task_digest(spec),
                      .budget_us = (uint64_t)m->budget_ms * US_PER_MS,
                      .expected_us = m->expected_us,
                      .came_us = now_us};
    if (spec->params.len > 0)
        memcpy(j->params, spec->params.at, spec->params.len);
    j->spec.params = bytes_of(j->params, spec->params.len);
    list_push_back(&h->jobs, &j->node);
    h->job_count++;
    struct helper_event e = {.kind = HELPER_EVENT_TASK, .task = j->task};
    memcpy(e.kernel, spec->kernel, sizeof e.kernel);
    event_put(h, &e);
}

static void cancel(struct helper *h, uint64_t task)
{
    LIST_FOR (it, &h->jobs) {
        struct job *j = CONTAINER_OF(it, struct job, node);
        if (j->task == task) {
            job_drop(h, j);
            return;
        }
    }
}

static void take_part(struct helper *h, const struct msg_object_part *m)
{
    if (!is_fetching(h, &m->digest))
        return;
    enum rc rc = fetch_put(h->fetch, m);
    if (rc == RC_OK && !fetch_is_whole(h->fetch)) {
        fetch_on(h);
        return;
    }
    if (rc == RC_OK) {
        struct bytes all = fetch_bytes(h->fetch);
        h->stat.objects_fetched++;
        h->stat.bytes_fetched += all.len;
        rc = store_put(h->store, &m->digest, all); // checks it against its name
    }
    fetch_end(h, rc, "the object could not be had");
}

static void object_none(struct helper *h, const struct digest *object)
{
    if (is_fetching(h, object))
        fetch_end(h, RC_ABSENT, "the hub does not have the object");
}

static void take_verdict(struct helper *h, const struct msg_verdict *m)
{
    struct helper_event e = {
        .kind = HELPER_EVENT_VERDICT, .task = m->task, .is_right = m->is_right};
    text_copy_safe(e.text, sizeof e.text, bytes_text(m->text));
    event_put(h, &e);
    h->stat.results_right += m->is_right;
    h->stat.results_wrong += !m->is_right;
}

static void take_message(struct helper *h, const struct msg *m, uint64_t now_us)
{
    if (m->type == MSG_ASSIGN) {
        take_task(h, &m->as.assign, now_us);
    } else if (m->type == MSG_CANCEL) {
        cancel(h, m->as.cancel.task);
    } else if (m->type == MSG_OBJECT_PART) {
        take_part(h, &m->as.object_part);
    } else if (m->type == MSG_OBJECT_NONE) {
        object_none(h, &m->as.object_none.digest);
    } else if (m->type == MSG_VERDICT) {
        take_verdict(h, &m->as.verdict);
    } else if (m->type == MSG_PREPARE) {
        h->wanted = m->as.prepare.object;
        h->has_wanted = true;
    } else {
        client_fail(&h->client, RC_MALFORMED, "the hub sent what a hub does not");
    }
}

static void settle_opening(struct helper *h, uint64_t now_us)
{
    struct helper_event e = {.kind = HELPER_EVENT_IN};
    if (h->client.state == CLIENT_IN) {
        h->beat_us = now_us;
        event_put(h, &e);
    } else if (h->client.state == CLIENT_OUT && !h->is_refused) {
        h->is_refused = true;
        h->beat_us = UINT64_MAX;
        e.kind = HELPER_EVENT_OUT;
        memcpy(e.text, h->client.refusal.text, sizeof e.text);
        event_put(h, &e);
        outbox_close(&h->outbox, 0, h->client.refusal.text);
    }
}

void helper_open(struct helper *h)
{
    client_restart(&h->client);
    h->is_open = true;
    h->is_refused = false;
}

void helper_input(struct helper *h, struct bytes message, uint64_t now_us)
{
    struct msg m;
    if (h->is_refused || !h->is_open)
        return;
    if (msg_decode(&m, message) != RC_OK)
        client_fail(&h->client, RC_MALFORMED, "the other side is no hub: malformed message");
    else if (!client_input(&h->client, &m, &h->outbox))
        take_message(h, &m, now_us);
    else
        settle_opening(h, now_us);
    if (h->client.state == CLIENT_OUT)
        settle_opening(h, now_us);
    proceed(h);
}

void helper_closed(struct helper *h)
{
    h->is_open = false;
    h->beat_us = UINT64_MAX;
    client_restart(&h->client);
    drop_all(h);
    outbox_drop_all(&h->outbox);
}

void helper_loaded(struct helper *h, uint32_t lane, enum rc rc, const char *text)
{
    assert(lane < h->lane_count);
    struct lane *l = &h->lane[lane];
    struct job *j = lane_end(l);
    l->has_object = rc == RC_OK;
    if (j != NULL && rc != RC_OK)
        job_failed(h, j, rc, text);
    else if (j != NULL)
        lane_run(h, l, j);
    proceed(h);
}

static void send_result(struct helper *h, struct job *j, const struct helper_outcome *o)
{
    struct msg m = {.type = MSG_RESULT,
                    .as.result = {.task = j->task,
                                  .hash = hash_bytes(o->result),
                                  .cpu_us = o->cpu_us,
                                  .report = o->report,
                                  .result = o->result}};
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_result_signed(&j->asked, &m.as.result.hash, room);
    if (sign_make(h->client.cfg.key, signed_part, &m.as.result.signature) != RC_OK) {
        job_failed(h, j, RC_NOMEM, "out of memory for a signature");
        return;
    }
    outbox_send(&h->outbox, 0, &m);
    h->stat.tasks_done++;
    h->stat.cpu_us += o->cpu_us;
    job_free(h, j);
}

void helper_ran(struct helper *h, uint32_t lane, const struct helper_outcome *o, uint64_t now_us)
{
    assert(lane < h->lane_count);
    struct job *j = lane_end(&h->lane[lane]);
    (void)wish_take_back(h, HELPER_KILL, lane); // it ended by itself: the next run is not meant
    if (j != NULL && o->rc != RC_OK) {
        job_failed(h, j, o->rc, o->text);
    } else if (j != NULL && o->result.len > MSG_RESULT_BYTES_MAX) {
        job_failed(h, j, RC_FULL, "the result is too large for one message");
    } else if (j != NULL) {
        struct helper_event e = {.kind = HELPER_EVENT_RAN,
                                 .task = j->task,
                                 .expected_us = j->expected_us,
                                 .wall_us = time_since(j->came_us, now_us),
                                 .cpu_us = o->cpu_us};
        memcpy(e.kernel, j->spec.kernel, sizeof e.kernel);
        event_put(h, &e);
        send_result(h, j, o);
    }
    proceed(h);
}

void helper_renewed(struct helper *h, uint32_t lane)
{
    assert(lane < h->lane_count);
    struct job *j = h->lane[lane].job;
    h->lane[lane].has_object = false;
    if (j != NULL && run_take_back(h, lane))
        j->state = JOB_WAITING; // it was to run on what the lane held
    proceed(h);
}

void helper_health(struct helper *h, const struct msg_heartbeat *health)
{
    h->health = *health;
}

static uint32_t busy_lanes(const struct helper *h)
{
    uint32_t busy = 0;
    for (uint32_t i = 0; i < h->lane_count; i++)
        busy += h->lane[i].is_busy;
    return busy;
}

void helper_tick(struct helper *h, uint64_t now_us)
{
    if (now_us < h->beat_us || h->client.state != CLIENT_IN)
        return;
    struct msg m = {.type = MSG_HEARTBEAT, .as.heartbeat = h->health};
    m.as.heartbeat.busy = busy_lanes(h);
    outbox_send(&h->outbox, 0, &m);
    h->beat_us = time_after(now_us, (uint64_t)h->client.heartbeat_ms * US_PER_MS);
}

uint64_t helper_due_us(const struct helper *h)
{
    return h->beat_us;
}

static enum rc borrow(struct helper *h, const struct digest *object, struct bytes *bytes)
{
    enum rc rc = store_get(h->store, object, bytes);
    h->held += rc == RC_OK;
    return rc;
}

// False: one is gone again, and the job has failed.
static bool give_inputs(struct helper *h, struct lane *l, struct helper_out *out)
{
    struct job *j = l->job;
    for (uint32_t i = kernel_takes_object(j->kernel); i < j->spec.input_count; i++) {
        enum rc rc = borrow(h, &j->spec.input[i], &out->given[out->given_count++]);
        if (rc == RC_OK)
            continue;
        let_go(h);
        (void)lane_end(l);
        job_failed(h, j, rc, "an object left the store");
        proceed(h);
        return false;
    }
    return true;
}

// Turns a wish into what the host is to do; false: it is of no use any more.
static bool grant(struct helper *h, const struct wish *w, struct helper_out *out)
{
    struct lane *l = &h->lane[w->lane];
    *out = (struct helper_out){.kind = w->kind, .lane = w->lane};
    if (w->kind == HELPER_LOAD) {
        out->budget_us = HELPER_LOAD_US;
        enum rc rc = borrow(h, &l->object, &out->bytes);
        if (rc != RC_OK)
            helper_loaded(h, w->lane, rc, "the object left the store");
        return rc == RC_OK;
    }
    if (w->kind == HELPER_RUN) {
        assert(l->job != NULL); // or it was taken back
        out->kernel = l->job->spec.kernel;
        out->bytes = l->job->spec.params;
        out->budget_us = l->job->budget_us;
        return give_inputs(h, l, out);
    }
    return true;
}

bool helper_next(struct helper *h, struct helper_out *out)
{
    let_go(h);
    while (h->wish_count > 0) {
        struct wish w = h->wishes[h->wish_first];
        h->wish_first = (h->wish_first + 1) % (h->lane_count * 4);
        h->wish_count--;
        if (grant(h, &w, out))
            return true;
    }
    struct out sent;
    if (!outbox_next(&h->outbox, &sent))
        return false;
    *out = (struct helper_out){.kind = sent.kind == OUT_SEND ? HELPER_SEND : HELPER_CLOSE,
                               .bytes = sent.bytes};
    return true;
}

struct helper_stat helper_stat(const struct helper *h)
{
    return h->stat;
}

const char *helper_refusal(const struct helper *h)
{
    return h->is_refused ? h->client.refusal.text : NULL;
}
