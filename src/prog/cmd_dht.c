// SPDX-License-Identifier: MIT
// `shoal dht`: one question to the DHT, by a node that lives as long as that takes.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "os/loop.h"
#include "prog/cmd.h"
#include "prog/dht/job.h"
#include "prog/dht/view.h"
#include "prog/node/host.h"

#define LOOK_US 250000u // between two looks at how far it is

struct dht_options {
    struct cmd_common common;
    struct node_options node;
    struct dht_words words;
    const char *out;
    uint64_t timeout_s;
};

static const struct option_spec specs[] = {
    {.name = "question",
     .kind = OPTION_TEXT,
     .traits = OPTION_POSITIONAL | OPTION_REQUIRED,
     .value = "QUESTION",
     .sentence = "ping, nodes, peers, announce, get, put, provide, providers or sample",
     .offset = offsetof(struct dht_options, words.tool)},
    {.name = "what",
     .kind = OPTION_TEXTS,
     .traits = OPTION_POSITIONAL,
     .value = "WHAT",
     .sentence = "what it is about, see above",
     .offset = offsetof(struct dht_options, words.what)},
    NODE_OPTIONS(struct dht_options),
    {.name = "timeout",
     .kind = OPTION_U64,
     .min = 1,
     .max = 3600,
     .initial = "30",
     .value = "SECONDS",
     .sentence = "give up after so long",
     .offset = offsetof(struct dht_options, timeout_s)},
    {.name = "port",
     .kind = OPTION_U64,
     .max = 65535,
     .initial = "0",
     .sentence = "announce: where peers will find us; 0: the port that this command uses",
     .offset = offsetof(struct dht_options, words.port)},
    {.name = "file",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "put: the value is in FILE",
     .offset = offsetof(struct dht_options, words.file)},
    {.name = "bencoded",
     .kind = OPTION_FLAG,
     .sentence = "put: the value is bencoded already, and no string",
     .offset = offsetof(struct dht_options, words.is_bencoded)},
    {.name = "mutable",
     .kind = OPTION_FLAG,
     .sentence = "put: under our key, not under its hash; the identity of --db signs it",
     .offset = offsetof(struct dht_options, words.is_mutable)},
    {.name = "key-file",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "put: the same with the identity in FILE",
     .offset = offsetof(struct dht_options, words.key_file)},
    {.name = "salt",
     .kind = OPTION_TEXT,
     .sentence = "put, get: which of a key's values; at most 64 bytes",
     .offset = offsetof(struct dht_options, words.salt)},
    {.name = "seq",
     .kind = OPTION_TEXT,
     .value = "N",
     .sentence = "put: the value's number, above the last one [milliseconds since 1970]",
     .offset = offsetof(struct dht_options, words.seq)},
    {.name = "cas",
     .kind = OPTION_TEXT,
     .value = "N",
     .sentence = "put: only if the number so far is N",
     .offset = offsetof(struct dht_options, words.cas)},
    {.name = "out",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "get: write the value to FILE, byte by byte",
     .offset = offsetof(struct dht_options, out)},
    CMD_COMMON(struct dht_options),
};

static const char *const examples[] = {
    "shoal dht peers 08ada5a7a6183aae1e09d831df6748d566095a10",
    "shoal dht put 'Hello World!' --bootstrap 127.0.0.1:6881",
    "shoal dht put --mutable --salt card --file card.txt",
    "shoal dht get e5f96f6f38320f0f33959cb4d3d656452117aadb",
    NULL,
};

