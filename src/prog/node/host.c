// SPDX-License-Identifier: MIT
// A node of the DHT on a real host: the machine, its socket, its timers, its file.
#include "prog/node/host.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "dht/entry.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/lan.h"
#include "os/loop.h"
#include "os/names.h"
#include "prog/cmd.h"
#include "trust/fault.h"

#define TABLE      "dht-table"
#define WALL_US    60000000u // the wall clock is looked at
#define WOKE_S     30u       // it went on by so much more than ours: the machine slept
#define RETRY_US   60000000u // names are asked again while nobody answers
#define MEET_US    10000000u // looked at so often while nobody answers
#define HOST_BYTES NAMES_HOST_BYTES_MAX
#define LINE_BYTES (HOST_BYTES + 128)

// Kept up for everybody by those who make large clients.
static const char *const routers[] = {"router.bittorrent.com:6881", "dht.transmissionbt.com:6881",
                                      "dht.libtorrent.org:25401"};

struct node_host {
    struct node_host_cfg cfg;
    struct udp *udp;
    struct lan *lan;
    struct names *names;
    struct dht *dht;
    struct loop_timer *due;   // the machine's
    struct loop_timer *save;  // of the table
    struct loop_timer *wall;  // of the wall clock
    struct loop_timer *again; // of the names, while nobody answers
    struct loop_timer *meet;  // of the entry, if the node stays
    struct entry entry;
    uint64_t wall_s, wall_us; // what both clocks said last
    size_t sources;
    bool is_answered;
};

static uint64_t now_of(const struct node_host *n)
{
    return loop_now_us(n->cfg.loop);
}

// ---- The machine

static void say(const struct node_host *n, const char *line)
{
    n->cfg.on_word(n->cfg.self, line);
}

static void on_responds(struct node_host *n, bool is_answered)
{
    n->is_answered = is_answered;
    loop_timer_at(n->again, is_answered ? UINT64_MAX : now_of(n));
}

static void drain(struct node_host *n)
{
    struct dht_event e;
    while (dht_next(n->dht, &e)) {
        if (entry_event(&n->entry, n->dht, &e))
            continue;
        if (e.kind == DHT_RESPONDS)
            on_responds(n, e.rc == RC_OK);
        n->cfg.on_event(n->cfg.self, &e);
    }
}

static void arm(struct node_host *n)
{
    loop_timer_at(n->due, dht_due_us(n->dht));
}

void node_host_go(struct node_host *n)
{
    drain(n);
    arm(n);
}

static void on_due(void *self)
{
    struct node_host *n = self;
    dht_tick(n->dht, now_of(n));
    drain(n);
}

static void on_datagram(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct node_host *n = self;
    dht_input(n->dht, from, datagram, now_of(n));
    drain(n);
}

// Before the loop sleeps.
static void on_sleep(void *self)
{
    struct node_host *n = self;
    arm(n);
    udp_flush(n->udp);
}

static void on_wall(void *self)
{
    struct node_host *n = self;
    const uint64_t us = now_of(n), s = clock_wall_s();
    const uint64_t passed_s = time_since(n->wall_us, us) / US_PER_S;
    const bool was_asleep = n->wall_s != 0 && s > n->wall_s + passed_s + WOKE_S;
    n->wall_s = s;
    n->wall_us = us;
    dht_wall(n->dht, s, us);
    if (was_asleep)
        dht_woke(n->dht, us);
    loop_timer_at(n->wall, time_after(us, WALL_US));
}

// ---- Whom to begin with

// Other shoal nodes, through whoever answers.
static void on_meet(void *self)
{
    struct node_host *n = self;
    if (n->is_answered)
        entry_tick(&n->entry, n->dht, clock_wall_s(), now_of(n));
    loop_timer_at(n->meet, num_max(entry_due_us(&n->entry), time_after(now_of(n), MEET_US)));
}

static void on_address(void *self, const char *host, const struct net_addr *addr)
{
    (void)host;
    struct node_host *n = self;
    const bool is_ip4 = net_addr_is_ip4(addr);
    if (is_ip4 ? udp_has_ip4(n->udp) : udp_has_ip6(n->udp))
        dht_contact(n->dht, addr);
}

static void on_failed(void *self, const char *host, const char *why)
{
    struct node_host *n = self;
    char room[LINE_BYTES];
    struct text line = text_of(room, sizeof room);
    text_addf(&line, "cannot find %s: %s", host, why);
    say(n, room);
}

static void on_heard(void *self, const struct net_addr *from)
{
    struct node_host *n = self;
    if (!n->is_answered) { // said once: later ones are met in any case
        char where[NET_ADDR_TEXT_BYTES], room[LINE_BYTES];
        net_addr_text(from, where);
        struct text line = text_of(room, sizeof room);
        text_addf(&line, "%s is on the same network", where);
        say(n, room);
    }
    dht_contact(n->dht, from);
}

