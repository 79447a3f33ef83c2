// SPDX-License-Identifier: MIT
// The part of a check-up that looks at this machine as a helper: sandbox, kernels, memory, heat.
#include "prog/doctor/self.h"

#include "base/num.h"
#include "base/text.h"
#include "os/cage.h"
#include "os/device.h"
#include "prog/crew.h"

#define MEMORY_BYTES ((uint64_t)2 << 30) // of one task, as `shoal helper` has it unless told
#define HOT_MDEG     90000

struct doctor_self {
    struct doctor_self_cfg cfg;
    struct loop_timer *timer; // first the start, then the patience
    struct crew *crew;
    struct device device;
    bool is_begun;
    bool is_over;
};

static void say_sandbox(struct doctor_self *d)
{
    struct doctor_view *v = d->cfg.view;
    char room[256];
    struct text walls = text_of(room, sizeof room);
    const uint32_t bits = crew_walls(d->crew);
    cage_walls_text(bits, &walls);
    if (cage_level(bits) == CAGE_LEVEL_SPACES) {
        doctor_say(v, DOCTOR_OK, "sandbox", "%s", room);
        return;
    }
    doctor_fix(v,
               "strangers' tasks are safely walled in, a second wall would be better: let "
               "unprivileged processes make namespaces (sysctl kernel.unprivileged_userns_clone, "
               "user.max_user_namespaces; in a container, its seccomp profile)");
    doctor_say(v, DOCTOR_WARN, "sandbox", "%s", room);
}

static void say_kernels(struct doctor_view *v, const struct msg_speed *speed, uint32_t count)
{
    char room[256];
    struct text text = text_of(room, sizeof room);
    for (uint32_t i = 0; i < count; i++) {
        text_addf(&text, "%s%s", i > 0 ? ", " : "", speed[i].kernel);
        if (i > 0) // the others are not measured: they cost what a call costs
            continue;
        text_addf(&text, " (%.1f million cost units/s in one worker)",
                  (double)speed[i].units_s / 1e6);
        doctor_number(v, "units_s", (double)speed[i].units_s);
    }
    doctor_say(v, DOCTOR_OK, "kernels", "%s", room);
}

static void say_processor(struct doctor_self *d)
{
    const struct device *m = &d->device;
    doctor_number(d->cfg.view, "processors", m->cpu_count);
    doctor_say(d->cfg.view, DOCTOR_OK, "processor", "%u of %s, %s", m->cpu_count,
               m->has_model ? m->model : "an unknown model", m->simd);
}

static void say_memory(struct doctor_self *d, const struct device_state *now)
{
    struct doctor_view *v = d->cfg.view;
    char room[64];
    struct text text = text_of(room, sizeof room);
    if (!now->has_memory || !d->device.has_memory) {
        doctor_say(v, DOCTOR_SKIP, "memory", "how much there is cannot be read here");
        return;
    }
    text_add_size(&text, now->memory_free_bytes);
    text_add(&text, " free of ");
    text_add_size(&text, d->device.memory_bytes);
    doctor_number(v, "free_bytes", (double)now->memory_free_bytes);
    doctor_number(v, "bytes", (double)d->device.memory_bytes);
    if (now->memory_free_bytes >= MEMORY_BYTES) {
        doctor_say(v, DOCTOR_OK, "memory", "%s", room);
        return;
    }
    doctor_fix(v, "one task may use 2 GiB: close something, or lend less with "
                  "`shoal helper --worker-memory`");
    doctor_say(v, DOCTOR_WARN, "memory", "%s", room);
}

static void say_heat(struct doctor_view *v, const struct device_state *now)
{
    if (!now->has_temp) {
        doctor_say(v, DOCTOR_SKIP, "heat", "no sensor can be read: as in most virtual machines");
        return;
    }
    doctor_number(v, "celsius", now->temp_mdeg / 1000.0);
    if (now->temp_mdeg > HOT_MDEG)
        doctor_fix(v, "it will slow down by itself: clean its fans, or lend fewer --slots");
    doctor_say(v, now->temp_mdeg > HOT_MDEG ? DOCTOR_WARN : DOCTOR_OK, "heat",
               "the hottest sensor says %.1f degrees Celsius", now->temp_mdeg / 1000.0);
}

static void finish(struct doctor_self *d)
{
    struct device_state now;
    if (d->is_over)
        return;
    d->is_over = true;
    loop_timer_at(d->timer, UINT64_MAX);
    device_look(&d->device, &now);
    say_processor(d);
    say_memory(d, &now);
    say_heat(d->cfg.view, &now);
    d->cfg.on_done(d->cfg.self);
}

static void say_no_sandbox(struct doctor_self *d, const char *why)
{
    doctor_fix(d->cfg.view, "without a sandbox this machine cannot help, only play: it needs a "
                            "Linux with seccomp; in a container, one that lets it be used");
    doctor_say(d->cfg.view, DOCTOR_FAIL, "sandbox", "no worker can be had: %s", why);
}

static void on_ready(void *self, const struct msg_speed *speed, uint32_t count)
{
    struct doctor_self *d = self;
    if (d->is_over)
        return;
    say_sandbox(d);
    say_kernels(d->cfg.view, speed, count);
    finish(d);
}

static void on_failed(void *self, const char *why)
{
    struct doctor_self *d = self;
    if (d->is_over)
        return;
    say_no_sandbox(d, why);
    finish(d);
}

static void begin(struct doctor_self *d)
{
    struct err err = {.text = ""};
    const struct crew_cfg crew = {.arena = d->cfg.arena,
                                  .loop = d->cfg.loop,
                                  .nursery = d->cfg.nursery,
                                  .lanes = 1,
                                  .memory_bytes = MEMORY_BYTES,
                                  .self = d,
                                  .on_ready = on_ready,
                                  .on_failed = on_failed};
    if (d->cfg.nursery == NULL)
        on_failed(d, d->cfg.nursery_why);
    else if (crew_new(&d->crew, &crew, &err) != RC_OK)
        on_failed(d, err.text);
    else
        loop_timer_at(d->timer, time_after(loop_now_us(d->cfg.loop), d->cfg.timeout_us));
}

static void on_due(void *self)
{
    struct doctor_self *d = self;
    if (d->is_begun) {
        on_failed(d, "the benchmark did not end in time");
        return;
    }
    d->is_begun = true;
    begin(d);
}

enum rc doctor_self_start(struct doctor_self **out, const struct doctor_self_cfg *cfg,
                          struct err *err)
{
    *out = NULL;
    struct doctor_self *d = arena_take(cfg->arena, sizeof *d);
    if (d == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    d->cfg = *cfg;
    enum rc rc = device_open(&d->device, NULL);
    if (rc == RC_OK)
        rc = loop_timer_new(&d->timer, cfg->loop, on_due, d);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot look at this machine: %s", rc_text(rc));
    loop_timer_at(d->timer, loop_now_us(cfg->loop));
    *out = d;
    return RC_OK;
}

void doctor_self_free(struct doctor_self *d)
{
    if (d == NULL)
        return;
    crew_free(d->crew);
    loop_timer_free(d->timer);
}
