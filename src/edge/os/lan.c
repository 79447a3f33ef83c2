// SPDX-License-Identifier: MIT
// Others of our kind on the same network, found by multicast.
#include "os/lan.h"

#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "os/entropy.h"
#include "os/loop.h"

#define WORD       "shoal node 1\n"
#define WORD_BYTES (sizeof WORD - 1)
#define DICE_BYTES 8u

struct lan {
    struct lan_cfg cfg;
    struct arena *arena; // holds this struct
    struct udp *ears;
    struct loop_timer *again;
    struct net_addr group;
    uint8_t word[WORD_BYTES + DICE_BYTES];
};

static void say(void *self)
{
    struct lan *l = self;
    const struct net net = udp_net(l->cfg.udp);
    net.send(net.self, &l->group, bytes_of(l->word, sizeof l->word));
    loop_timer_at(l->again, time_after(loop_now_us(l->cfg.loop), LAN_EVERY_US));
}

static void hear(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct lan *l = self;
    const bool is_word = datagram.len == sizeof l->word &&
                         bytes_equal(bytes_part(datagram, 0, WORD_BYTES), bytes_text(WORD));
    const bool is_own = bytes_equal(datagram, bytes_of(l->word, sizeof l->word));
    if (is_word && !is_own && net_addr_is_private(from)) // from afar is not what this is for
        l->cfg.on_heard(l->cfg.self, from);
}

static enum rc open_ears(struct lan *l, struct err *err)
{
    const struct udp_cfg cfg = {
        .loop = l->cfg.loop, .at = l->group, .is_shared = true, .self = l, .on_datagram = hear};
    enum rc rc = udp_new(&l->ears, &cfg, err);
    if (rc != RC_OK)
        return rc;
    if (udp_join(l->ears, &l->group, &l->cfg.at) != RC_OK)
        return err_set(err, RC_IO, "no network to find others on");
    if (udp_send_through(l->cfg.udp, &l->cfg.at) != RC_OK)
        return err_set(err, RC_IO, "no network to be found on");
    rc = loop_timer_new(&l->again, l->cfg.loop, say, l);
    return rc == RC_OK ? rc : err_set(err, rc, "out of memory for a timer");
}

enum rc lan_new(struct lan **out, const struct lan_cfg *cfg, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct lan) + 4096);
    struct lan *l = arena != NULL ? arena_take(arena, sizeof *l) : NULL;
    if (l == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "out of memory for looking around");
    }
    l->cfg = *cfg;
    l->arena = arena;
    l->group = net_addr_ip4(LAN_GROUP, LAN_PORT);
    memcpy(l->word, WORD, WORD_BYTES);
    const struct entropy entropy = entropy_os();
    entropy.fill(entropy.self, l->word + WORD_BYTES, DICE_BYTES);
    const enum rc rc = open_ears(l, err);
    if (rc != RC_OK) {
        lan_free(l);
        return rc;
    }
    say(l);
    *out = l;
    return RC_OK;
}

void lan_free(struct lan *l)
{
    if (l == NULL)
        return;
    udp_free(l->ears);
    loop_timer_free(l->again);
    arena_free(l->arena); // the loop no longer knows it: handles are in blocks of their own
}
