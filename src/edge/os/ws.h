// SPDX-License-Identifier: MIT
// RFC 6455 framing: bytes in, whole messages out, and frames for what is to be sent.
//
//     ws_input(w, chunk);
//     while ((rc = ws_next(w, &event)) == RC_OK)
//         ...                          // event.data is borrowed until the next call
//     // RC_AGAIN: give it more; anything else: send a close frame with event.code, hang up
//
// No sockets, no clock. An idle `struct ws` holds no memory but itself: the frame reader
// (wslay's, 4 KiB) is lent by the host while a frame is under way, the block in which a long or
// split message is joined lives as long as that message. Both are counted against a budget.
#ifndef OS_WS_H
#define OS_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define WS_HEAD_BYTES_MAX    14  // RFC 6455 section 5.2
#define WS_CONTROL_BYTES_MAX 125 // section 5.5
#define WS_KEY_BYTES         4

enum ws_code { // section 7.4.1
    WS_CODE_NORMAL = 1000,
    WS_CODE_GOING_AWAY = 1001,
    WS_CODE_PROTOCOL = 1002,
    WS_CODE_NONE = 1005, // a close frame without a code; never sent
    WS_CODE_BAD_TEXT = 1007,
    WS_CODE_POLICY = 1008,
    WS_CODE_TOO_BIG = 1009,
    WS_CODE_INTERNAL = 1011,
    WS_CODE_TRY_LATER = 1013,
};

enum ws_kind { // the numbers are the wire's opcodes
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

struct ws_host; // what many connections share: spare frame readers, bounds

struct ws_cfg {
    bool is_server;           // peers must mask (a server) or must not (a client)
    size_t message_bytes_max; // longest whole message
    struct budget *budget;    // outlives the host
};

struct ws_host *ws_host_new(const struct ws_cfg *cfg); // NULL: no memory
void ws_host_free(struct ws_host *h);                  // after all its ws; NULL is fine

struct ws_reader;

struct ws { // embed it; fields are private to ws.c
    struct ws_host *host;
    struct ws_reader *reader; // while a frame is under way
    struct bytes input;       // not yet looked at
    uint8_t *message;         // being joined, from the budget
    size_t message_len;
    size_t message_cap;
    uint64_t frame_count; // ended so far: read it, e.g. for how much one read has brought
    uint8_t message_kind; // of the message being joined; 0: none
    bool is_over;         // a close frame or an error was seen
    bool is_given;        // the joined message was handed out by the last ws_next
};

struct ws_event {
    enum ws_kind kind;
    struct bytes data; // the message; a ping's or pong's payload; a close frame's words
    uint16_t code;     // WS_CLOSE: the peer's code (WS_CODE_NONE: it gave none);
                       // after a failed ws_next: the code to hang up with
    const char *why;   // after a failed ws_next: for people, a constant
};

void ws_init(struct ws *w, struct ws_host *host);
void ws_end(struct ws *w); // gives all memory back; harmless twice

// The chunk is borrowed until ws_next has answered anything but RC_OK.
void ws_input(struct ws *w, struct bytes chunk);
// RC_OK: *out holds an event. RC_AGAIN: all input is used up, or a close frame was seen.
// RC_MALFORMED: the peer broke the protocol; RC_FULL: its message is too long; RC_NOMEM: the
// budget is spent: then out->code and out->why are set and nothing more is read.
MUST_USE enum rc ws_next(struct ws *w, struct ws_event *out);

// The head of a final frame of payload_len bytes; returns its length. key: a client's mask, to
// be written and then applied with ws_mask; NULL: not masked.
size_t ws_head(uint8_t out[static WS_HEAD_BYTES_MAX], enum ws_kind kind, size_t payload_len,
               const uint8_t *key);
// out[i] = in[i] ^ key[(offset + i) % 4]; out may be in. offset: how far in the payload.
void ws_mask(uint8_t *out, const uint8_t *in, size_t len, const uint8_t key[static WS_KEY_BYTES],
             size_t offset);
// The payload of a close frame: code, then words cut to fit at a character's border.
struct bytes ws_close_payload(uint8_t out[static WS_CONTROL_BYTES_MAX], uint16_t code,
                              const char *words);

#endif
