// SPDX-License-Identifier: MIT
// `shoal node`: a node of the DHT that stays.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "os/loop.h"
#include "prog/cmd.h"
#include "prog/node/host.h"
#include "prog/node/view.h"

struct node_cmd_options {
    struct cmd_common common;
    struct node_options node;
    uint64_t port;
    bool is_read_only;
    bool is_metered;
    uint64_t source_rate;
    uint64_t answer_bytes_s;
    uint64_t status_s;
};

static const struct option_spec specs[] = {
    {.name = "port",
     .kind = OPTION_U64,
     .max = 65535,
     .initial = "6881",
     .sentence = "UDP port to listen on; 0: any that is free",
     .offset = offsetof(struct node_cmd_options, port)},
    NODE_OPTIONS(struct node_cmd_options),
    {.name = "read-only",
     .kind = OPTION_FLAG,
     .sentence = "ask and do not answer: for machines that others cannot reach (BEP 43)",
     .offset = offsetof(struct node_cmd_options, is_read_only)},
    {.name = "metered",
     .kind = OPTION_FLAG,
     .sentence = "spend at most 1 MB a day on upkeep instead of 5, and do not answer",
     .offset = offsetof(struct node_cmd_options, is_metered)},
    {.name = "source-rate",
     .kind = OPTION_U64,
     .max = 1000000,
     .initial = "20",
     .sentence = "queries a second that one address may ask; 0: any number",
     .offset = offsetof(struct node_cmd_options, source_rate)},
    {.name = "answer-rate",
     .kind = OPTION_SIZE,
     .max = UINT64_C(1) << 31,
     .initial = "128k",
     .sentence = "bytes a second for all answers together; 0: any number",
     .offset = offsetof(struct node_cmd_options, answer_bytes_s)},
    {.name = "status",
     .kind = OPTION_U64,
     .min = 1,
     .max = 86400,
     .initial = "60",
     .value = "SECONDS",
     .sentence = "between two lines that say how it fares",
     .offset = offsetof(struct node_cmd_options, status_s)},
    CMD_COMMON(struct node_cmd_options),
};

static const char *const examples[] = {
    "shoal node", "shoal node --port 6882 --bootstrap 192.168.1.20:6881 --no-routers",
    "shoal node --db /var/lib/shoal --json", NULL};

static const struct option_command command = {
    .name = "node",
    .summary = "be a node of the DHT, by which players find one another",
    .description =
        "Joins the distributed hash table that BitTorrent clients make up (Mainline: BEP 5, 32, "
        "42, 43, 44, 51), keeps for others what they store, and answers what they ask. Nodes of "
        "shoal keep signed records for one another besides.\n\n"
        "It needs one UDP port and no server: it begins with the nodes that it knew last time, "
        "with those on the same network, with --bootstrap, or with well-known ones. Ctrl-C ends "
        "it. 'shoal dht' asks the same network single questions.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side { // all that this command is made of
    struct node_cmd_options o;
    struct arena *arena;
    char folder[FILE_PATH_BYTES];
    struct id id;
    struct loop *loop;
    struct loop_timer *status;
    struct node_host *host;
    struct node_view view;
};

static struct node_fares fares(struct side *s)
{
    return (struct node_fares){node_host_dht(s->host), node_host_traffic(s->host),
                               loop_now_us(s->loop)};
}

static void on_event(void *self, const struct dht_event *e)
{
    struct side *s = self;
    if (s->host != NULL)
        node_view_event(&s->view, e, node_host_dht(s->host), loop_now_us(s->loop));
}

static void on_word(void *self, const char *line)
{
    (void)self;
    fprintf(stderr, "shoal: %s\n", line);
}

static void on_status(void *self)
{
    struct side *s = self;
    const struct node_fares f = fares(s);
    node_view_status(&s->view, &f);
    loop_timer_at(s->status, time_after(f.now_us, s->o.status_s * US_PER_S));
}

static void on_signal(void *self, int number)
{
    (void)number;
    struct side *s = self;
    loop_stop(s->loop);
}

static uint32_t limit_of(uint64_t option)
{
    return option == 0 ? DHT_NO_LIMIT : (uint32_t)option;
}

static enum rc open_host(struct side *s, struct err *err)
{
    const struct node_host_cfg cfg = {.loop = s->loop,
                                      .arena = s->arena,
                                      .options = &s->o.node,
                                      .folder = s->folder,
                                      .keeps = true,
                                      .port = (uint16_t)s->o.port,
                                      .dht = {.id = &s->id,
                                              // what strangers ask costs, too
                                              .is_read_only = s->o.is_read_only || s->o.is_metered,
                                              .is_metered = s->o.is_metered,
                                              .queries_s_max = limit_of(s->o.source_rate),
                                              .answer_bytes_s = limit_of(s->o.answer_bytes_s),
                                              .shelf = shelf_cfg_node()},
                                      .self = s,
                                      .on_event = on_event,
                                      .on_word = on_word};
    return node_host_new(&s->host, &cfg, err);
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    enum rc rc = node_folder(&s->o.node, s->o.common.state, true, s->folder, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->folder, err);
    if (rc == RC_OK)
        rc = loop_new(&s->loop, err);
    if (rc != RC_OK)
        return rc;
    rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->status, s->loop, on_status, s);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
    return open_host(s, err);
}

static int run(void *self)
{
    struct side *s = self;
    const struct net_addr at = node_host_at(s->host);
    const uint64_t now_us = loop_now_us(s->loop);
    s->view.is_json = s->o.common.is_json;
    node_view_start(&s->view, node_host_dht(s->host), &at, s->folder, now_us);
    loop_timer_at(s->status, time_after(now_us, s->o.status_s * US_PER_S));
    if (node_host_sources(s->host) == 0)
        on_word(s, "nobody is known to begin with: waiting to be found");
    loop_run(s->loop);
    const struct node_fares f = fares(s);
    node_view_end(&s->view, &f);
    return EXIT_DONE;
}

static void close_all(void *self)
{
    struct side *s = self;
    node_host_free(s->host);
    loop_timer_free(s->status);
    loop_free(s->loop);
    id_end(&s->id);
}

const struct cmd cmd_node = {.options = &command,
                             .side_bytes = sizeof(struct side),
                             .open = open_all,
                             .run = run,
                             .close = close_all};