static enum rc ask(struct node_host *n, const char *text, struct err *err)
{
    char host[HOST_BYTES];
    uint16_t port = 0;
    if (!option_split_addr(text, -1, host, sizeof host, &port) || port == 0)
        return err_set(err, RC_CONFIG, "--bootstrap %.100s: must be HOST:PORT", text);
    n->sources++;
    const enum rc rc = names_ask(n->names, host, port);
    return rc == RC_OK ? rc : err_set(err, rc, "--bootstrap %.100s: %s", text, rc_text(rc));
}

static enum rc ask_all(struct node_host *n, struct err *err)
{
    const struct option_texts *given = &n->cfg.options->bootstrap;
    enum rc rc = RC_OK;
    n->sources = 0;
    for (size_t i = 0; i < given->count && rc == RC_OK; i++)
        rc = ask(n, given->at[i], err);
    const bool is_alone = n->cfg.options->bind != NULL && cmd_is_loopback(n->cfg.options->bind);
    if (given->count > 0 || !n->cfg.options->has_routers || is_alone)
        return rc;
    for (size_t i = 0; i < ARRAY_COUNT(routers) && rc == RC_OK; i++)
        rc = ask(n, routers[i], err);
    return rc;
}

static void on_again(void *self)
{
    struct node_host *n = self;
    if (ask_all(n, NULL) != RC_OK) // they were fine at the start; the next turn will do
        say(n, "cannot ask for names now");
    loop_timer_at(n->again, time_after(now_of(n), RETRY_US));
}

// ---- The table's file

static enum rc table_path(const struct node_host *n, char out[static FILE_PATH_BYTES],
                          struct err *err)
{
    return cmd_path(out, n->cfg.folder, TABLE, err);
}

