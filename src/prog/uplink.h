// SPDX-License-Identifier: MIT
// A connection to a hub as helper and gamer make it: name, TLS, and whom to trust.
//
// TLS is used unless the hub is on loopback, as the hub itself does it; --tls and --no-tls say
// otherwise. A certificate that no system authority vouches for is trusted on first use: its
// fingerprint is kept in the state folder's `known_hubs`, one `HOST:PORT FINGERPRINT` a line, and
// another one for the same hub is refused from then on.
#ifndef PROG_UPLINK_H
#define PROG_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/option.h"
#include "base/rc.h"
#include "os/loop.h"
#include "os/web.h"

#define UPLINK_PORT 8765

struct uplink_options { // a part of the options of helper and play
    const char *hub;    // HOST[:PORT]
    const char *cloud_ip;
    uint64_t cloud_port;
    enum option_switch tls;
    bool is_quiet; // no option: no line at the first contact, the command says it itself
};

#define UPLINK_OPTIONS(type)                                                                       \
    {.name = "hub",                                                                                \
     .kind = OPTION_HOST,                                                                          \
     .initial = "127.0.0.1",                                                                       \
     .value = "HOST[:PORT]",                                                                       \
     .sentence = "the hub to connect to; port 8765 unless said",                                   \
     .offset = offsetof(type, uplink.hub)},                                                        \
        {.name = "cloud-ip",                                                                       \
         .kind = OPTION_TEXT,                                                                      \
         .value = "HOST",                                                                          \
         .sentence = "another way to say --hub",                                                   \
         .offset = offsetof(type, uplink.cloud_ip)},                                               \
        {.name = "cloud-port",                                                                     \
         .kind = OPTION_U64,                                                                       \
         .min = 1,                                                                                 \
         .max = 65535,                                                                             \
         .initial = "8765",                                                                        \
         .sentence = "the port that goes with --cloud-ip",                                         \
         .offset = offsetof(type, uplink.cloud_port)},                                             \
    {                                                                                              \
        .name = "tls", .kind = OPTION_SWITCH,                                                      \
        .sentence = "encrypt the connection; auto: unless the hub is on this machine",             \
        .offset = offsetof(type, uplink.tls)                                                       \
    }

struct uplink;

struct uplink_handlers {
    void *self;
    void (*on_open)(void *self);
    void (*on_message)(void *self, struct bytes message);
    void (*on_close)(void *self, const char *reason); // once for each uplink_open
};

// state: the state folder; borrowed for life, as are options. RC_CONFIG, RC_IO, RC_NOMEM.
MUST_USE enum rc uplink_new(struct uplink **out, struct loop *loop,
                            const struct uplink_options *options, const char *state,
                            const struct uplink_handlers *handlers, struct err *err);
// Connects; on_open or on_close follows. Only when not connected. Fails as web_connect does, and
// then neither follows.
MUST_USE enum rc uplink_open(struct uplink *u, struct err *err);
// If the hub does not take what we send, the connection is closed, and on_close says so.
void uplink_send(struct uplink *u, struct bytes message);
// on_close follows, with this reason. Harmless when not connected.
void uplink_close(struct uplink *u, const char *reason);
bool uplink_is_busy(const struct uplink *u);    // what was sent is not all out yet
const char *uplink_hub(const struct uplink *u); // "HOST:PORT"

struct uplink_address { // borrowed from the uplink
    const char *host;
    uint16_t port;
    struct tls_context *tls; // NULL: plain
};

struct uplink_address uplink_address(const struct uplink *u);

enum uplink_trust {
    UPLINK_VOUCHED, // by a system authority
    UPLINK_KNOWN,   // the one of known_hubs
    UPLINK_FIRST,   // not met before: the next uplink_open will trust it
    UPLINK_OTHER,   // not the one of known_hubs: refused, *err says how to accept it
    UPLINK_UNKNOWN, // known_hubs cannot be read: refused, *err says why
};

// What uplink_open would say to this certificate of the hub. Changes nothing.
enum uplink_trust uplink_judge(const struct uplink *u, const struct digest *fingerprint,
                               bool is_trusted, struct err *err);
void uplink_free(struct uplink *u); // hangs up; no handler is called; NULL is fine

#endif
