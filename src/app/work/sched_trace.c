// SPDX-License-Identifier: MIT
// What a scheduler was told and what it ordered, as lines of JSON; and the same once more.
#include "work/sched_trace.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "wire/json.h"

#define HELPERS_MAX 65536u
#define TASKS_MAX   65536u
#define NUMBER_MAX  ((uint64_t)INT64_MAX) // that our JSON can hold

static const char *const event_word[] = {
    [SCHED_JOINS] = "join",     [SCHED_LEAVES] = "leave",   [SCHED_RESTS] = "rest",
    [SCHED_WAKES] = "wake",     [SCHED_SUBMITS] = "submit", [SCHED_BACK] = "back",
    [SCHED_ANSWERS] = "answer", [SCHED_DROPS] = "drop",     [SCHED_FORGETS] = "forget",
    [SCHED_TICKS] = "tick",     [SCHED_HOUR] = "hour"};
static const char *const order_word[] = {[SCHED_ASSIGN] = "assign",
                                         [SCHED_CANCEL] = "cancel",
                                         [SCHED_LATE] = "late",
                                         [SCHED_SPENT] = "spent"};

// ---- Written

static struct json_writer begin(struct text *out, const char *is)
{
    struct json_writer w = json_writer_of(out);
    json_put_object(&w, NULL);
    json_put_text(&w, "is", is);
    return w;
}

static void end(struct json_writer *w)
{
    json_put_object_end(w);
    text_add(w->out, "\n");
}

void sched_trace_cfg(struct text *out, const struct sched_cfg *cfg)
{
    struct json_writer w = begin(out, "sched");
    json_put_u64(&w, "helpers_max", cfg->helpers_max);
    json_put_u64(&w, "tasks_max", cfg->tasks_max);
    json_put_u64(&w, "types", cfg->types);
    json_put_u64(&w, "attempts_max", cfg->attempts_max);
    json_put_u64(&w, "give_up_us", num_min(cfg->give_up_us, NUMBER_MAX));
    json_put_u64(&w, "late_min_us", cfg->late_min_us);
    json_put_text(&w, "policy", cfg->policy->name);
    json_put_u64(&w, "seed", cfg->seed);
    end(&w);
}

static void put_intro(struct json_writer *w, const struct sched_intro *i)
{
    json_put_u64(w, "class", i->says.class);
    json_put_f64(w, "ping_us", i->says.ping_us);
    json_put_f64(w, "reliability", i->says.reliability);
    json_put_f64(w, "right", i->says.right);
    json_put_f64(w, "wrong", i->says.wrong);
    json_put_u64(w, "slots", i->slots);
    json_put_u64(w, "ahead", i->ahead);
    json_put_u64(w, "can", i->can);
    json_put_flag(w, "new", i->is_new);
    json_put_array(w, "work_us");
    for (uint32_t type = 0; type < PREDICT_TYPES_MAX; type++)
        json_put_f64(w, NULL, (double)i->says.work_us[type]);
    json_put_array_end(w);
}

static void put_task(struct json_writer *w, const struct sched_task *t)
{
    json_put_u64(w, "task", t->id);
    json_put_u64(w, "type", t->type);
    json_put_f64(w, "size", t->size);
    json_put_u64(w, "within_us", t->within_us);
    json_put_u64(w, "object", t->object);
}

static void put_answer(struct json_writer *w, const struct sched_answer *a)
{
    json_put_u64(w, "task", a->task);
    json_put_u64(w, "helper", a->helper);
    json_put_flag(w, "right", a->is_right);
    json_put_f64(w, "total_us", a->total_us);
    json_put_f64(w, "work_us", a->work_us);
    json_put_f64(w, "size", a->size);
}

void sched_trace_event(struct text *out, const struct sched_event *e)
{
    assert((size_t)e->kind < ARRAY_COUNT(event_word));
    struct json_writer w = begin(out, event_word[e->kind]);
    json_put_u64(&w, "at_us", e->now_us);
    if (e->kind <= SCHED_WAKES || e->kind == SCHED_DROPS)
        json_put_u64(&w, "helper", e->helper);
    if (e->kind == SCHED_DROPS || e->kind == SCHED_FORGETS)
        json_put_u64(&w, "task", e->task_id);
    if (e->kind == SCHED_HOUR)
        json_put_f64(&w, "hour", e->hour);
    if (e->kind == SCHED_JOINS)
        put_intro(&w, e->intro);
    if (e->kind == SCHED_SUBMITS)
        put_task(&w, e->task);
    if (e->kind == SCHED_BACK || e->kind == SCHED_ANSWERS)
        put_answer(&w, e->answer);
    end(&w);
}

