// SPDX-License-Identifier: MIT
// HTTP/1.1 messages: requests and response heads in, whole messages out; WebSocket's upgrade.
//
// Over http-parser, with bounds. No sockets. A message being read holds one block of
// HTTP_HEAD_BYTES_MAX and a bit (from a budget) and its body; http_end gives both back.
#ifndef OS_HTTP_H
#define OS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define HTTP_HEAD_BYTES_MAX 16384 // first line and header fields, as sent
#define HTTP_FIELDS_MAX     64

struct http_head;

enum http_kind { HTTP_KIND_REQUEST, HTTP_KIND_RESPONSE };

struct http { // embed it; fields are private to http.c
    struct http_head *head;
    struct budget *budget;
    uint8_t *body;
    size_t body_len;
    size_t body_cap;
    size_t body_bytes_max;
    uint8_t kind; // enum http_kind
};

struct http_request {   // what a handler sees; borrowed for its call
    const char *method; // "GET"
    const char *target; // as sent, 0-ended: "/metrics?format=json"
    struct bytes body;
    const struct http *message; // for http_field
};

struct http_response {        // what a handler answers; copied when it returns
    unsigned status;          // 200
    const char *content_type; // "application/json"; NULL: none
    const char *fields;       // more header lines, each ended by "\r\n"; NULL: none
    struct bytes body;
};

void http_init(struct http *h, enum http_kind kind, struct budget *budget, size_t body_bytes_max);
void http_end(struct http *h); // gives all memory back; ready for a next message

// *used: how much of in belonged to this message. RC_OK: complete (a response: its head is; the
// rest is not looked at). RC_AGAIN: wants more. RC_MALFORMED; RC_FULL: head or body above its
// bound (http_is_head_done tells which); RC_NOMEM. After anything but RC_AGAIN: ask, then
// http_end.
MUST_USE enum rc http_input(struct http *h, struct bytes in, size_t *used);

bool http_is_begun(const struct http *h);     // at least one byte was given
bool http_is_head_done(const struct http *h); // all header fields are in
// After RC_OK:
struct http_request http_request_of(const struct http *h);
unsigned http_status(const struct http *h);
bool http_keeps_alive(const struct http *h);
// A field's value without its outer spaces, 0-ended; NULL: not there. name in any case. A field
// that came twice answers with its first.
const char *http_field(const struct http *h, const char *name);
// Does the field's comma list hold the token, in any case?
bool http_field_has(const struct http *h, const char *name, const char *token);

// The head of a response, body length included; the body follows. False: does not fit.
MUST_USE bool http_write_response(struct buffer *out, const struct http_response *r,
                                  bool keeps_alive);
const char *http_status_text(unsigned status); // "Not Found"; "Unknown" for what we do not know

// The upgrade (RFC 6455 section 4).
#define HTTP_WS_KEY_TEXT_BYTES    25 // 16 random bytes in base64 and a final 0
#define HTTP_WS_ACCEPT_TEXT_BYTES 29

// Is this request a good one (version 13, a key of 16 bytes, GET)? RC_ABSENT: it asks for no
// upgrade; RC_MALFORMED: for one that we cannot give.
MUST_USE enum rc http_ws_asked(const struct http *request);
void http_ws_key(char out[static HTTP_WS_KEY_TEXT_BYTES], const uint8_t random[static 16]);
void http_ws_accept(char out[static HTTP_WS_ACCEPT_TEXT_BYTES], const char *key);
// The two heads of an upgrade. fields: as in http_response; request: one that http_ws_asked found
// good. False: does not fit.
MUST_USE bool http_write_ws_request(struct buffer *out, const char *host, const char *target,
                                    const char *key, const char *fields);
MUST_USE bool http_write_ws_accept(struct buffer *out, const struct http *request);
// Is this the answer to `key`? RC_REFUSED: no upgrade (http_status says); RC_MALFORMED.
MUST_USE enum rc http_ws_accepted(const struct http *response, const char *key);

#endif
