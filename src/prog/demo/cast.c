// SPDX-License-Identifier: MIT
// The processes of `shoal demo`: a hub, its helpers, and what befalls them.
#include "prog/demo/cast.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "os/child.h"
#include "os/file.h"
#include "prog/hub/options.h"
#include "wire/json.h"

#define SELF         "/proc/self/exe"
#define COMPETITOR   "while :; do :; done"
#define CROWDED_NICE 5
#define PERIOD_US    100000u // as that of control groups
#define SHARE_US     10000u  // of each period
#define FIRST_US     1000000u
#define EACH_US      2500000u // between two blows to the same helper, at least; up to twice this
#define FREEZE_US    1000000u // at least; up to half as much again
#define IDLE_US      1500000u // so long it may wait for work to be killed with
#define REVIVE_US    500000u
#define WORDS_BYTES  128u

// The ones that promise most keep it least: that has to be learned.
const struct demo_part demo_part[DEMO_HELPERS] = {
    {"plain", "one worker, nothing wrong", "1", DEMO_SOUND},
    {"steady", "one worker, nothing wrong", "1", DEMO_SOUND},
    {"quota", "two workers, 10 % of a processor", "2", DEMO_QUOTA},
    {"crowded", "low priority beside a busy program", "1", DEMO_CROWDED},
    {"mortal", "two workers, kill -9 with work in hand", "2", DEMO_MORTAL},
    {"frozen", "two workers, stops for a second at times", "2", DEMO_FROZEN},
};

struct helper_child {
    struct cast *cast;
    uint32_t index;
    const struct demo_part *part;
    struct child *child; // NULL: not started, or dead
    struct loop_timer *turn;
    struct rng rng;
    bool is_in;     // with the hub
    uint32_t tasks; // in hand
    bool is_due;    // to be killed as soon as it has work
    bool is_stopped;
    char words[WORDS_BYTES]; // its last ones that were not meant for us
};

struct cast {
    struct cast_cfg cfg;
    struct child *hub;
    struct child *competitor;
    char program[FILE_PATH_BYTES]; // this one
    uint16_t port;
    bool is_ready;
    bool is_troubled;
    char hub_words[WORDS_BYTES];
    struct helper_child helper[DEMO_HELPERS];
};

// ---- What they say

