// SPDX-License-Identifier: MIT
// A node of the DHT on a real host: the machine, its socket, its timers, its file.
//
// Both commands stand on it: `shoal node`, which stays, and `shoal dht`, which asks and goes.
// The file `dht-table` in the folder holds the best contacts for the next start; it is written
// every NODE_SAVE_US and at the end by whoever `keeps` it, and read by all.
#ifndef PROG_NODE_HOST_H
#define PROG_NODE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "dht/dht.h"
#include "os/file.h"
#include "os/udp.h"

struct loop;
struct node_host;

#define NODE_SAVE_US UINT64_C(600000000) // ten minutes

struct node_options { // what both commands offer
    const char *folder;
    struct option_texts bootstrap;
    const char *bind;
    bool has_lan;
    bool has_routers;
};

#define NODE_OPTIONS(type)                                                                         \
    {.name = "db",                                                                                 \
     .kind = OPTION_TEXT,                                                                          \
     .value = "DIR",                                                                               \
     .sentence = "identity and known nodes are in DIR [that of --state]",                          \
     .offset = offsetof(type, node.folder)},                                                       \
        {.name = "bootstrap",                                                                      \
         .kind = OPTION_TEXTS,                                                                     \
         .value = "HOST:PORT",                                                                     \
         .sentence = "a node to begin with; may be given again and again",                         \
         .offset = offsetof(type, node.bootstrap)},                                                \
        {.name = "routers",                                                                        \
         .kind = OPTION_FLAG,                                                                      \
         .traits = OPTION_NEGATABLE,                                                               \
         .initial = "yes",                                                                         \
         .sentence = "without --bootstrap, begin with the Internet's well-known nodes too",        \
         .offset = offsetof(type, node.has_routers)},                                              \
        {.name = "lan",                                                                            \
         .kind = OPTION_FLAG,                                                                      \
         .traits = OPTION_NEGATABLE,                                                               \
         .initial = "yes",                                                                         \
         .sentence = "find, and be found by, nodes on the same network",                           \
         .offset = offsetof(type, node.has_lan)},                                                  \
    {                                                                                              \
        .name = "bind", .kind = OPTION_TEXT, .value = "ADDR",                                      \
        .sentence = "use this address of the machine only [all, IPv6 and IPv4]",                   \
        .offset = offsetof(type, node.bind)                                                        \
    }

struct node_host_cfg {
    struct loop *loop;
    struct arena *arena;
    const struct node_options *options; // borrowed for life
    const char *folder;                 // likewise; must exist if the table is kept
    bool keeps;
    uint16_t port;      // 0: any
    struct dht_cfg dht; // net, seed, families and the shelf's secret are filled in
    void *self;
    void (*on_event)(void *self, const struct dht_event *e); // borrowed for the call
    void (*on_word)(void *self, const char *line);           // what a person may want to know
};

// RC_CONFIG: address, port or a name in the options, in words; RC_IO, RC_NOMEM. *out lives in the
// arena, and is NULL on failure.
MUST_USE enum rc node_host_new(struct node_host **out, const struct node_host_cfg *cfg,
                               struct err *err);
// Saves the table if it keeps it. NULL is fine. The loop is freed afterwards.
void node_host_free(struct node_host *n);

struct dht *node_host_dht(struct node_host *n); // call what you like, then node_host_go
void node_host_go(struct node_host *n);         // the machine has something new to do
struct net_addr node_host_at(const struct node_host *n);
struct udp_stat node_host_traffic(const struct node_host *n);
// Where the next start will begin: contacts that the saved table had, names and addresses given.
// 0: nobody is known.
size_t node_host_sources(const struct node_host *n);

// DIR of --db, made if missing and is_made; or the state folder, as cmd_state. RC_CONFIG: the path
// is too long; RC_IO.
MUST_USE enum rc node_folder(const struct node_options *o, const char *state, bool is_made,
                             char out[static FILE_PATH_BYTES], struct err *err);

#endif
