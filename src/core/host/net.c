// SPDX-License-Identifier: MIT
// Addresses: kinds, compact form, text.
#include "host/net.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define IP4_AT    12 // where the IPv4 address stands in a mapped one
#define GROUPS    8  // of an IPv6 address, 16 bits each
#define GROUP_MAX 0xffffu

static const uint8_t mapped[IP4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

struct net_addr net_addr_ip4(uint32_t ip, uint16_t port)
{
    struct net_addr a = {.port = port};
    memcpy(a.ip, mapped, sizeof mapped);
    for (unsigned i = 0; i < 4; i++)
        a.ip[IP4_AT + i] = (uint8_t)(ip >> (24 - 8 * i));
    return a;
}

bool net_addr_is_ip4(const struct net_addr *a)
{
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool is_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != 0)
            return false;
    return true;
}

bool net_addr_is_host(const struct net_addr *a)
{
    const uint8_t first = a->ip[IP4_AT];
    if (a->port == 0)
        return false;
    if (net_addr_is_ip4(a)) // not "this network", multicast or reserved (RFC 1122, RFC 1112)
        return first != 0 && first < 224;
    return a->ip[0] != 0xff && !is_zero(a->ip, sizeof a->ip);
}

bool net_addr_is_private(const struct net_addr *a)
{
    const uint32_t ip = word(a->ip + IP4_AT);
    if (net_addr_is_ip4(a))
        return ip >> 24 == 10 || ip >> 24 == 127 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 ||
               ip >> 16 == 0xa9fe || ip >> 22 == 0x6440 >> 6; // 100.64/10
    return (a->ip[0] & 0xfe) == 0xfc || (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80) ||
           (is_zero(a->ip, 15) && a->ip[15] == 1);
}

uint64_t net_addr_block(const struct net_addr *a)
{
    if (net_addr_is_ip4(a))
        return word(a->ip + IP4_AT) >> 8;
    return (uint64_t)1 << 48 | (uint64_t)word(a->ip) << 16 | (uint64_t)a->ip[4] << 8 | a->ip[5];
}

uint32_t net_addr_region(const struct net_addr *a)
{
    // 2000::/3 is all that is given out of IPv6, so the two kinds never meet.
    return net_addr_is_ip4(a) ? word(a->ip + IP4_AT) >> 16 : word(a->ip);
}

void net_addr_put(struct buffer *b, const struct net_addr *a)
{
    const size_t from = net_addr_is_ip4(a) ? IP4_AT : 0;
    buffer_put(b, bytes_of(a->ip + from, sizeof a->ip - from));
    buffer_u16(b, a->port);
}

bool net_addr_get(struct net_addr *out, struct bytes compact)
{
    struct cursor c = {.left = compact};
    if (compact.len == NET_COMPACT4_BYTES) {
        const uint32_t ip = cursor_u32(&c);
        *out = net_addr_ip4(ip, cursor_u16(&c));
        return true;
    }
    if (compact.len != NET_COMPACT6_BYTES)
        return false;
    memcpy(out->ip, cursor_take(&c, sizeof out->ip).at, sizeof out->ip);
    out->port = cursor_u16(&c);
    return true;
}

// ---- Text

static unsigned group(const struct net_addr *a, unsigned i)
{
    const uint8_t *at = a->ip + (size_t)2 * i;
    return (unsigned)at[0] << 8 | at[1];
}

// The longest run of groups of zeros, the first of these; shorter than two: none (RFC 5952).
static unsigned longest_gap(const struct net_addr *a, unsigned *len)
{
    unsigned best = 0;
    *len = 1;
    for (unsigned from = 0; from < GROUPS; from++) {
        unsigned to = from;
        while (to < GROUPS && group(a, to) == 0)
            to++;
        if (to - from > *len) {
            *len = to - from;
            best = from;
        }
    }
    *len = *len > 1 ? *len : 0;
    assert(best + *len <= GROUPS);
    return best;
}

