// SPDX-License-Identifier: MIT
// Scheduler in lines: events of somebody else's simulator in, orders out, a JSON object a line.
#include "work/sched_lines.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "wire/json.h"
#include "work/sched.h"

#define HELPERS_MAX   65536u
#define TASKS_MAX     16384u // at the same time
#define NAME_BYTES    48
#define MS_MAX        1e12
#define TASK_MAX      ((uint64_t)1 << 53)
#define ATTEMPTS_MAX  SCHED_ATTEMPTS_MAX
#define GIVE_UP_MAX   3600000.0
#define SLOTS_MAX     1024u
#define HOURS         24.0
#define DAY_MS        86400000.0
#define WORK_SIZE_MAX 1e9

struct name {
    char at[NAME_BYTES];
};

struct sched_lines {
    const struct policy *policy;
    struct arena *own;   // of this
    struct arena *arena; // of the scheduler
    struct sched *sched; // NULL before start
    struct name type[PREDICT_TYPES_MAX];
    uint32_t type_count;
    struct name class[PREDICT_CLASSES_MAX]; // from 1 on
    uint32_t class_count;
    struct sched_intro *intro; // of each helper
    uint32_t helper_count;
    uint64_t now_us;
    double start_hour, day_us;
    uint64_t armed_us; // the next timer that was asked for
    bool is_owed;      // an answer to the last event, or the rest of it
    bool is_timed;     // of which the timer was said
};

// ---- Members of events

static bool get_u64(const struct json_node *line, const char *name, uint64_t max, uint64_t *out)
{
    return json_get_u64(json_get(line, name), max, out);
}

// 0..max
static bool get_f64(const struct json_node *line, const char *name, double max, double *out)
{
    return json_get_f64(json_get(line, name), out) && *out >= 0 && *out <= max;
}

static bool is_event(const struct json_node *line, const char *name)
{
    struct bytes event;
    return json_get_text(json_get(line, "ev"), &event) && bytes_is(event, name);
}

// Index of a name among those that are known; count: it is none of them.
static uint32_t index_of(const struct name *known, uint32_t first, uint32_t count,
                         struct bytes name)
{
    uint32_t i = first;
    while (i < count && !bytes_is(name, known[i].at))
        i++;
    return i;
}

static bool find_type(const struct sched_lines *s, const struct json_node *name, uint32_t *out)
{
    struct bytes text;
    if (!json_get_text(name, &text))
        return false;
    *out = index_of(s->type, 0, s->type_count, text);
    return *out < s->type_count;
}

// Classes are numbered as they come; those beyond the last number share none.
static uint32_t class_of(struct sched_lines *s, struct bytes name)
{
    const uint32_t i = index_of(s->class, 1, s->class_count, name);
    if (i < s->class_count || i == PREDICT_CLASSES_MAX || name.len >= NAME_BYTES)
        return i < s->class_count ? i : 0;
    bytes_to_text(name, s->class[i].at, NAME_BYTES);
    s->class_count++;
    return i;
}

// ---- What is said

static void put_order(struct json_writer *w, const struct sched_order *o)
{
    const bool is_assign = o->kind == SCHED_ASSIGN;
    json_put_text(w, "op", is_assign ? "assign" : "cancel");
    json_put_u64(w, "task", o->task);
    json_put_u64(w, "peer", o->helper);
    if (!is_assign)
        return;
    json_put_array(w, "pred");
    json_put_f64(w, NULL, o->answer_us / US_PER_MS);
    json_put_f64(w, NULL, o->low_us / US_PER_MS);
    json_put_f64(w, NULL, o->high_us / US_PER_MS);
    json_put_array_end(w);
}

// True: the time of the next one that is needed was not asked for yet.
static bool needs_timer(struct sched_lines *s)
{
    const uint64_t due_us = sched_due_us(s->sched);
    const bool is_news = !s->is_timed && (due_us < s->armed_us || s->armed_us <= s->now_us);
    s->is_timed = true;
    if (is_news)
        s->armed_us = due_us;
    return is_news && due_us != UINT64_MAX;
}

// Those that somebody else's simulator has a word for.
static bool next_order(struct sched *sched, struct sched_order *out)
{
    bool has = false;
    do
        has = sched_next(sched, out);
    while (has && out->kind != SCHED_ASSIGN && out->kind != SCHED_CANCEL);
    return has;
}

