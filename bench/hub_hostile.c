// SPDX-License-Identifier: MIT
// Bench: many connections that stall, flood, lie and send nonsense to a hub, at a bounded price.
//
// usage: hub_hostile --port P [...], hub_hostile --help
//
// The kinds of hub_hostile_plans.c share the connections and the source addresses evenly, each
// kind with addresses of its own, so that what one kind is banned for does not keep out another.
// Who is hung up on comes again after a pause. One thread, which takes no more than the stated
// share of a CPU, for a stated time.
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "hub_hostile_plans.h"
#include "options.h"
#include "os/clock.h"
#include "os/file.h"

#define CONNECTIONS_MAX  16384
#define ADDRESSES_MAX    65000
#define FIRST_SOURCE     0x7f000101u // 127.0.1.1 and those after
#define EVENTS_MAX       256
#define READ_BYTES       65536
#define READS_A_TURN_MAX 4
#define SLEEP_US_MAX     100000
#define STINGY_BYTES     4096 // the receive buffer of one who never reads

struct options {
    uint64_t port, connections, addresses, pause_ms, seed;
    const char *kinds;
    double seconds, cpu_percent;
    bool is_json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option_spec specs[] = {
    {.name = "port",
     .kind = OPTION_U64,
     .min = 1,
     .max = 65535,
     .initial = "8765",
     .sentence = "the hub's port on 127.0.0.1",
     .offset = FIELD(port)},
    {.name = "connections",
     .kind = OPTION_U64,
     .min = 1,
     .max = CONNECTIONS_MAX,
     .initial = "1000",
     .sentence = "at the same time, of all kinds together",
     .offset = FIELD(connections)},
    {.name = "addresses",
     .kind = OPTION_U64,
     .min = 1,
     .max = ADDRESSES_MAX,
     .initial = "100",
     .sentence = "source addresses, from 127.0.1.1 on",
     .offset = FIELD(addresses)},
    {.name = "kinds",
     .kind = OPTION_TEXT,
     .value = "A,B,...",
     .sentence = "only these; else all but heartbeat-flood and idle-helper",
     .offset = FIELD(kinds)},
    {.name = "seconds",
     .kind = OPTION_F64,
     .real_max = 3600,
     .initial = "10",
     .sentence = "how long",
     .offset = FIELD(seconds)},
    {.name = "cpu",
     .kind = OPTION_F64,
     .real_max = 100,
     .initial = "25",
     .value = "PERCENT",
     .sentence = "of one CPU for this program, at most",
     .offset = FIELD(cpu_percent)},
    {.name = "pause-ms",
     .kind = OPTION_U64,
     .max = 60000,
     .initial = "100",
     .sentence = "from being hung up on to the next try",
     .offset = FIELD(pause_ms)},
    {.name = "seed",
     .kind = OPTION_U64,
     .initial = "1",
     .sentence = "of everything random",
     .offset = FIELD(seed)},
    {.name = "json", .kind = OPTION_FLAG, .sentence = "one line of JSON", .offset = FIELD(is_json)},
};

static const struct option_command command = {
    .name = "hub_hostile",
    .summary = "hostile connections to a hub",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
};

enum stage { STAGE_OFF, STAGE_CONNECTING, STAGE_UPGRADING, STAGE_ON };

struct attacker {
    const struct hostile_plan *plan;
    struct kind_count *count;
    int fd;
    uint32_t source; // host order
    enum stage stage;
    uint64_t due_us; // of the next step, or of the next try
    size_t intro_at, again_at;
    bool was_heard; // the hub sent something
};

struct kind_count {
    uint64_t tries, connected, upgraded, unheard, dropped, sent_bytes, got_bytes;
};

struct siege {
    struct options o;
    struct hostile_plan plan[HOSTILE_PLANS_MAX];
    struct kind_count count[HOSTILE_PLANS_MAX];
    size_t plan_count;
    struct attacker *attackers;
    int epoll;
    struct sockaddr_in to;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "hub_hostile: %s: %s\n", what, strerror(errno));
    exit(1);
}