static const struct option_command command = {
    .name = "dht",
    .summary = "ask the DHT a question: find, announce, get, put",
    .description =
        "Begins with the nodes that `shoal node` knew (--db), or with --bootstrap, asks, and ends. "
        "The questions:\n\n"
        "ping ADDR:PORT, sample ADDR:PORT: one node; which info-hashes it keeps peers for.\n\n"
        "nodes ID, peers HASH, announce HASH: ids and info-hashes of 40 hex digits.\n\n"
        "get TARGET, get KEY, put TEXT: values of at most 1000 bytes (BEP 44), under their hash, "
        "or under a public key and --salt.\n\n"
        "provide OBJECT, providers OBJECT: signed records of shoal's nodes that an object is to be "
        "had here, for 24 hours; CIDs or 64 hex digits.\n\n"
        "Exit code 1 if there is nothing, or nobody answers.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side { // all that this command is made of
    struct dht_options o;
    struct arena *arena;
    char folder[FILE_PATH_BYTES];
    struct dht_job job;
    struct id id;
    struct loop *loop;
    struct loop_timer *look;
    struct loop_timer *late;
    struct node_host *host;
    struct dht_view view;
    uint64_t start_us;
    uint32_t op; // 0: not begun, or a provider record
    bool is_begun;
    bool is_over;
    bool is_drawn; // a line of progress
    int exit_code;
};

// ---- How far it is

static void wipe(struct side *s)
{
    if (s->is_drawn)
        fputs("\r\033[K", stderr);
    s->is_drawn = false;
}

static void draw(struct side *s)
{
    if (s->o.common.is_json || !isatty(STDERR_FILENO))
        return;
    struct dht_stat stat;
    uint64_t asked = 0;
    dht_stat(node_host_dht(s->host), &stat);
    for (unsigned i = 0; i < KRPC_METHOD_COUNT; i++)
        asked += stat.queries_out[i];
    fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64 " queries answered, %" PRIu64 " s",
            s->is_begun ? "asking" : "looking for nodes", stat.answers_in, asked,
            time_since(s->start_us, loop_now_us(s->loop)) / US_PER_S);
    s->is_drawn = true;
}

// ---- The question

static void over(struct side *s, int exit_code)
{
    if (s->is_over)
        return;
    s->is_over = true;
    s->exit_code = exit_code;
    loop_stop(s->loop);
}

static void begin(struct side *s)
{
    s->is_begun = true;
    if (!dht_job_start(&s->job, node_host_dht(s->host), &s->op)) {
        fputs("shoal: the node refuses this question\n", stderr);
        over(s, EXIT_FAILED);
    }
}

static void on_done(struct side *s, const struct dht_event *e)
{
    struct err err;
    wipe(s);
    bool is_good = dht_view_done(&s->view, &s->job, e);
    if (s->o.out != NULL && s->view.has_value &&
        file_write(s->o.out, dht_view_content(&s->view), 0644, &err) != RC_OK)
        is_good = cmd_fail(&err) == EXIT_DONE;
    over(s, is_good ? EXIT_DONE : EXIT_FAILED);
}

static void on_event(void *self, const struct dht_event *e)
{
    struct side *s = self;
    if (s->is_over || s->host == NULL)
        return;
    if (e->kind == DHT_RESPONDS && e->rc == RC_OK && !s->is_begun)
        begin(s);
    if (e->op == 0 || e->op != s->op)
        return;
    if (e->kind == DHT_DONE) {
        on_done(s, e);
        return;
    }
    wipe(s);
    dht_view_event(&s->view, e);
}

static void on_word(void *self, const char *line)
{
    struct side *s = self;
    wipe(s);
    fprintf(stderr, "shoal: %s\n", line);
}

static void on_look(void *self)
{
    struct side *s = self;
    struct dht_stat stat;
    dht_stat(node_host_dht(s->host), &stat);
    draw(s);
    if (s->job.tool == DHT_TOOL_PROVIDE && stat.own_published > 0) {
        wipe(s);
        dht_view_provided(&s->view, stat.own_published,
                          time_since(s->start_us, loop_now_us(s->loop)));
        over(s, EXIT_DONE);
    }
    loop_timer_at(s->look, time_after(loop_now_us(s->loop), LOOK_US));
}

