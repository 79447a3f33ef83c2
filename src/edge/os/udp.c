// SPDX-License-Identifier: MIT
// A socket for datagrams on the loop, behind host/net: read and written in batches.
#include "os/udp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/arena.h"
#include "os/addr.h"
#include "os/loop.h"

#define TURN_BATCHES 8u // read before timers and others have their turn

struct batch {
    struct mmsghdr head[UDP_BATCH];
    struct iovec part[UDP_BATCH];
    union addr_place place[UDP_BATCH];
    uint8_t room[UDP_BATCH][UDP_BYTES_MAX];
};

struct udp {
    struct udp_cfg cfg;
    struct arena *arena; // holds this struct
    int fd;
    bool is_ip6; // the socket's family; IPv4 is mapped then
    uv_poll_t poll;
    struct net_addr at;
    struct udp_stat stat;
    unsigned waiting; // in out
    struct batch in;
    struct batch out;
};

// ---- Addresses

static bool is_any(const struct net_addr *a)
{
    static const uint8_t zeros[sizeof a->ip];
    return memcmp(a->ip, zeros, sizeof zeros) == 0;
}

static struct in_addr ip4_of(const struct net_addr *a)
{
    struct in_addr ip;
    memcpy(&ip, a->ip + 12, sizeof ip);
    return ip;
}

// ---- Out

// What the kernel will not take is dropped: with a full buffer the rest too, for an address that
// cannot be reached (or a firewall's refusal) that one alone.
static void send_waiting(struct udp *u)
{
    unsigned from = 0;
    while (from < u->waiting) {
        const int sent = sendmmsg(u->fd, u->out.head + from, u->waiting - from, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        const bool is_full = sent < 0 && (errno == EAGAIN || errno == ENOBUFS);
        const unsigned gone = sent > 0 ? (unsigned)sent : 0;
        for (unsigned i = from; i < from + gone; i++)
            u->stat.out_bytes += NET_HEAD_BYTES + u->out.part[i].iov_len;
        u->stat.out += gone;
        from += gone;
        const unsigned lost = gone > 0 ? 0 : is_full ? u->waiting - from : 1;
        u->stat.dropped += lost;
        from += lost;
    }
    u->waiting = 0;
}

void udp_flush(struct udp *u)
{
    if (u->waiting > 0)
        send_waiting(u);
}

static void send_one(void *self, const struct net_addr *to, struct bytes datagram)
{
    struct udp *u = self;
    if (datagram.len > UDP_BYTES_MAX || (!u->is_ip6 && !net_addr_is_ip4(to))) {
        u->stat.dropped++;
        return;
    }
    assert(u->waiting < UDP_BATCH);
    const unsigned i = u->waiting++;
    u->out.head[i].msg_hdr.msg_namelen = addr_place(&u->out.place[i], to, u->is_ip6);
    u->out.part[i].iov_len = datagram.len;
    if (datagram.len > 0)
        memcpy(u->out.room[i], datagram.at, datagram.len);
    if (u->waiting == UDP_BATCH)
        send_waiting(u);
}

struct net udp_net(struct udp *u)
{
    return (struct net){.send = send_one, .self = u};
}

// ---- In

static void hand_over(struct udp *u, unsigned i)
{
    const struct mmsghdr *m = &u->in.head[i];
    u->stat.in++;
    u->stat.in_bytes += NET_HEAD_BYTES + m->msg_len;
    if ((m->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        u->stat.cut++;
        return;
    }
    struct net_addr from;
    if (!addr_of(&from, &u->in.place[i].any))
        return; // of no family that this socket has
    u->cfg.on_datagram(u->cfg.self, &from, bytes_of(u->in.room[i], m->msg_len));
}

// True: there may be more.
static bool read_batch(struct udp *u)
{
    for (unsigned i = 0; i < UDP_BATCH; i++)
        u->in.head[i].msg_hdr.msg_namelen = sizeof u->in.place[i];
    const int came = recvmmsg(u->fd, u->in.head, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (came < 0) // an error that the network reported for an earlier datagram, or nothing there
        return errno != EAGAIN;
    assert((unsigned)came <= UDP_BATCH);
    for (unsigned i = 0; i < (unsigned)came; i++)
        hand_over(u, i);
    udp_flush(u);
    return (unsigned)came == UDP_BATCH;
}

static void readable_cb(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct udp *u = poll->data;
    for (unsigned i = 0; i < TURN_BATCHES && read_batch(u); i++)
        ;
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll)) // libuv looks no more; recvmmsg took it
        (void)uv_poll_start(poll, UV_READABLE, readable_cb);
}

// ---- Life

static void batch_init(struct batch *b)
{
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        b->part[i] = (struct iovec){.iov_base = b->room[i], .iov_len = UDP_BYTES_MAX};
        b->head[i].msg_hdr =
            (struct msghdr){.msg_name = &b->place[i], .msg_iov = &b->part[i], .msg_iovlen = 1};
    }
}