// ---- One attacker

static void hang_up(struct siege *s, struct attacker *a, uint64_t now_us)
{
    const struct linger hard = {.l_onoff = 1}; // RST: leaves no TIME_WAIT behind
    if (setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) != 0)
        die("SO_LINGER");
    (void)close(a->fd); // which takes it out of epoll, too
    a->fd = -1;
    a->stage = STAGE_OFF;
    a->due_us = now_us + s->o.pause_ms * 1000;
}

static void dropped(struct siege *s, struct attacker *a, uint64_t now_us)
{
    a->count->dropped++;
    a->count->unheard += !a->was_heard;
    hang_up(s, a, now_us);
}

static void call(struct siege *s, struct attacker *a, uint64_t now_us)
{
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(a->source)};
    const int one = 1, stingy = STINGY_BYTES;
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0)
        die("socket");
    (void)setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); // at worst it is slower
    if (!a->plan->reads)
        (void)setsockopt(a->fd, SOL_SOCKET, SO_RCVBUF, &stingy, sizeof stingy);
    if (setsockopt(a->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) != 0 ||
        bind(a->fd, (const struct sockaddr *)&from, sizeof from) != 0)
        die("bind");
    a->stage = STAGE_CONNECTING;
    a->was_heard = false;
    a->intro_at = a->again_at = 0;
    a->count->tries++;
    struct epoll_event e = {.events = EPOLLOUT | EPOLLRDHUP, .data.ptr = a};
    if (connect(a->fd, (const struct sockaddr *)&s->to, sizeof s->to) != 0 && errno != EINPROGRESS)
        dropped(s, a, now_us);
    else if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, a->fd, &e) != 0)
        die("epoll_ctl");
}

// False: it was hung up on.
static bool say(struct siege *s, struct attacker *a, struct bytes words, size_t *used,
                uint64_t now_us)
{
    const ssize_t sent = send(a->fd, words.at, words.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        dropped(s, a, now_us);
        return false;
    }
    *used = sent > 0 ? (size_t)sent : 0;
    a->count->sent_bytes += *used;
    return true;
}

// As much of the plan as is due.
static void step(struct siege *s, struct attacker *a, uint64_t now_us)
{
    const struct hostile_plan *p = a->plan;
    size_t left = p->step_bytes, used = 0;
    a->due_us = p->period_us > 0 ? now_us + p->period_us : UINT64_MAX;
    if (a->intro_at < p->intro.len) {
        if (!say(s, a, bytes_part(p->intro, a->intro_at, SIZE_MAX), &used, now_us))
            return;
        a->intro_at += used;
        if (a->intro_at < p->intro.len) {
            a->due_us = now_us + HOSTILE_TICK_US;
            return;
        }
    }
    while (left > 0 && p->again.len > 0) {
        const size_t part = num_min(left, p->again.len - a->again_at);
        if (!say(s, a, bytes_part(p->again, a->again_at, part), &used, now_us))
            return;
        a->again_at = (a->again_at + used) % p->again.len;
        left -= used;
        if (used < part)
            return;
    }
}

static void upgrade(struct siege *s, struct attacker *a, uint64_t now_us)
{
    char head[256];
    size_t used;
    const int len = snprintf(head, sizeof head,
                             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                             a->plan->path, (unsigned)s->o.port);
    a->stage = STAGE_UPGRADING;
    a->due_us = UINT64_MAX;
    (void)say(s, a, bytes_of(head, (size_t)len), &used, now_us); // a new socket has room for it
}

static void connected(struct siege *s, struct attacker *a, uint64_t now_us)
{
    const bool listens = a->plan->reads || a->plan->path != NULL;
    struct epoll_event e = {.events = EPOLLRDHUP | (listens ? EPOLLIN : 0u), .data.ptr = a};
    a->count->connected++;
    if (a->plan->resets) {
        hang_up(s, a, now_us);
        a->due_us = now_us;
        return;
    }
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, a->fd, &e) != 0)
        die("epoll_ctl");
    a->stage = STAGE_ON;
    a->due_us = now_us;
    if (a->plan->path != NULL)
        upgrade(s, a, now_us);
}