static void on_late(void *self)
{
    struct side *s = self;
    wipe(s);
    fprintf(stderr, "shoal: %s within %" PRIu64 " s\n",
            s->is_begun ? "no answer" : "no node could be reached", s->o.timeout_s);
    over(s, EXIT_FAILED);
}

static void on_signal(void *self, int number)
{
    struct side *s = self;
    wipe(s);
    over(s, EXIT_SIGNAL + number);
}

// ---- Life

static uint64_t unix_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t); // cannot fail with this clock
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum rc read_key(struct id *out, const char *path, struct err *err)
{
    struct budget budget = {.limit_bytes = 4096};
    struct bytes file;
    enum rc rc = file_read(&file, &budget, path, ID_FILE_BYTES, err);
    if (rc != RC_OK)
        return rc;
    rc = id_decode(out, file);
    file_forget(file, &budget);
    return rc == RC_OK ? rc : err_set(err, rc, "--key-file %s: not an identity file", path);
}

static enum rc open_id(struct side *s, struct err *err)
{
    if (!dht_job_wants_id(&s->job))
        return RC_OK;
    const char *path = s->o.words.key_file;
    const enum rc rc =
        path != NULL ? read_key(&s->id, path, err) : cmd_identity(&s->id, s->folder, err);
    return rc == RC_OK ? dht_job_sign(&s->job, &s->id, unix_ms(), err) : rc;
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc != RC_OK)
        return rc;
    rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->look, s->loop, on_look, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->late, s->loop, on_late, s);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
}

static enum rc open_host(struct side *s, struct err *err)
{
    // Others need not keep it in their tables, nor ask it anything: it is gone in a moment. But
    // who announces itself must be believed to be there.
    const bool is_read_only = s->job.tool != DHT_TOOL_PROVIDE;
    const struct node_host_cfg cfg = {.loop = s->loop,
                                      .arena = s->arena,
                                      .options = &s->o.node,
                                      .folder = s->folder,
                                      .dht = {.id = s->id.key != NULL ? &s->id : NULL,
                                              .is_read_only = is_read_only,
                                              .shelf = shelf_cfg_tiny()},
                                      .self = s,
                                      .on_event = on_event,
                                      .on_word = on_word};
    const enum rc rc = node_host_new(&s->host, &cfg, err);
    if (rc != RC_OK || dht_job_is_direct(&s->job) || node_host_sources(s->host) > 0)
        return rc;
    return err_set(err, RC_ABSENT, "nobody to ask: no known nodes in %s, and no --bootstrap",
                   s->folder);
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    s->view.is_json = s->o.common.is_json;
    enum rc rc = dht_job_read(&s->job, &s->o.words, s->arena, err);
    if (rc == RC_OK && s->o.out != NULL && s->job.tool != DHT_TOOL_GET)
        rc = err_set(err, RC_CONFIG, "--out is for get");
    if (rc == RC_OK)
        rc = node_folder(&s->o.node, s->o.common.state, dht_job_wants_id(&s->job), s->folder, err);
    if (rc == RC_OK)
        rc = open_id(s, err);
    if (rc == RC_OK)
        rc = open_loop(s, err);
    return rc == RC_OK ? open_host(s, err) : rc;
}

static int run(void *self)
{
    struct side *s = self;
    s->start_us = loop_now_us(s->loop);
    loop_timer_at(s->look, time_after(s->start_us, LOOK_US));
    loop_timer_at(s->late, time_after(s->start_us, s->o.timeout_s * US_PER_S));
    if (dht_job_is_direct(&s->job))
        begin(s);
    node_host_go(s->host);
    if (!s->is_over)
        loop_run(s->loop);
    return s->exit_code;
}

static void close_all(void *self)
{
    struct side *s = self;
    node_host_free(s->host);
    loop_timer_free(s->look);
    loop_timer_free(s->late);
    loop_free(s->loop);
    id_end(&s->id);
}

const struct cmd cmd_dht = {.options = &command,
                            .side_bytes = sizeof(struct side),
                            .open = open_all,
                            .run = run,
                            .close = close_all};
