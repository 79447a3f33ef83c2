// SPDX-License-Identifier: MIT
// The hub's doors: who comes by HTTP or WebSocket, within limits, and the machines behind.
//
// The path of a WebSocket says which machine its connection belongs to, by a table that the host
// gives. What one address may do is bounded, whatever is behind (trust/guard.h): connections, new
// ones, messages, bytes, faults; this machine's own addresses 127.0.0.1 and ::1 are not, for who
// sits here could do worse. A slow reader's queue is bounded, and who asks faster than allowed is
// read from more slowly.
#ifndef PROG_HUB_DOORS_H
#define PROG_HUB_DOORS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "compute/broker.h"
#include "os/web.h"
#include "prog/hub/options.h"
#include "trust/guard.h"

struct doors;

struct doors_machine { // what is behind a path, and hears of its connections
    void *self;
    void (*open)(void *self, uint64_t conn, const struct broker_guest *guest, uint64_t now_us);
    // A whole message. The connection at whose expense it is; 0: nobody's that is here.
    uint64_t (*input)(void *self, uint64_t conn, struct bytes message, uint64_t now_us);
    void (*closed)(void *self, uint64_t conn, uint64_t now_us);
};

struct doors_path {
    const char *path;
    bool is_text; // guests speak JSON
    const struct doors_machine *machine;
};

struct doors_cfg {
    struct loop *loop;
    struct arena *arena;
    struct budget *budget;
    const struct doors_path *path; // outlive the doors
    size_t path_count;
    const struct log *log;
    const struct hub_options *options;
    const char *host;
    uint16_t port;
    size_t files_max;        // descriptors of this process; connections leave some to others
    struct tls_context *tls; // NULL: plain
    uint64_t first_conn;     // numbers of connections begin here
    void *self;              // for the answer to an HTTP request
    void (*on_request)(void *self, const struct http_request *request,
                       struct http_response *response);
};

// Opens them: RC_CONFIG: cannot listen there, in words. RC_NOMEM, RC_IO.
MUST_USE enum rc doors_open(struct doors **out, const struct doors_cfg *cfg, struct err *err);
void doors_close(struct doors *d); // hangs up on all, without a word to machines; NULL is fine
uint16_t doors_port(const struct doors *d);
// What a machine wants sent to, or closed with, a connection. False: it is gone.
bool doors_do(struct doors *d, const struct out *out);
struct guard_stat doors_stat(struct doors *d);
size_t doors_count(const struct doors *d); // connections, those that did not say a word too

#endif