static void answered(struct siege *s, struct attacker *a, uint64_t now_us)
{
    struct epoll_event e = {.events = EPOLLRDHUP, .data.ptr = a};
    a->count->upgraded++;
    a->stage = STAGE_ON;
    a->due_us = now_us;
    if (!a->plan->reads && epoll_ctl(s->epoll, EPOLL_CTL_MOD, a->fd, &e) != 0)
        die("epoll_ctl");
}

// What the hub says is not looked at, but for whether it upgrades.
static void hear(struct siege *s, struct attacker *a, uint64_t now_us)
{
    static uint8_t room[READ_BYTES];
    const int flags = MSG_DONTWAIT | (a->stage == STAGE_ON ? MSG_TRUNC : 0); // thrown away
    for (int i = 0; i < READS_A_TURN_MAX && a->stage != STAGE_OFF; i++) {
        const ssize_t got = recv(a->fd, room, sizeof room, flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            dropped(s, a, now_us);
            return;
        }
        a->was_heard = true;
        a->count->got_bytes += (uint64_t)got;
        if (a->stage == STAGE_UPGRADING && got >= 12 && memcmp(room, "HTTP/1.1 101", 12) == 0) {
            answered(s, a, now_us);
            return;
        }
    }
}

static void on_event(struct siege *s, struct attacker *a, uint32_t events, uint64_t now_us)
{
    if (a->stage == STAGE_OFF)
        return;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        dropped(s, a, now_us);
    else if (a->stage == STAGE_CONNECTING)
        connected(s, a, now_us);
    else if ((events & EPOLLIN) != 0)
        hear(s, a, now_us);
    else if ((events & EPOLLRDHUP) != 0)
        dropped(s, a, now_us);
}

// ---- All of them

static bool is_chosen(const char *kinds, const struct hostile_plan *p)
{
    const size_t len = strlen(p->name);
    if (kinds == NULL)
        return !p->is_extra;
    for (const char *at = kinds; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, p->name, len) == 0 && (at[len] == 0 || at[len] == ','))
            return true;
    }
    return false;
}

static void choose(struct siege *s)
{
    const size_t all = hostile_plans(s->plan, s->o.seed);
    for (size_t i = 0; i < all; i++)
        if (is_chosen(s->o.kinds, &s->plan[i]))
            s->plan[s->plan_count++] = s->plan[i];
    if (s->plan_count > 0)
        return;
    (void)fprintf(stderr, "hub_hostile: --kinds %s: of these there are:", s->o.kinds);
    for (size_t i = 0; i < all; i++)
        (void)fprintf(stderr, " %s", s->plan[i].name);
    (void)fputs("\n", stderr);
    exit(2);
}

static void gather(struct siege *s)
{
    const size_t n = s->o.connections;
    choose(s);
    s->to = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)s->o.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->attackers = calloc(n, sizeof *s->attackers);
    if (s->epoll < 0 || s->attackers == NULL)
        die("start");
    for (size_t i = 0; i < n; i++) {
        const size_t kind = i * s->plan_count / n;
        s->attackers[i] = (struct attacker){
            .plan = &s->plan[kind],
            .count = &s->count[kind],
            .fd = -1,
            .source = FIRST_SOURCE + (uint32_t)(i * s->o.addresses / n),
        };
    }
}