static bool turn_on(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// A socket for all addresses wants both families; a machine without IPv6 has IPv4 alone.
static bool open_socket(struct udp *u)
{
    const bool is_all = is_any(&u->cfg.at);
    const int kind = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    u->is_ip6 = is_all || !net_addr_is_ip4(&u->cfg.at);
    u->fd = u->is_ip6 ? socket(AF_INET6, kind, 0) : -1;
    if (u->fd < 0 && (is_all || !u->is_ip6)) {
        u->is_ip6 = false;
        u->fd = socket(AF_INET, kind, 0);
    }
    if (u->fd < 0)
        return false;
    if (u->is_ip6)
        (void)turn_on(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_all); // 0 is the usual default
    if (u->cfg.is_shared)
        (void)turn_on(u->fd, SOL_SOCKET, SO_REUSEADDR, 1); // or bind will say that it is taken
    // The kernel grants what its limit allows, and more than that to who may administer it.
    (void)(turn_on(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_KERNEL_MAX) ||
           turn_on(u->fd, SOL_SOCKET, SO_RCVBUF, UDP_KERNEL_MAX));
    (void)(turn_on(u->fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_KERNEL_MAX) ||
           turn_on(u->fd, SOL_SOCKET, SO_SNDBUF, UDP_KERNEL_MAX));
    return true;
}

static enum rc take_place(struct udp *u, struct err *err)
{
    union addr_place place;
    socklen_t len = addr_place(&place, &u->cfg.at, u->is_ip6);
    if (bind(u->fd, &place.any, len) != 0) {
        const int why = errno;
        char text[NET_ADDR_TEXT_BYTES];
        net_addr_text(&u->cfg.at, text);
        return err_set(err, RC_CONFIG, "cannot listen on %s: %s", text, strerror(why));
    }
    len = sizeof place;
    if (getsockname(u->fd, &place.any, &len) != 0)
        return err_set(err, RC_IO, "cannot tell the port: %s", strerror(errno));
    (void)addr_of(&u->at, &place.any); // of the socket's own family
    if (is_any(&u->cfg.at))            // the same zeros for both families
        memset(u->at.ip, 0, sizeof u->at.ip);
    return RC_OK;
}

static enum rc start(struct udp *u, struct err *err)
{
    if (!open_socket(u))
        return err_set(err, RC_IO, "cannot make a socket: %s", strerror(errno));
    enum rc rc = take_place(u, err);
    if (rc == RC_OK) {
        const int failed = uv_poll_init(loop_uv(u->cfg.loop), &u->poll, u->fd);
        if (failed != 0)
            rc = err_set(err, RC_IO, "cannot watch a socket: %s", uv_strerror(failed));
    }
    if (rc != RC_OK) {
        (void)close(u->fd);
        return rc;
    }
    u->poll.data = u;
    (void)uv_poll_start(&u->poll, UV_READABLE, readable_cb); // cannot fail
    return RC_OK;
}

enum rc udp_new(struct udp **out, const struct udp_cfg *cfg, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct udp) + 65536);
    struct udp *u = arena != NULL ? arena_take(arena, sizeof *u) : NULL;
    if (u == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "out of memory for a socket");
    }
    u->cfg = *cfg;
    u->arena = arena;
    batch_init(&u->in);
    batch_init(&u->out);
    const enum rc rc = start(u, err);
    if (rc == RC_OK)
        *out = u;
    else
        arena_free(arena);
    return rc;
}

static void closed_cb(uv_handle_t *handle)
{
    struct udp *u = handle->data;
    (void)close(u->fd);
    arena_free(u->arena);
}

void udp_free(struct udp *u)
{
    if (u != NULL)
        uv_close((uv_handle_t *)&u->poll, closed_cb);
}

struct net_addr udp_at(const struct udp *u)
{
    return u->at;
}

bool udp_has_ip4(const struct udp *u)
{
    return is_any(&u->cfg.at) || net_addr_is_ip4(&u->cfg.at);
}

bool udp_has_ip6(const struct udp *u)
{
    return u->is_ip6;
}

struct udp_stat udp_stat(const struct udp *u)
{
    return u->stat;
}

// ---- Multicast; Linux takes IPv4's options from a socket of either family

enum rc udp_join(struct udp *u, const struct net_addr *group, const struct net_addr *at)
{
    assert(net_addr_is_ip4(group));
    const struct ip_mreqn want = {.imr_multiaddr = ip4_of(group), .imr_address = ip4_of(at)};
    return setsockopt(u->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &want, sizeof want) == 0 ? RC_OK
                                                                                     : RC_IO;
}

enum rc udp_send_through(struct udp *u, const struct net_addr *at)
{
    const struct ip_mreqn want = {.imr_address = ip4_of(at)};
    return setsockopt(u->fd, IPPROTO_IP, IP_MULTICAST_IF, &want, sizeof want) == 0 ? RC_OK : RC_IO;
}
