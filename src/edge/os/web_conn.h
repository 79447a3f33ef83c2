// SPDX-License-Identifier: MIT
// What the files of os/web share: the house, and one connection in it.
//
// A house is what connections have in common: a server's has many, a client's one. Private to
// these files, of which each calls those below it alone:
//
//     web.c, web_client.c   the server with its door, the client with its way there
//     web_house.c           a house opened and closed, looked over for those who are late
//     web_input.c           what comes in: requests, the upgrade of either side, frames
//     web_conn.c            a connection's state, what goes out, pauses, its end
#ifndef OS_WEB_CONN_H
#define OS_WEB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/text.h"
#include "os/dial.h"
#include "os/http.h"
#include "os/stream.h"
#include "os/web.h"
#include "os/ws.h"

#define WEB_KEYS_BYTES   256 // mask keys are drawn from the kernel 64 at a time
#define WEB_PATH_BYTES   1024
#define WEB_FIELDS_BYTES 4096

struct web_house {
    struct loop *loop;
    struct web_handlers handlers;
    struct web_limits limits;
    struct tls_context *tls;
    struct arena *arena; // holds the owner of this struct
    struct budget budget;
    struct ws_host *frames;
    struct loop_timer *sweep;  // timeouts and pings
    struct loop_timer *resume; // ends pauses
    struct heap paused;        // connections, by when their pause ends
    struct list conns;
    size_t conn_count;
    size_t away_count; // of these, turned away at the door and not yet forgotten
    bool is_silent;    // no callbacks to the handlers any more
    bool is_over;      // to be torn down when the last connection is gone
    void (*on_empty)(struct web_house *h);
    void (*on_room)(struct web_house *h); // memory may be free again; may be NULL
    uint8_t keys[WEB_KEYS_BYTES];
    size_t keys_left;
};

enum web_phase {
    WEB_DIALLING, // a client's: name, TCP, TLS
    WEB_HTTP,     // requests, or an upgrade's answer
    WEB_OPEN,     // WebSocket
    WEB_CLOSING,  // our close frame is out, the peer's is awaited
    WEB_ENDING,   // the stream ends
};

struct web_ask { // a client's: the way to whom, and what it asks for there
    struct dial dial;
    char path[WEB_PATH_BYTES];
    char fields[WEB_FIELDS_BYTES];
    char key[HTTP_WS_KEY_TEXT_BYTES];
};

struct web_conn {
    struct list link;
    struct stream stream;
    struct web_house *house;
    struct web_ask *ask; // NULL: a server's
    void *user;
    struct ws ws;
    struct http http;
    struct heap_node pause; // in the house's heap while paused
    uint64_t seen_us;       // the peer's last byte, or the end of a pause
    uint64_t pinged_us;     // our last ping
    uint64_t phase_us;      // since when this phase lasts, or progress was last seen in it
    uint64_t swept_bytes;   // of its queue, taken by the peer until the last sweep
    uint64_t slow_us;       // since when there has always been a queue; until the last sweep
    uint64_t slow_bytes;    // taken until then
    size_t late_bytes;      // that came after our close frame
    uint8_t phase;          // enum web_phase
    uint8_t end;            // enum web_end
    bool is_pinged;         // since seen_us
    bool was_answered;      // at least one request
    bool was_opened;        // on_close is owed
    bool is_dropped;        // by web_drop: on_close is not owed
    bool was_let_in;        // on_gone is owed
    bool is_away;           // turned away at the door
};

// ---- web_conn.c

// A connection in `phase`, its stream not yet initialised. NULL: the budget is spent.
struct web_conn *conn_new(struct web_house *h, enum web_phase phase);
// Out of the house, on_close first if it is owed; c is freed.
void conn_forget(struct web_conn *c, const char *reason);
// Why a client's conn never opened, for people.
void conn_say_why(const struct web_conn *c, struct text *out);
void conn_blame(struct web_conn *c, enum web_end why); // the first blame stays
// No more input: the stream's orderly end, for this reason.
void conn_end(struct web_conn *c, const char *why);
void conn_drop(struct web_conn *c, const char *why); // at once
bool conn_is_paused(const struct web_conn *c);
void conn_resume_due(void *house); // ends the pauses that are over; the house's timer
void conn_put_frame(struct web_conn *c, enum ws_kind kind, struct bytes payload);
void conn_put_close(struct web_conn *c, uint16_t code, const char *words);
bool conn_has_queue_room(const struct web_conn *c); // for what the peer makes us say

// ---- web_input.c

// What the connection's stream is to be initialised with: its input comes here.
struct stream_cfg conn_stream_cfg(struct web_conn *c);

// ---- web_house.c

// RC_CONFIG: a limit is 0, or dead_us is not above ping_us; RC_NOMEM. h lies in arena, which
// must have HOUSE_BYTES(connections_max) more; on failure the caller frees it.
#define HOUSE_BYTES(connections_max) ((connections_max) * sizeof(struct heap_node *) + 256)
MUST_USE enum rc house_open(struct web_house *h, struct arena *arena, struct loop *loop,
                            const struct web_limits *limits, const struct web_handlers *handlers,
                            bool is_server);
// Everything but the arena; all connections are gone.
void house_close(struct web_house *h);

#endif