bool sched_lines_next(struct sched_lines *s, struct text *out)
{
    struct json_writer w = json_writer_of(out);
    struct sched_order o;
    if (!s->is_owed)
        return false;
    json_put_object(&w, NULL);
    if (next_order(s->sched, &o)) {
        put_order(&w, &o);
    } else if (needs_timer(s)) {
        json_put_text(&w, "op", "timer");
        json_put_f64(&w, "ms", (double)time_since(s->now_us, s->armed_us) / US_PER_MS);
        json_put_u64(&w, "tag", 0);
    } else {
        json_put_text(&w, "op", "done");
        s->is_owed = false;
    }
    json_put_object_end(&w);
    text_add(out, "\n");
    return true;
}

// ---- What is heard

static bool hear_helper(struct sched_lines *s, const struct json_node *peer, uint32_t index)
{
    struct sched_intro *intro = &s->intro[index];
    struct bytes class;
    uint64_t id = 0;
    uint64_t slots = 0;
    double ping_ms = 0;
    const struct json_node *can = json_get(peer, "can");
    if (!get_u64(peer, "id", s->helper_count - 1, &id) || id != index ||
        !get_u64(peer, "slots", SLOTS_MAX, &slots) || slots == 0 ||
        !get_f64(peer, "ping_ms", MS_MAX, &ping_ms) ||
        !json_get_text(json_get(peer, "cls"), &class) ||
        !get_f64(peer, "claims_reliability", 1, &intro->says.reliability))
        return false;
    intro->slots = (uint32_t)slots;
    intro->ahead = SCHED_ANY_NUMBER;
    intro->says.ping_us = ping_ms * US_PER_MS;
    intro->says.class = class_of(s, class);
    for (size_t i = 0; i < json_get_count(can); i++) {
        uint32_t type = 0;
        if (!find_type(s, json_get_item(can, i), &type))
            return false;
        intro->can |= (uint32_t)1 << type;
    }
    return true;
}

static bool hear_types(struct sched_lines *s, const struct json_node *types)
{
    struct bytes name;
    s->type_count = (uint32_t)num_min(json_get_count(types), PREDICT_TYPES_MAX + 1);
    if (s->type_count == 0 || s->type_count > PREDICT_TYPES_MAX)
        return false;
    for (uint32_t i = 0; i < s->type_count; i++) {
        if (!json_get_text(json_get(json_get_item(types, i), "name"), &name) ||
            name.len >= NAME_BYTES)
            return false;
        bytes_to_text(name, s->type[i].at, NAME_BYTES);
    }
    return true;
}

static enum rc make(struct sched_lines *s, uint64_t attempts, double give_up_ms)
{
    const struct sched_cfg cfg = {.helpers_max = s->helper_count,
                                  .tasks_max = TASKS_MAX,
                                  .types = s->type_count,
                                  .attempts_max = (uint32_t)attempts,
                                  .give_up_us = (uint64_t)(give_up_ms * US_PER_MS),
                                  .policy = s->policy,
                                  .seed = 1};
    const size_t own = s->helper_count * sizeof *s->intro;
    s->arena = arena_new(sched_bytes(&cfg) + own + 65536);
    if (s->arena == NULL)
        return RC_NOMEM;
    s->intro = arena_take_array(s->arena, s->helper_count, sizeof *s->intro);
    return s->intro != NULL ? sched_new(&s->sched, s->arena, &cfg) : RC_NOMEM;
}

static bool hear_hours(struct sched_lines *s, const struct json_node *line)
{
    double day_ms = DAY_MS;
    s->start_hour = 0;
    if ((json_get(line, "start_hour") != NULL &&
         !get_f64(line, "start_hour", HOURS, &s->start_hour)) ||
        (json_get(line, "day_ms") != NULL && !get_f64(line, "day_ms", MS_MAX, &day_ms)))
        return false;
    s->day_us = fmax(1, day_ms) * US_PER_MS;
    return true;
}

static enum rc hear_start(struct sched_lines *s, const struct json_node *line, uint64_t now_us)
{
    const struct json_node *peers = json_get(line, "peers");
    uint64_t attempts = 0;
    double give_up_ms = 0;
    const size_t count = json_get_count(peers);
    if (s->arena != NULL || count == 0 || count > HELPERS_MAX ||
        !hear_types(s, json_get(line, "types")) || !hear_hours(s, line) ||
        !get_u64(line, "max_attempts", ATTEMPTS_MAX, &attempts) || attempts == 0 ||
        !get_f64(line, "give_up_ms", GIVE_UP_MAX, &give_up_ms))
        return RC_MALFORMED;
    s->helper_count = (uint32_t)count;
    const enum rc rc = make(s, attempts, give_up_ms);
    for (uint32_t i = 0; rc == RC_OK && i < s->helper_count; i++) {
        if (!hear_helper(s, json_get_item(peers, i), i)) {
            s->sched = NULL; // not without all of them
            return RC_MALFORMED;
        }
        sched_join(s->sched, i, &s->intro[i], now_us);
    }
    return rc;
}

