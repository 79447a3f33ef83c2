// SPDX-License-Identifier: MIT
// HTTP/1.1 messages over http-parser, and WebSocket's upgrade.
#include "os/http.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>
#include <openssl/evp.h>

#include "base/num.h"
#include "base/text.h"
#include "crypt/sha1.h"

#define BODY_BYTES_FIRST 4096
// Every byte of target and fields is stored once, with at most a 0 after each name and value.
#define STORE_BYTES (HTTP_HEAD_BYTES_MAX + 2 * HTTP_FIELDS_MAX + 2)

struct field {
    uint16_t name; // offsets in store, 0-ended
    uint16_t value;
};

struct http_head {
    http_parser parser;
    size_t head_bytes; // given so far, until the head was done
    size_t used;       // of store
    size_t field_count;
    struct field field[HTTP_FIELDS_MAX];
    bool is_in_value; // on_value was called last, and not on_name
    bool is_head_done;
    bool is_done;
    enum rc bad;             // why a callback stopped the parser; RC_OK: it did not
    char store[STORE_BYTES]; // target first, then name, value, name, value ...
};

static_assert(STORE_BYTES <= UINT16_MAX, "offsets are 16 bits wide");

static int stop(struct http_head *head, enum rc why)
{
    head->bad = why;
    return -1;
}

static bool keep(struct http_head *head, const char *at, size_t len)
{
    if (len > STORE_BYTES - 1 - head->used)
        return false;
    memcpy(head->store + head->used, at, len);
    head->used += len;
    assert(head->used < STORE_BYTES);
    head->store[head->used] = 0;
    return true;
}

// Ends the text at the end of the store; what follows starts a new one.
static bool cut(struct http_head *head)
{
    if (head->used + 2 > STORE_BYTES)
        return false;
    head->store[++head->used] = 0;
    return true;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct http_head *head = ((struct http *)parser->data)->head;
    return keep(head, at, len) ? 0 : stop(head, RC_FULL);
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
    struct http_head *head = ((struct http *)parser->data)->head;
    if (head->is_head_done) // a trailer of a chunked body: nobody here wants it
        return 0;
    if (head->is_in_value || head->field_count == 0) { // a new field, not more of a name
        if (head->field_count == HTTP_FIELDS_MAX || !cut(head))
            return stop(head, RC_FULL);
        head->field[head->field_count].name = (uint16_t)head->used;
        head->field[head->field_count].value = (uint16_t)head->used;
        head->field_count++;
        head->is_in_value = false;
    }
    return keep(head, at, len) ? 0 : stop(head, RC_FULL);
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct http_head *head = ((struct http *)parser->data)->head;
    if (head->is_head_done)
        return 0;
    assert(head->field_count > 0);
    if (!head->is_in_value) {
        // Debian's http-parser is not built strict and lets these through; RFC 9112 section 5.1.
        if (strpbrk(head->store + head->field[head->field_count - 1].name, " \t") != NULL)
            return stop(head, RC_MALFORMED);
        if (!cut(head))
            return stop(head, RC_FULL);
        head->field[head->field_count - 1].value = (uint16_t)head->used;
        head->is_in_value = true;
    }
    return keep(head, at, len) ? 0 : stop(head, RC_FULL);
}

static bool body_grow(struct http *h, size_t need)
{
    if (need <= h->body_cap)
        return true;
    const size_t cap =
        num_min(h->body_bytes_max, num_max(need, num_max(BODY_BYTES_FIRST, 2 * h->body_cap)));
    uint8_t *at = budget_take(h->budget, cap);
    if (at == NULL)
        return false;
    if (h->body_len > 0)
        memcpy(at, h->body, h->body_len);
    budget_give(h->budget, h->body);
    assert(cap >= need);
    h->body = at;
    h->body_cap = cap;
    return true;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct http *h = parser->data;
    if (len > h->body_bytes_max - h->body_len)
        return stop(h->head, RC_FULL);
    if (!body_grow(h, h->body_len + len))
        return stop(h->head, RC_NOMEM);
    memcpy(h->body + h->body_len, at, len);
    h->body_len += len;
    assert(h->body_len <= h->body_cap);
    return 0;
}

static int on_head_done(http_parser *parser)
{
    struct http *h = parser->data;
    h->head->is_head_done = true;
    if (h->kind == HTTP_KIND_RESPONSE)
        return 2; // no body is to be read
    if (parser->content_length != UINT64_MAX && parser->content_length > h->body_bytes_max)
        return stop(h->head, RC_FULL);
    return 0;
}

static int on_done(http_parser *parser)
{
    ((struct http *)parser->data)->head->is_done = true;
    http_parser_pause(parser, 1); // what follows is another message's
    return 0;
}