static enum rc load(struct node_host *n, struct err *err)
{
    char path[FILE_PATH_BYTES];
    struct budget budget = {.limit_bytes = DHT_SAVE_BYTES_MAX + 64};
    struct bytes file;
    enum rc rc = table_path(n, path, err);
    if (rc != RC_OK)
        return rc;
    rc = file_read(&file, &budget, path, DHT_SAVE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc == RC_ABSENT ? RC_OK : rc;
    if (dht_load(n->dht, file) == RC_OK)
        n->sources++;
    else
        say(n, "the table of known nodes is damaged: starting without it");
    file_forget(file, &budget);
    return RC_OK;
}

static enum rc save(struct node_host *n, struct err *err)
{
    char path[FILE_PATH_BYTES];
    uint8_t room[DHT_SAVE_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    if (!dht_save(n->dht, &b))
        return err_set(err, RC_FULL, "the table of known nodes does not fit its file");
    const enum rc rc = table_path(n, path, err);
    return rc == RC_OK ? file_write(path, buffer_bytes(&b), 0600, err) : rc;
}

// Who knows nobody, perhaps because the network is away, keeps what was saved before.
static void save_or_say(struct node_host *n)
{
    struct err err;
    struct dht_stat stat;
    dht_stat(n->dht, &stat);
    if (stat.contacts_good + stat.contacts_questionable == 0)
        return;
    if (save(n, &err) != RC_OK)
        say(n, err.text);
}

static void on_save(void *self)
{
    struct node_host *n = self;
    save_or_say(n);
    loop_timer_at(n->save, time_after(now_of(n), NODE_SAVE_US));
}

// ---- Life

static enum rc bind_address(const struct node_host_cfg *cfg, struct net_addr *out, struct err *err)
{
    const char *bind = cfg->options->bind;
    *out = (struct net_addr){.port = cfg->port};
    if (bind == NULL)
        return RC_OK;
    char room[NET_ADDR_TEXT_BYTES + 16];
    struct text t = text_of(room, sizeof room);
    text_addf(&t, strchr(bind, ':') != NULL ? "[%s]:1" : "%s:1", bind);
    if (t.is_cut || !net_addr_parse(out, room))
        return err_set(err, RC_CONFIG, "--bind %.100s: must be an IPv4 or IPv6 address", bind);
    out->port = cfg->port;
    return RC_OK;
}

static enum rc open_udp(struct node_host *n, struct err *err)
{
    struct udp_cfg cfg = {.loop = n->cfg.loop, .self = n, .on_datagram = on_datagram};
    const enum rc rc = bind_address(&n->cfg, &cfg.at, err);
    if (rc != RC_OK)
        return rc;
    return udp_new(&n->udp, &cfg, err) == RC_OK ? RC_OK : RC_IO; // well written, and not to be had
}

static enum rc open_dht(struct node_host *n, struct err *err)
{
    const struct entropy entropy = entropy_os();
    struct dht_cfg cfg = n->cfg.dht;
    cfg.net = udp_net(n->udp);
    cfg.seed = entropy_u64(&entropy);
    if (n->cfg.options->bind != NULL) // until others say that they see another
        cfg.self = udp_at(n->udp);
    cfg.has_ip4 = udp_has_ip4(n->udp);
    cfg.has_ip6 = udp_has_ip6(n->udp);
    cfg.shelf.judge = (struct record_judge){.is_proof = fault_check};
    entropy.fill(entropy.self, cfg.shelf.secret, sizeof cfg.shelf.secret);
    entry_init(&n->entry, !cfg.is_read_only && !cfg.is_metered, entropy_u64(&entropy), now_of(n));
    const enum rc rc = dht_new(&n->dht, n->cfg.arena, &cfg, now_of(n));
    return rc == RC_OK ? rc : err_set(err, rc, "cannot make a node: %s", rc_text(rc));
}

// A machine without a network to look around in is no reason to stop.
static void look_around(struct node_host *n)
{
    struct err err;
    struct net_addr at = udp_at(n->udp);
    if (!net_addr_is_ip4(&at)) // all of them, or IPv6 alone
        at = (struct net_addr){.port = 0};
    const struct lan_cfg cfg = {n->cfg.loop, n->udp, at, n, on_heard};
    if (lan_new(&n->lan, &cfg, &err) != RC_OK)
        say(n, err.text);
}

static enum rc open_timers(struct node_host *n, struct err *err)
{
    struct loop *loop = n->cfg.loop;
    enum rc rc = loop_timer_new(&n->due, loop, on_due, n);
    if (rc == RC_OK)
        rc = loop_timer_new(&n->save, loop, on_save, n);
    if (rc == RC_OK)
        rc = loop_timer_new(&n->wall, loop, on_wall, n);
    if (rc == RC_OK)
        rc = loop_timer_new(&n->again, loop, on_again, n);
    if (rc == RC_OK)
        rc = loop_timer_new(&n->meet, loop, on_meet, n);
    const struct names_handlers names = {n, on_address, on_failed};
    if (rc == RC_OK)
        rc = names_new(&n->names, loop, &names);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start a node: %s", rc_text(rc));
}

static enum rc open_all(struct node_host *n, struct err *err)
{
    enum rc rc = open_timers(n, err);
    if (rc == RC_OK)
        rc = open_udp(n, err);
    if (rc == RC_OK)
        rc = open_dht(n, err);
    if (rc == RC_OK)
        rc = ask_all(n, err);
    if (rc == RC_OK)
        rc = load(n, err);
    if (rc != RC_OK)
        return rc;
    if (n->cfg.options->has_lan)
        look_around(n);
    on_wall(n);
    loop_timer_at(n->again, time_after(now_of(n), RETRY_US));
    if (n->cfg.keeps) {
        loop_timer_at(n->save, time_after(now_of(n), NODE_SAVE_US));
        on_meet(n);
    }
    loop_set_sleep_hook(n->cfg.loop, on_sleep, n);
    return RC_OK;
}

enum rc node_host_new(struct node_host **out, const struct node_host_cfg *cfg, struct err *err)
{
    *out = NULL;
    struct node_host *n = arena_take(cfg->arena, sizeof *n);
    if (n == NULL)
        return err_set(err, RC_NOMEM, "out of memory for a node");
    n->cfg = *cfg;
    const enum rc rc = open_all(n, err);
    if (rc == RC_OK)
        *out = n;
    else
        node_host_free(n);
    return rc;
}

void node_host_free(struct node_host *n)
{
    if (n == NULL)
        return;
    if (n->dht != NULL && n->cfg.keeps)
        save_or_say(n);
    loop_set_sleep_hook(n->cfg.loop, NULL, NULL);
    lan_free(n->lan);
    names_free(n->names);
    loop_timer_free(n->due);
    loop_timer_free(n->save);
    loop_timer_free(n->wall);
    loop_timer_free(n->again);
    loop_timer_free(n->meet);
    if (n->udp != NULL)
        udp_flush(n->udp);
    udp_free(n->udp);
}

struct dht *node_host_dht(struct node_host *n)
{
    return n->dht;
}

struct net_addr node_host_at(const struct node_host *n)
{
    return udp_at(n->udp);
}

struct udp_stat node_host_traffic(const struct node_host *n)
{
    return udp_stat(n->udp);
}

size_t node_host_sources(const struct node_host *n)
{
    return n->sources + n->cfg.options->has_lan;
}

enum rc node_folder(const struct node_options *o, const char *state, bool is_made,
                    char out[static FILE_PATH_BYTES], struct err *err)
{
    if (o->folder == NULL) {
        const struct cmd_common common = {.state = state};
        return cmd_state(&common, out, err);
    }
    if (strlen(o->folder) >= FILE_PATH_BYTES)
        return err_set(err, RC_CONFIG, "--db: the path is too long");
    bytes_to_text(bytes_text(o->folder), out, FILE_PATH_BYTES);
    return is_made ? file_make_folder(out, err) : RC_OK;
}
