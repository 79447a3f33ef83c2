// SPDX-License-Identifier: MIT
// `shoal helper`: lends this machine's spare cores to a hub.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "compute/helper.h"
#include "os/clock.h"
#include "os/device.h"
#include "os/entropy.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "prog/cell_code.h"
#include "prog/cmd.h"
#include "prog/crew.h"
#include "prog/helper/link.h"
#include "prog/helper/view.h"
#include "prog/objects.h"
#include "prog/uplink.h"

#define HEALTH_US     1000000u
#define MACHINE_BYTES ((size_t)1 << 30) // objects and results on their way

struct helper_options {
    struct cmd_common common;
    struct uplink_options uplink;
    const char *name;
    uint64_t slots;
    uint64_t store_bytes;
    uint64_t worker_bytes;
    const char *root;
    bool is_quiet;
};

static const struct option_spec specs[] = {
    UPLINK_OPTIONS(struct helper_options),
    {.name = "peer-id",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .sentence = "what people at the hub call this helper; its key tells who it is",
     .offset = offsetof(struct helper_options, name)},
    {.name = "slots",
     .kind = OPTION_U64,
     .max = NURSERY_WORKERS_MAX,
     .initial = "0",
     .sentence = "tasks at once; 0: half of the processors",
     .offset = offsetof(struct helper_options, slots)},
    {.name = "store-size",
     .kind = OPTION_SIZE,
     .min = 1u << 20,
     .max = (uint64_t)1 << 40,
     .initial = "2G",
     .sentence = "keep at most this much of scenes and other objects",
     .offset = offsetof(struct helper_options, store_bytes)},
    {.name = "worker-memory",
     .kind = OPTION_SIZE,
     .min = 64u << 20,
     .max = (uint64_t)1 << 40,
     .initial = "2G",
     .sentence = "memory that one task may use",
     .offset = offsetof(struct helper_options, worker_bytes)},
    {.name = "root",
     .kind = OPTION_TEXT,
     .value = "DIR",
     .initial = "/",
     .sentence = "read /proc and /sys below DIR",
     .offset = offsetof(struct helper_options, root)},
    {.name = "quiet",
     .kind = OPTION_FLAG,
     .sentence = "no line for each task",
     .offset = offsetof(struct helper_options, is_quiet)},
    CMD_COMMON(struct helper_options),
};

static const char *const examples[] = {"shoal helper --hub hub.example.org",
                                       "shoal helper --hub 192.168.1.20 --slots 4 --peer-id attic",
                                       NULL};

static const struct option_command command = {
    .name = "helper",
    .summary = "lend this machine's spare cores to a hub",
    .description =
        "Connects to a hub, says what this machine can do, and works on the tasks that it is "
        "given, each in a sandboxed worker process without files or network. Reconnects by "
        "itself. Ctrl-C ends it; what it was working on goes to others.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side { // all that this command is made of
    struct helper_options o;
    struct arena *arena;
    char state[FILE_PATH_BYTES];
    struct nursery *nursery;
    struct loop *loop;
    struct loop_timer *look;  // at the machine's health
    struct loop_timer *total; // of what was done
    struct id id;
    struct objects store;
    struct budget budget;
    struct device device;
    struct log log;
    struct crew *crew;
    struct helper *machine; // NULL until the crew has measured itself
    struct helper_link link;
    struct helper_view view;
    int exit_code;
};

static void on_wish(void *self, const struct helper_out *out)
{
    struct side *s = self;
    crew_do(s->crew, out);
}

static void on_event(void *self, const struct helper_event *e)
{
    struct side *s = self;
    helper_view_event(&s->view, e, helper_link_hub(&s->link), loop_now_us(s->loop));
}

static void end_with(struct side *s, const char *why)
{
    fprintf(stderr, "shoal: %s\n", why);
    s->exit_code = EXIT_FAILED;
    loop_stop(s->loop);
}

static void on_gone(void *self, const char *reason, uint64_t again_us)
{
    struct side *s = self;
    char room[ERR_TEXT_BYTES];
    struct text wait = text_of(room, sizeof room);
    if (again_us == 0) {
        end_with(s, reason);
        return;
    }
    text_add_time(&wait, again_us);
    fprintf(stderr, "shoal: %s\nshoal: trying again in %s\n", reason, room);
}

static void on_look(void *self)
{
    struct side *s = self;
    struct device_state state;
    device_look(&s->device, &state);
    struct msg_heartbeat health = {.load_permille = state.has_cpu ? state.cpu_permille : 0,
                                   .has_temperature = state.has_temp,
                                   .temperature_mc = state.has_temp ? state.temp_mdeg : 0,
                                   .memory_free_bytes = state.memory_free_bytes};
    helper_health(s->machine, &health);
    loop_timer_at(s->look, time_after(loop_now_us(s->loop), HEALTH_US));
}

static void on_total(void *self)
{
    struct side *s = self;
    struct helper_stat stat = helper_stat(s->machine);
    helper_view_total(&s->view, &stat, loop_now_us(s->loop));
    loop_timer_at(s->total, time_after(loop_now_us(s->loop), HELPER_VIEW_TOTAL_US));
}

static void on_failed(void *self, const char *why)
{
    struct side *s = self;
    char room[ERR_TEXT_BYTES];
    struct text text = text_of(room, sizeof room);
    text_addf(&text, "no worker can be had: %s", why);
    end_with(s, room);
}