void sched_trace_order(struct text *out, const struct sched_order *o)
{
    assert((size_t)o->kind < ARRAY_COUNT(order_word));
    struct json_writer w = begin(out, order_word[o->kind]);
    json_put_u64(&w, "task", o->task);
    json_put_u64(&w, "helper", o->helper);
    if (o->kind == SCHED_ASSIGN) {
        json_put_f64(&w, "answer_us", o->answer_us);
        json_put_f64(&w, "low_us", o->low_us);
        json_put_f64(&w, "high_us", o->high_us);
    }
    end(&w);
}

// ---- Read

struct sched_replay {
    struct arena *own;
    struct arena *arena; // of the scheduler
    struct sched *sched; // NULL before the first line
    uint64_t now_us;
    struct sched_replay_stat stat;
};

struct read { // a line, and whether all that was asked of it was there
    const struct json_node *line;
    bool is_good;
};

static uint64_t get_u64(struct read *r, const char *name, uint64_t max)
{
    uint64_t v = 0;
    r->is_good = json_get_u64(json_get(r->line, name), max, &v) && r->is_good;
    return v;
}

static uint32_t get_u32(struct read *r, const char *name)
{
    return (uint32_t)get_u64(r, name, UINT32_MAX);
}

static double get_f64(struct read *r, const char *name)
{
    double v = 0;
    r->is_good = json_get_f64(json_get(r->line, name), &v) && r->is_good;
    return v;
}

static bool get_flag(struct read *r, const char *name)
{
    bool v = false;
    r->is_good = json_get_flag(json_get(r->line, name), &v) && r->is_good;
    return v;
}

// Which of these words the line is; count: none of them.
static size_t word_of(const struct json_node *line, const char *const *word, size_t count)
{
    struct bytes is;
    size_t i = json_get_text(json_get(line, "is"), &is) ? 0 : count;
    while (i < count && !bytes_is(is, word[i]))
        i++;
    return i;
}

static const struct policy *get_policy(struct read *r)
{
    struct bytes name = bytes_of(NULL, 0);
    const struct policy *p = NULL;
    r->is_good = json_get_text(json_get(r->line, "policy"), &name) && r->is_good;
    for (size_t i = 0; (p = policy_at(i)) != NULL && !bytes_is(name, p->name);)
        i++;
    r->is_good = r->is_good && p != NULL;
    return p;
}

static enum rc read_cfg(struct sched_replay *p, const struct json_node *line)
{
    struct read r = {line, true};
    const struct sched_cfg cfg = {.helpers_max = (uint32_t)get_u64(&r, "helpers_max", HELPERS_MAX),
                                  .tasks_max = (uint32_t)get_u64(&r, "tasks_max", TASKS_MAX),
                                  .types = (uint32_t)get_u64(&r, "types", PREDICT_TYPES_MAX),
                                  .attempts_max =
                                      (uint32_t)get_u64(&r, "attempts_max", SCHED_ATTEMPTS_MAX),
                                  .give_up_us = get_u64(&r, "give_up_us", NUMBER_MAX),
                                  .late_min_us = get_u64(&r, "late_min_us", NUMBER_MAX),
                                  .policy = get_policy(&r),
                                  .seed = get_u64(&r, "seed", NUMBER_MAX)};
    if (p->sched != NULL || p->arena != NULL || !r.is_good)
        return RC_MALFORMED;
    p->arena = arena_new(sched_bytes(&cfg));
    const enum rc rc = p->arena == NULL ? RC_NOMEM : sched_new(&p->sched, p->arena, &cfg);
    return rc == RC_CONFIG ? RC_MALFORMED : rc;
}

static struct sched_intro get_intro(struct read *r)
{
    struct sched_intro i = {.says = {.class = get_u32(r, "class"),
                                     .ping_us = get_f64(r, "ping_us"),
                                     .reliability = get_f64(r, "reliability"),
                                     .right = get_f64(r, "right"),
                                     .wrong = get_f64(r, "wrong")},
                            .slots = get_u32(r, "slots"),
                            .ahead = get_u32(r, "ahead"),
                            .can = get_u32(r, "can"),
                            .is_new = get_flag(r, "new")};
    const struct json_node *work = json_get(r->line, "work_us");
    r->is_good = r->is_good && json_get_count(work) == PREDICT_TYPES_MAX;
    for (uint32_t type = 0; type < PREDICT_TYPES_MAX; type++) {
        double us = 0;
        r->is_good = json_get_f64(json_get_item(work, type), &us) && fabs(us) < 1e30 && r->is_good;
        i.says.work_us[type] = r->is_good ? (float)us : 0;
    }
    return i;
}

static struct sched_task get_task(struct read *r)
{
    return (struct sched_task){.id = get_u64(r, "task", NUMBER_MAX),
                               .type = get_u32(r, "type"),
                               .size = get_f64(r, "size"),
                               .within_us = get_u64(r, "within_us", NUMBER_MAX),
                               .object = get_u64(r, "object", NUMBER_MAX)};
}