void http_init(struct http *h, enum http_kind kind, struct budget *budget, size_t body_bytes_max)
{
    *h = (struct http){.budget = budget, .kind = (uint8_t)kind, .body_bytes_max = body_bytes_max};
}

void http_end(struct http *h)
{
    budget_give(h->budget, h->head);
    budget_give(h->budget, h->body);
    h->head = NULL;
    h->body = NULL;
    h->body_len = 0;
    h->body_cap = 0;
}

static bool begin(struct http *h)
{
    h->head = budget_take(h->budget, sizeof *h->head);
    if (h->head == NULL)
        return false;
    memset(h->head, 0, offsetof(struct http_head, store));
    h->head->store[0] = 0;
    http_parser_init(&h->head->parser, h->kind == HTTP_KIND_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
    h->head->parser.data = h;
    return true;
}

// Feeds one part, no longer than the head's bound allows while the head is not done.
static enum rc feed(struct http *h, struct bytes part, size_t *used)
{
    static const http_parser_settings settings = {.on_url = on_url,
                                                  .on_header_field = on_name,
                                                  .on_header_value = on_value,
                                                  .on_headers_complete = on_head_done,
                                                  .on_body = on_body,
                                                  .on_message_complete = on_done};
    struct http_head *head = h->head;
    head->parser.data = h; // h may have been moved
    *used = http_parser_execute(&head->parser, &settings, (const char *)part.at, part.len);
    if (!head->is_head_done)
        head->head_bytes += *used;
    if (head->is_done)
        return RC_OK;
    if (head->bad != RC_OK)
        return head->bad;
    if (HTTP_PARSER_ERRNO(&head->parser) == HPE_HEADER_OVERFLOW)
        return RC_FULL;
    if (HTTP_PARSER_ERRNO(&head->parser) != HPE_OK || *used < part.len)
        return RC_MALFORMED;
    return !head->is_head_done && head->head_bytes >= HTTP_HEAD_BYTES_MAX ? RC_FULL : RC_AGAIN;
}

enum rc http_input(struct http *h, struct bytes in, size_t *used)
{
    *used = 0;
    enum rc rc = RC_AGAIN;
    while (rc == RC_AGAIN && *used < in.len) {
        if (h->head == NULL && !begin(h))
            return RC_NOMEM;
        assert(!h->head->is_done); // http_end is missing
        struct bytes part = bytes_part(in, *used, SIZE_MAX);
        if (!h->head->is_head_done)
            part = bytes_part(part, 0, HTTP_HEAD_BYTES_MAX - h->head->head_bytes);
        size_t fed = 0;
        rc = feed(h, part, &fed);
        *used += fed;
    }
    return rc;
}

bool http_is_begun(const struct http *h)
{
    return h->head != NULL;
}

bool http_is_head_done(const struct http *h)
{
    return h->head != NULL && h->head->is_head_done;
}

struct http_request http_request_of(const struct http *h)
{
    assert(http_is_head_done(h));
    return (struct http_request){.method =
                                     http_method_str((enum http_method)h->head->parser.method),
                                 .target = h->head->store,
                                 .body = bytes_of(h->body, h->body_len),
                                 .message = h};
}

unsigned http_status(const struct http *h)
{
    return h->head != NULL ? h->head->parser.status_code : 0;
}

bool http_keeps_alive(const struct http *h)
{
    return h->head != NULL && http_should_keep_alive(&h->head->parser) != 0;
}

const char *http_field(const struct http *h, const char *name)
{
    const struct http_head *head = h->head;
    for (size_t i = 0; head != NULL && i < head->field_count; i++) {
        if (strcasecmp(head->store + head->field[i].name, name) == 0)
            return head->store + head->field[i].value;
    }
    return NULL;
}

bool http_field_has(const struct http *h, const char *name, const char *token)
{
    const char *at = http_field(h, name);
    const size_t token_len = strlen(token);
    while (at != NULL && *at != 0) {
        at += strspn(at, " \t,");
        const size_t len = strcspn(at, " \t,");
        if (len == token_len && strncasecmp(at, token, len) == 0)
            return true;
        at += len;
    }
    return false;
}

static void put_text(struct buffer *out, const char *s)
{
    buffer_put(out, bytes_text(s));
}

static void put_line(struct buffer *out, const char *name, const char *value)
{
    put_text(out, name);
    put_text(out, ": ");
    put_text(out, value);
    put_text(out, "\r\n");
}

const char *http_status_text(unsigned status)
{
#define STATUS_CASE(number, name, text)                                                            \
    case number:                                                                                   \
        return #text;
    switch (status) {
        HTTP_STATUS_MAP(STATUS_CASE)
    default:
        return "Unknown";
    }
#undef STATUS_CASE
}

bool http_write_response(struct buffer *out, const struct http_response *r, bool keeps_alive)
{
    assert(r->status >= 100 && r->status <= 999);
    char line[64];
    struct text t = text_of(line, sizeof line);
    text_addf(&t, "HTTP/1.1 %u %s\r\n", r->status, http_status_text(r->status));
    put_text(out, line);
    t = text_of(line, sizeof line);
    text_addf(&t, "%zu", r->body.len);
    put_line(out, "Content-Length", line);
    put_line(out, "Connection", keeps_alive ? "keep-alive" : "close");
    if (r->content_type != NULL)
        put_line(out, "Content-Type", r->content_type);
    if (r->fields != NULL)
        put_text(out, r->fields);
    put_text(out, "\r\n");
    return !out->is_full;
}

void http_ws_key(char out[static HTTP_WS_KEY_TEXT_BYTES], const uint8_t random[static 16])
{
    const int len = EVP_EncodeBlock((unsigned char *)out, random, 16);
    assert(len == HTTP_WS_KEY_TEXT_BYTES - 1);
}

void http_ws_accept(char out[static HTTP_WS_ACCEPT_TEXT_BYTES], const char *key)
{
    char joined[128];
    struct text t = text_of(joined, sizeof joined);
    text_addf(&t, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key); // RFC 6455 section 1.3
    assert(!t.is_cut);
    const struct bytes whole = bytes_text(joined);
    const struct sha1 sum = sha1_parts(&whole, 1);
    const int len = EVP_EncodeBlock((unsigned char *)out, sum.b, sizeof sum.b);
    assert(len == HTTP_WS_ACCEPT_TEXT_BYTES - 1);
}

// 22 base64 digits and "==": 16 bytes.
static bool is_ws_key(const char *key)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key != NULL && strlen(key) == HTTP_WS_KEY_TEXT_BYTES - 1 && strspn(key, digit) == 22 &&
           strcmp(key + 22, "==") == 0;
}