static void describe(const struct side *s, struct msg_ability *a)
{
    *a = (struct msg_ability){.slots = (uint32_t)s->o.slots,
                              .cores = s->device.cpu_count,
                              .memory_bytes = s->device.memory_bytes};
    struct text cpu = text_of(a->cpu, sizeof a->cpu);
    text_addf(&cpu, "%s, %s", s->device.has_model ? s->device.model : "unknown", s->device.simd);
    struct text cage = text_of(a->cage, sizeof a->cage);
    text_add(&cage, crew_cage(s->crew));
}

static void connect_now(struct side *s)
{
    struct err err = {.text = ""};
    const struct helper_link_cfg cfg = {.loop = s->loop,
                                        .uplink = &s->o.uplink,
                                        .state = s->state,
                                        .machine = s->machine,
                                        .self = s,
                                        .on_wish = on_wish,
                                        .on_event = on_event,
                                        .on_gone = on_gone};
    if (helper_link_open(&s->link, &cfg, &err) != RC_OK)
        end_with(s, err.text);
}

static void on_ready(void *self, const struct msg_speed *speed, uint32_t count)
{
    struct side *s = self;
    struct helper_cfg cfg = {
        .budget = &s->budget,
        .store = s->store.store,
        .client = {.role = MSG_ROLE_HELPER, .key = s->id.key, .entropy = entropy_os()},
        .log = &s->log};
    struct text name = text_of(cfg.client.name, sizeof cfg.client.name);
    if (s->o.name != NULL)
        text_add_safe(&name, bytes_text(s->o.name));
    describe(s, &cfg.client.ability);
    cfg.client.ability.speed_count = count;
    memcpy(cfg.client.ability.speed, speed, count * sizeof *speed);
    if (helper_new(&s->machine, &cfg) != RC_OK) {
        on_failed(s, "out of memory");
        return;
    }
    crew_attach(s->crew, s->machine);
    if (!s->o.common.is_json) {
        struct bytes key = bytes_of(s->id.node.b, sizeof s->id.node.b);
        char hex[DIGEST_HEX_BYTES];
        hex_encode(key, hex);
        printf("shoal helper %.16s: %u of %u processors (%s), %.1f million cost units/s each, "
               "sandbox: %s\n",
               hex, (unsigned)s->o.slots, s->device.cpu_count, cfg.client.ability.cpu,
               (double)speed[0].units_s / 1e6, crew_cage(s->crew));
    }
    s->view = (struct helper_view){.is_json = s->o.common.is_json,
                                   .is_quiet = s->o.is_quiet,
                                   .start_us = loop_now_us(s->loop)};
    on_look(s);
    on_total(s);
    connect_now(s);
}

static void on_signal(void *self, int number)
{
    (void)number;
    struct side *s = self;
    loop_stop(s->loop);
}

static enum rc open_store(struct side *s, struct err *err)
{
    char path[FILE_PATH_BYTES];
    enum rc rc = cmd_path(path, s->state, "store", err);
    const struct objects_cfg cfg = {.path = path, .bytes_max = s->o.store_bytes};
    return rc == RC_OK ? objects_open(&s->store, s->arena, &cfg, err) : rc;
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc == RC_OK)
        rc = nursery_listen(s->nursery, s->loop);
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->look, s->loop, on_look, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->total, s->loop, on_total, s);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    s->budget.limit_bytes = MACHINE_BYTES;
    s->log = cmd_log(&s->o.common);
    struct nursery_cfg nursery = {.code = &cell_code_kernels};
    enum rc rc = nursery_start(&s->nursery, s->arena, &nursery, err); // before there is a secret
    if (rc == RC_OK)
        rc = cmd_state(&s->o.common, s->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->state, err);
    if (rc == RC_OK && device_open(&s->device, s->o.root) != RC_OK)
        rc = err_set(err, RC_CONFIG, "--root %s: the path is too long", s->o.root);
    if (rc == RC_OK)
        rc = open_store(s, err);
    if (rc == RC_OK)
        rc = open_loop(s, err);
    if (rc == RC_OK && s->o.slots == 0)
        s->o.slots = num_clamp(s->device.cpu_count / 2, 1, NURSERY_WORKERS_MAX);
    struct crew_cfg crew = {s->arena,          s->loop, s->nursery, (uint32_t)s->o.slots,
                            s->o.worker_bytes, s,       on_ready,   on_failed};
    return rc == RC_OK ? crew_new(&s->crew, &crew, err) : rc;
}

static int run(void *self)
{
    struct side *s = self;
    loop_run(s->loop);
    return s->exit_code;
}

static void close_all(void *self)
{
    struct side *s = self;
    if (s->machine != NULL) {
        struct helper_stat stat = helper_stat(s->machine);
        helper_view_total(&s->view, &stat, clock_now_us());
    }
    helper_link_close(&s->link);
    crew_free(s->crew);
    helper_free(s->machine);
    s->machine = NULL;
    nursery_stop(s->nursery);
    loop_timer_free(s->look);
    loop_timer_free(s->total);
    loop_free(s->loop);
    objects_close(&s->store);
    id_end(&s->id);
}

const struct cmd cmd_helper = {.options = &command,
                               .side_bytes = sizeof(struct side),
                               .open = open_all,
                               .run = run,
                               .close = close_all};