static struct sched_answer get_answer(struct read *r)
{
    return (struct sched_answer){.task = get_u64(r, "task", NUMBER_MAX),
                                 .helper = get_u32(r, "helper"),
                                 .is_right = get_flag(r, "right"),
                                 .total_us = get_f64(r, "total_us"),
                                 .work_us = get_f64(r, "work_us"),
                                 .size = get_f64(r, "size")};
}

static enum rc read_event(struct sched_replay *p, const struct json_node *line,
                          enum sched_event_kind kind)
{
    struct read r = {line, true};
    struct sched_intro intro;
    struct sched_task task;
    struct sched_answer answer;
    struct sched_event e = {.kind = kind, .now_us = get_u64(&r, "at_us", NUMBER_MAX)};
    if (kind <= SCHED_WAKES || kind == SCHED_DROPS)
        e.helper = get_u32(&r, "helper");
    if (kind == SCHED_DROPS || kind == SCHED_FORGETS)
        e.task_id = get_u64(&r, "task", NUMBER_MAX);
    if (kind == SCHED_HOUR)
        e.hour = get_f64(&r, "hour");
    if (kind == SCHED_JOINS) {
        intro = get_intro(&r);
        e.intro = &intro;
    } else if (kind == SCHED_SUBMITS) {
        task = get_task(&r);
        e.task = &task;
    } else if (kind == SCHED_BACK || kind == SCHED_ANSWERS) {
        answer = get_answer(&r);
        e.answer = &answer;
    }
    if (!r.is_good || e.now_us < p->now_us)
        return RC_MALFORMED;
    p->now_us = e.now_us;
    p->stat.events++;
    const enum rc rc = sched_apply(p->sched, &e);
    if (rc == RC_REFUSED) // no hub gives a number twice
        return RC_MALFORMED;
    return rc == RC_FULL ? RC_OK : rc; // it was then, too
}

static bool is_same(double a, double b)
{
    return a <= b && a >= b;
}

static enum rc read_order(struct sched_replay *p, const struct json_node *line,
                          enum sched_kind kind, struct err *err)
{
    struct read r = {line, true};
    struct sched_order got = {.kind = SCHED_ASSIGN};
    struct sched_order want = {
        .kind = kind, .task = get_u64(&r, "task", NUMBER_MAX), .helper = get_u32(&r, "helper")};
    if (kind == SCHED_ASSIGN) {
        want.answer_us = get_f64(&r, "answer_us");
        want.low_us = get_f64(&r, "low_us");
        want.high_us = get_f64(&r, "high_us");
    }
    if (!r.is_good)
        return RC_MALFORMED;
    p->stat.orders++;
    if (!sched_next(p->sched, &got))
        return err_set(err, RC_REFUSED, "nothing is ordered here");
    if (got.kind == want.kind && got.task == want.task && got.helper == want.helper &&
        is_same(got.answer_us, want.answer_us) && is_same(got.low_us, want.low_us) &&
        is_same(got.high_us, want.high_us))
        return RC_OK;
    return err_set(err, RC_REFUSED, "ordered is: %s task %llu to helper %u, expected in %.0f us",
                   order_word[got.kind], (unsigned long long)got.task, got.helper, got.answer_us);
}

static enum rc read_line(struct sched_replay *p, const struct json_node *line, struct err *err)
{
    static const char *const first[] = {"sched"};
    if (word_of(line, first, 1) == 0)
        return read_cfg(p, line);
    if (p->sched == NULL)
        return RC_MALFORMED;
    const size_t event = word_of(line, event_word, ARRAY_COUNT(event_word));
    if (event < ARRAY_COUNT(event_word))
        return read_event(p, line, (enum sched_event_kind)event);
    const size_t order = word_of(line, order_word, ARRAY_COUNT(order_word));
    if (order < ARRAY_COUNT(order_word))
        return read_order(p, line, (enum sched_kind)order, err);
    return RC_MALFORMED;
}

enum rc sched_replay_line(struct sched_replay *r, struct bytes line, struct err *err)
{
    struct json_node *node = NULL;
    enum rc rc = json_open(&node, line, err);
    if (rc == RC_OK)
        rc = read_line(r, node, err);
    json_free(node);
    return rc;
}

enum rc sched_replay_new(struct sched_replay **out)
{
    struct arena *own = arena_new(sizeof **out + 65536);
    struct sched_replay *r = own != NULL ? arena_take(own, sizeof *r) : NULL;
    *out = r;
    if (r == NULL) {
        arena_free(own);
        return RC_NOMEM;
    }
    r->own = own;
    return RC_OK;
}

void sched_replay_free(struct sched_replay *r)
{
    if (r == NULL)
        return;
    arena_free(r->arena);
    arena_free(r->own);
}

struct sched_replay_stat sched_replay_stat(const struct sched_replay *r)
{
    return r->stat;
}