enum rc http_ws_asked(const struct http *request)
{
    if (!http_field_has(request, "Upgrade", "websocket"))
        return RC_ABSENT;
    const http_parser *p = &request->head->parser;
    const char *version = http_field(request, "Sec-WebSocket-Version");
    const bool is_good = p->method == HTTP_GET && p->http_major == 1 && p->http_minor == 1 &&
                         http_field_has(request, "Connection", "Upgrade") &&
                         is_ws_key(http_field(request, "Sec-WebSocket-Key")) && version != NULL &&
                         strcmp(version, "13") == 0 && request->body_len == 0;
    return is_good ? RC_OK : RC_MALFORMED;
}

bool http_write_ws_request(struct buffer *out, const char *host, const char *target,
                           const char *key, const char *fields)
{
    put_text(out, "GET ");
    put_text(out, target);
    put_text(out, " HTTP/1.1\r\n");
    put_line(out, "Host", host);
    put_line(out, "Upgrade", "websocket");
    put_line(out, "Connection", "Upgrade");
    put_line(out, "Sec-WebSocket-Version", "13");
    put_line(out, "Sec-WebSocket-Key", key);
    if (fields != NULL)
        put_text(out, fields);
    put_text(out, "\r\n");
    return !out->is_full;
}

bool http_write_ws_accept(struct buffer *out, const struct http *request)
{
    char accept[HTTP_WS_ACCEPT_TEXT_BYTES];
    http_ws_accept(accept, http_field(request, "Sec-WebSocket-Key"));
    put_text(out, "HTTP/1.1 101 Switching Protocols\r\n");
    put_line(out, "Upgrade", "websocket");
    put_line(out, "Connection", "Upgrade");
    put_line(out, "Sec-WebSocket-Accept", accept);
    put_text(out, "\r\n");
    return !out->is_full;
}

enum rc http_ws_accepted(const struct http *response, const char *key)
{
    if (http_status(response) != 101)
        return RC_REFUSED;
    char accept[HTTP_WS_ACCEPT_TEXT_BYTES];
    http_ws_accept(accept, key);
    const char *given = http_field(response, "Sec-WebSocket-Accept");
    const bool is_good = http_field_has(response, "Upgrade", "websocket") &&
                         http_field_has(response, "Connection", "Upgrade") && given != NULL &&
                         strcmp(given, accept) == 0 &&
                         http_field(response, "Sec-WebSocket-Extensions") == NULL;
    return is_good ? RC_OK : RC_MALFORMED;
}