static void text_ip6(struct text *t, const struct net_addr *a)
{
    unsigned len;
    const unsigned gap = longest_gap(a, &len);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (len > 0 && i == gap) {
            text_add(t, "::");
            i += len - 1;
            continue;
        }
        text_addf(t, "%s%x", i > 0 && (len == 0 || i != gap + len) ? ":" : "", group(a, i));
    }
}

void net_addr_text(const struct net_addr *a, char out[static NET_ADDR_TEXT_BYTES])
{
    struct text t = text_of(out, NET_ADDR_TEXT_BYTES);
    const uint8_t *ip = a->ip + IP4_AT;
    if (net_addr_is_ip4(a)) {
        text_addf(&t, "%u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3], (unsigned)a->port);
        return;
    }
    text_add(&t, "[");
    text_ip6(&t, a);
    text_addf(&t, "]:%u", (unsigned)a->port);
    assert(!t.is_cut);
}

// A number without needless zeros in front (in hex they may be there); *at moves behind it.
static bool number(const char **at, unsigned base, unsigned max, unsigned *out)
{
    const char *s = *at;
    unsigned v = 0;
    for (int digit; (digit = hex_digit((uint8_t)*s)) >= 0 && (unsigned)digit < base; s++) {
        v = v * base + (unsigned)digit;
        if (v > max || s - *at >= 5)
            return false;
    }
    const bool is_padded = base == 10 && **at == '0' && s - *at > 1;
    if (s == *at || is_padded)
        return false;
    *at = s;
    *out = v;
    return true;
}

static bool parse_ip4(const char **at, uint8_t out[static 4])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned v;
        if (i > 0 && *(*at)++ != '.')
            return false;
        if (!number(at, 10, 255, &v))
            return false;
        out[i] = (uint8_t)v;
    }
    return true;
}

// Groups up to where there is none; at most one "::", whose place goes to *gap (GROUPS: none).
static bool parse_groups(const char **at, uint8_t ip[static 16], unsigned *count, unsigned *gap)
{
    *count = 0;
    *gap = GROUPS;
    if (**at == ':' && (*at)[1] != ':')
        return false;
    while (**at != ']') {
        unsigned v;
        if ((*at)[0] == ':' && (*at)[1] == ':') {
            if (*gap != GROUPS)
                return false;
            *gap = *count;
            *at += 2;
            continue;
        }
        if (**at == ':' && *count > 0 && *gap != *count)
            (*at)++;
        if (*count == GROUPS || !number(at, 16, GROUP_MAX, &v))
            return false;
        uint8_t *to = ip + (size_t)2 * (*count)++;
        to[0] = (uint8_t)(v >> 8);
        to[1] = (uint8_t)v;
        if (**at != ':' && **at != ']')
            return false;
    }
    return true;
}

static bool parse_ip6(const char **at, uint8_t out[static 16])
{
    uint8_t ip[16] = {0};
    unsigned count;
    unsigned gap;
    if (!parse_groups(at, ip, &count, &gap) || (gap == GROUPS) != (count == GROUPS))
        return false;
    assert(count <= GROUPS);
    assert(gap == GROUPS || gap <= count);
    const size_t tail = gap < GROUPS ? 2 * (size_t)(count - gap) : 0;
    memset(out, 0, sizeof ip);
    memcpy(out, ip, 2 * (size_t)count - tail);
    memcpy(out + sizeof ip - tail, ip + 2 * (size_t)count - tail, tail);
    return true;
}

bool net_addr_parse(struct net_addr *out, const char *text)
{
    const char *at = text;
    struct net_addr a = net_addr_ip4(0, 0);
    unsigned port;
    bool is_good;
    if (*at == '[') {
        at++;
        is_good = parse_ip6(&at, a.ip) && *at++ == ']';
    } else {
        is_good = parse_ip4(&at, a.ip + IP4_AT);
    }
    if (!is_good || *at++ != ':' || !number(&at, 10, GROUP_MAX, &port) || *at != 0)
        return false;
    a.port = (uint16_t)port;
    *out = a;
    return true;
}