static enum rc hear_task(struct sched_lines *s, const struct json_node *line, uint64_t now_us)
{
    struct sched_task task = {.id = 0};
    double deadline_ms = 0;
    if (!get_u64(line, "task", TASK_MAX, &task.id) ||
        !find_type(s, json_get(line, "type"), &task.type) ||
        !json_get_f64(json_get(line, "size"), &task.size) ||
        !(task.size > 0 && task.size <= WORK_SIZE_MAX) ||
        !get_f64(line, "deadline_ms", MS_MAX, &deadline_ms))
        return RC_MALFORMED;
    task.within_us = (uint64_t)(deadline_ms * US_PER_MS);
    const enum rc rc = sched_submit(s->sched, &task, now_us);
    return rc == RC_REFUSED ? RC_MALFORMED : rc;
}

static enum rc hear_result(struct sched_lines *s, const struct json_node *line, uint64_t now_us)
{
    struct sched_answer a = {.task = 0};
    uint64_t helper = 0;
    if (!get_u64(line, "task", TASK_MAX, &a.task) ||
        !get_u64(line, "peer", s->helper_count - 1, &helper) ||
        !json_get_flag(json_get(line, "ok"), &a.is_right) ||
        !get_f64(line, "total_ms", MS_MAX, &a.total_us) ||
        !get_f64(line, "work_ms", MS_MAX, &a.work_us))
        return RC_MALFORMED;
    a.helper = (uint32_t)helper;
    a.total_us *= US_PER_MS;
    a.work_us *= US_PER_MS;
    sched_answer(s->sched, &a, now_us);
    return RC_OK;
}

static enum rc hear_change(struct sched_lines *s, const struct json_node *line, bool is_up,
                           uint64_t now_us)
{
    uint64_t helper = 0;
    if (!get_u64(line, "peer", s->helper_count - 1, &helper))
        return RC_MALFORMED;
    if (is_up)
        sched_join(s->sched, (uint32_t)helper, &s->intro[helper], now_us);
    else
        sched_leave(s->sched, (uint32_t)helper, now_us);
    return RC_OK;
}

static enum rc hear(struct sched_lines *s, const struct json_node *line)
{
    double t_ms = 0;
    if (!get_f64(line, "t", MS_MAX, &t_ms))
        return RC_MALFORMED;
    const uint64_t now_us = (uint64_t)llround(t_ms * US_PER_MS);
    if (now_us < s->now_us) // time does not run backwards
        return RC_MALFORMED;
    s->now_us = now_us;
    if (s->sched != NULL)
        sched_tick(s->sched, now_us);
    if (is_event(line, "start"))
        return hear_start(s, line, now_us);
    if (s->sched == NULL)
        return RC_MALFORMED;
    sched_hour(s->sched, fmod(s->start_hour + HOURS * (double)now_us / s->day_us, HOURS));
    if (is_event(line, "task"))
        return hear_task(s, line, now_us);
    if (is_event(line, "result"))
        return hear_result(s, line, now_us);
    if (is_event(line, "up") || is_event(line, "down"))
        return hear_change(s, line, is_event(line, "up"), now_us);
    return is_event(line, "timer") || is_event(line, "refused") ? RC_OK : RC_MALFORMED;
}

enum rc sched_lines_input(struct sched_lines *s, struct bytes line, struct err *err)
{
    struct json_node *node = NULL;
    enum rc rc = json_open(&node, line, err);
    if (rc == RC_OK)
        rc = hear(s, node);
    json_free(node);
    s->is_owed = rc == RC_OK;
    s->is_timed = false;
    return rc;
}

struct refine *sched_lines_refine(struct sched_lines *s)
{
    return s->sched != NULL ? sched_refine(s->sched) : NULL;
}

// ---- Making it

enum rc sched_lines_new(struct sched_lines **out, const struct policy *policy)
{
    struct arena *own = arena_new(sizeof **out + 65536);
    struct sched_lines *s = own != NULL ? arena_take(own, sizeof *s) : NULL;
    *out = s;
    if (s == NULL) {
        arena_free(own);
        return RC_NOMEM;
    }
    *s = (struct sched_lines){
        .policy = policy, .own = own, .class_count = 1, .armed_us = UINT64_MAX};
    return RC_OK;
}

void sched_lines_free(struct sched_lines *s)
{
    if (s == NULL)
        return;
    arena_free(s->arena);
    arena_free(s->own);
}