static void keep_words(char words[static WORDS_BYTES], const char *line)
{
    struct text t = text_of(words, WORDS_BYTES);
    const char *prefix = "shoal: ";
    const size_t skip = strncmp(line, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    text_add_safe(&t, bytes_text(line + skip));
}

// NULL: this line is for people, and was kept.
static struct json_node *line_event(const char *line, char words[static WORDS_BYTES],
                                    struct bytes *event)
{
    struct json_node *top = NULL;
    struct err err;
    if (line[0] == '{' && json_open(&top, bytes_text(line), &err) == RC_OK &&
        json_get_text(json_get(top, "event"), event))
        return top;
    json_free(top);
    keep_words(words, line);
    return NULL;
}

static void fail(struct cast *c, const char *who, const char *words)
{
    char why[2 * WORDS_BYTES];
    struct text t = text_of(why, sizeof why);
    text_addf(&t, "%s ended: %s", who, words[0] != 0 ? words : "it did not say why");
    c->cfg.on_failed(c->cfg.self, why);
}

// ---- Starting them

bool cast_takes_policy(void)
{
    for (size_t i = 0; i < hub_command.count; i++)
        if (strcmp(hub_command.spec[i].name, "policy") == 0)
            return true;
    return false;
}

void cast_find_program(char out[static FILE_PATH_BYTES])
{
    const ssize_t len = readlink(SELF, out, FILE_PATH_BYTES - 1);
    out[len > 0 ? len : 0] = 0;
    if (!file_exists(out)) // removed since: it can still be run by the kernel's name for it
        bytes_to_text(bytes_text(SELF), out, FILE_PATH_BYTES);
}

static enum rc state_of(char out[static FILE_PATH_BYTES], const struct cast *c, const char *who,
                        struct err *err)
{
    struct text t = text_of(out, FILE_PATH_BYTES);
    text_addf(&t, "%s/%s", c->cfg.folder, who);
    return t.is_cut ? err_set(err, RC_IO, "%s: the path is too long", c->cfg.folder) : RC_OK;
}

static void helper_line(void *self, const char *line);
static void helper_end(void *self, int status);

static enum rc start_helper(struct helper_child *h, struct err *err)
{
    char state[FILE_PATH_BYTES];
    char hub[32];
    struct cast *c = h->cast;
    struct text t = text_of(hub, sizeof hub);
    text_addf(&t, "127.0.0.1:%u", c->port);
    const char *const argv[] = {c->program,     "helper",    "--hub",       hub,       "--slots",
                                h->part->slots, "--peer-id", h->part->name, "--state", state,
                                "--store-size", "64M",       "--json",      NULL};
    const bool is_crowded = h->part->ill == DEMO_CROWDED;
    const struct child_cfg cfg = {.loop = c->cfg.loop,
                                  .budget = c->cfg.budget,
                                  .argv = argv,
                                  .nice = is_crowded ? CROWDED_NICE : 0,
                                  .is_pinned = is_crowded,
                                  .self = h,
                                  .on_line = helper_line,
                                  .on_end = helper_end};
    h->is_in = false;
    h->tasks = 0;
    const enum rc rc = state_of(state, c, h->part->name, err);
    return rc == RC_OK ? child_start(&h->child, &cfg, err) : rc;
}

static void start_helpers(struct cast *c)
{
    struct err err;
    for (uint32_t i = 0; i < DEMO_HELPERS; i++) {
        if (start_helper(&c->helper[i], &err) == RC_OK)
            continue;
        c->cfg.on_failed(c->cfg.self, err.text);
        return;
    }
}

static void hub_line(void *self, const char *line)
{
    struct cast *c = self;
    struct bytes event;
    uint64_t port = 0;
    struct json_node *top = line_event(line, c->hub_words, &event);
    if (top == NULL)
        return;
    if (bytes_is(event, "listening") && json_get_u64(json_get(top, "port"), UINT16_MAX, &port)) {
        c->port = (uint16_t)port;
        start_helpers(c);
    } else if (bytes_is(event, "task-lost")) {
        c->cfg.on_lost(c->cfg.self);
    }
    json_free(top);
}

static void hub_end(void *self, int status)
{
    (void)status;
    struct cast *c = self;
    fail(c, "the hub", c->hub_words);
}

static enum rc start_hub(struct cast *c, struct err *err)
{
    char state[FILE_PATH_BYTES];
    const char *const argv[] = {c->program,
                                "hub",
                                "--listen",
                                "127.0.0.1:0",
                                "--open",
                                "--json",
                                "--state",
                                state,
                                "--store-size",
                                "64M",
                                "--results-size",
                                "1M", // the same flight again is to be work again
                                cast_takes_policy() ? "--policy" : NULL,
                                c->cfg.policy,
                                NULL};
    const struct child_cfg cfg = {.loop = c->cfg.loop,
                                  .budget = c->cfg.budget,
                                  .argv = argv,
                                  .self = c,
                                  .on_line = hub_line,
                                  .on_end = hub_end};
    const enum rc rc = state_of(state, c, "hub", err);
    return rc == RC_OK ? child_start(&c->hub, &cfg, err) : rc;
}

// A program that computes and does nothing else, on the processor of the crowded helper.
static void start_competitor(struct cast *c)
{
    struct err err;
    static const char *const argv[] = {"/bin/sh", "-c", COMPETITOR, NULL};
    const struct child_cfg cfg = {
        .loop = c->cfg.loop, .budget = c->cfg.budget, .argv = argv, .is_pinned = true};
    if (child_start(&c->competitor, &cfg, &err) != RC_OK)
        c->cfg.on_failed(c->cfg.self, err.text);
}

// ---- What befalls them

static void mark(struct helper_child *h, uint64_t for_us)
{
    struct cast *c = h->cast;
    const struct demo_mark m = {h->index, loop_now_us(c->cfg.loop), for_us};
    c->cfg.on_mark(c->cfg.self, &m);
}

static void wait_for_turn(struct helper_child *h, uint64_t wait_us)
{
    loop_timer_at(h->turn, time_after(loop_now_us(h->cast->cfg.loop), wait_us));
}

static uint64_t drawn_us(struct helper_child *h, uint64_t least_us, uint64_t more_us)
{
    return least_us + rng_below(&h->rng, more_us);
}

// Its share of each period, then not.
static void turn_of_quota(struct helper_child *h)
{
    h->is_stopped = !h->is_stopped;
    child_signal_all(h->child, h->is_stopped ? SIGSTOP : SIGCONT);
    wait_for_turn(h, h->is_stopped ? PERIOD_US - SHARE_US : SHARE_US);
}

static void turn_of_frozen(struct helper_child *h)
{
    h->is_stopped = !h->is_stopped;
    child_signal_all(h->child, h->is_stopped ? SIGSTOP : SIGCONT);
    const uint64_t wait_us =
        h->is_stopped ? drawn_us(h, FREEZE_US, FREEZE_US / 2) : drawn_us(h, EACH_US, EACH_US);
    if (h->is_stopped)
        mark(h, wait_us);
    wait_for_turn(h, wait_us);
}

static void strike(struct helper_child *h)
{
    h->is_due = false;
    loop_timer_at(h->turn, UINT64_MAX); // until it has ended
    mark(h, 0);
    child_signal(h->child, SIGKILL); // its workers end with it
}

// Dead: back again. Alive: to be killed with its next task, and if none comes soon, without.
static void turn_of_mortal(struct helper_child *h)
{
    struct err err;
    if (h->child == NULL) {
        if (start_helper(h, &err) != RC_OK)
            h->cast->cfg.on_failed(h->cast->cfg.self, err.text);
        wait_for_turn(h, drawn_us(h, EACH_US, EACH_US));
    } else if (h->tasks > 0 || h->is_due) {
        strike(h);
    } else {
        h->is_due = true;
        wait_for_turn(h, IDLE_US);
    }
}

static void on_turn(void *self)
{
    struct helper_child *h = self;
    switch (h->part->ill) {
    case DEMO_QUOTA:
        turn_of_quota(h);
        break;
    case DEMO_FROZEN:
        turn_of_frozen(h);
        break;
    case DEMO_MORTAL:
        turn_of_mortal(h);
        break;
    case DEMO_SOUND:
    case DEMO_CROWDED:
        break;
    }
}

void cast_trouble(struct cast *c)
{
    c->is_troubled = true;
    start_competitor(c);
    for (uint32_t i = 0; i < DEMO_HELPERS; i++) {
        struct helper_child *h = &c->helper[i];
        const enum demo_ill ill = h->part->ill;
        if (ill == DEMO_MORTAL || ill == DEMO_FROZEN)
            wait_for_turn(h, drawn_us(h, FIRST_US, EACH_US));
        else if (ill == DEMO_QUOTA)
            wait_for_turn(h, 0);
    }
}

// ---- Helpers' lives

static void count_in(struct cast *c)
{
    uint32_t in = 0;
    for (uint32_t i = 0; i < DEMO_HELPERS; i++)
        in += c->helper[i].is_in;
    if (in < DEMO_HELPERS || c->is_ready)
        return;
    c->is_ready = true;
    c->cfg.on_ready(c->cfg.self, c->port);
}

static void helper_line(void *self, const char *line)
{
    struct helper_child *h = self;
    struct bytes event;
    struct json_node *top = line_event(line, h->words, &event);
    if (top == NULL)
        return;
    if (bytes_is(event, "in")) {
        h->is_in = true;
        count_in(h->cast);
    } else if (bytes_is(event, "task")) {
        h->tasks++;
        if (h->is_due && child_is_alive(h->child))
            strike(h);
    } else if (bytes_is(event, "done") || bytes_is(event, "failed")) {
        h->tasks -= h->tasks > 0;
    }
    json_free(top);
}

static void helper_end(void *self, int status)
{
    (void)status;
    struct helper_child *h = self;
    child_free(h->child);
    h->child = NULL;
    if (h->cast->is_troubled && h->part->ill == DEMO_MORTAL)
        wait_for_turn(h, REVIVE_US);
    else
        fail(h->cast, h->part->name, h->words);
}

// ---- All of it

enum rc cast_new(struct cast **out, const struct cast_cfg *cfg, struct err *err)
{
    *out = NULL;
    struct cast *c = budget_take(cfg->budget, sizeof *c);
    if (c == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    *c = (struct cast){.cfg = *cfg};
    cast_find_program(c->program);
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < DEMO_HELPERS; i++) {
        struct helper_child *h = &c->helper[i];
        *h = (struct helper_child){.cast = c,
                                   .index = i,
                                   .part = &demo_part[i],
                                   .rng = rng_seeded(num_wrap_add(cfg->seed, i + 1))};
        if (rc == RC_OK && loop_timer_new(&h->turn, cfg->loop, on_turn, h) != RC_OK)
            rc = err_set(err, RC_NOMEM, "out of memory");
    }
    if (rc == RC_OK)
        rc = start_hub(c, err);
    if (rc == RC_OK)
        *out = c;
    else
        cast_free(c);
    return rc;
}

void cast_free(struct cast *c)
{
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < DEMO_HELPERS; i++) {
        child_free(c->helper[i].child);
        loop_timer_free(c->helper[i].turn);
    }
    child_free(c->competitor);
    child_free(c->hub);
    budget_give(c->cfg.budget, c);
}