static double own_cpu_s(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        die("clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Sleeps off what was taken above the stated share.
static void keep_share(const struct siege *s, double cpu_s, double elapsed_s)
{
    const double ahead_s = cpu_s / (s->o.cpu_percent / 100) - elapsed_s;
    if (ahead_s > 0)
        (void)usleep((useconds_t)num_min((uint64_t)(ahead_s * 1e6), SLEEP_US_MAX));
}

static void tick(struct siege *s, uint64_t now_us)
{
    for (size_t i = 0; i < s->o.connections; i++) {
        struct attacker *a = &s->attackers[i];
        if (a->due_us > now_us)
            continue;
        if (a->stage == STAGE_OFF)
            call(s, a, now_us);
        else if (a->stage == STAGE_ON)
            step(s, a, now_us);
    }
}

static void attack(struct siege *s)
{
    static struct epoll_event events[EVENTS_MAX];
    const uint64_t start_us = clock_now_us();
    const uint64_t end_us = start_us + (uint64_t)(s->o.seconds * 1e6);
    uint64_t tick_us = start_us;
    for (uint64_t now_us = start_us; now_us < end_us; now_us = clock_now_us()) {
        const int wait_ms = now_us < tick_us ? (int)((tick_us - now_us) / 1000) : 0;
        const int n = epoll_wait(s->epoll, events, EVENTS_MAX, wait_ms);
        now_us = clock_now_us();
        for (int i = 0; i < n; i++)
            on_event(s, events[i].data.ptr, events[i].events, now_us);
        if (now_us >= tick_us) {
            tick(s, now_us);
            tick_us = now_us + HOSTILE_TICK_US;
        }
        keep_share(s, own_cpu_s(), (double)(clock_now_us() - start_us) / 1e6);
    }
}

// ---- What is told

static size_t on_count(const struct siege *s, const struct hostile_plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < s->o.connections; i++)
        n += s->attackers[i].stage == STAGE_ON && (p == NULL || s->attackers[i].plan == p);
    return n;
}

static void tell_json(const struct siege *s)
{
    printf("{\"cpu_s\": %.3f, \"on\": %zu, \"kinds\": {", own_cpu_s(), on_count(s, NULL));
    for (size_t i = 0; i < s->plan_count; i++) {
        const struct kind_count *c = &s->count[i];
        printf("%s\"%s\": {\"tries\": %llu, \"connected\": %llu, \"upgraded\": %llu, "
               "\"unheard\": %llu, \"dropped\": %llu, \"sent_bytes\": %llu, \"got_bytes\": %llu, "
               "\"on\": %zu}",
               i > 0 ? ", " : "", s->plan[i].name, (unsigned long long)c->tries,
               (unsigned long long)c->connected, (unsigned long long)c->upgraded,
               (unsigned long long)c->unheard, (unsigned long long)c->dropped,
               (unsigned long long)c->sent_bytes, (unsigned long long)c->got_bytes,
               on_count(s, &s->plan[i]));
    }
    printf("}}\n");
}

static void tell(const struct siege *s)
{
    printf("%-18s %9s %9s %9s %9s %9s %12s %12s %6s\n", "kind", "tries", "connected", "upgraded",
           "unheard", "dropped", "sent, bytes", "got, bytes", "on");
    for (size_t i = 0; i < s->plan_count; i++) {
        const struct kind_count *c = &s->count[i];
        printf("%-18s %9llu %9llu %9llu %9llu %9llu %12llu %12llu %6zu\n", s->plan[i].name,
               (unsigned long long)c->tries, (unsigned long long)c->connected,
               (unsigned long long)c->upgraded, (unsigned long long)c->unheard,
               (unsigned long long)c->dropped, (unsigned long long)c->sent_bytes,
               (unsigned long long)c->got_bytes, on_count(s, &s->plan[i]));
    }
    printf("%.3f s of CPU in %.1f s\n", own_cpu_s(), s->o.seconds);
}

int main(int argc, char *argv[])
{
    static struct siege s;
    bench_options(&command, &s.o, argc, argv);
    s.o.cpu_percent = fmax(s.o.cpu_percent, 1);
    (void)file_raise_limit(); // too few show themselves
    (void)signal(SIGPIPE, SIG_IGN);
    gather(&s);
    attack(&s);
    if (s.o.is_json)
        tell_json(&s);
    else
        tell(&s);
    free(s.attackers);
    return 0;
}
