// SPDX-License-Identifier: MIT
// Own records: published again and again until they are withdrawn; and others' passed on.
#include <assert.h>
#include <string.h>

#include "dht/dht_state.h"

#define OWN_US       UINT64_C(28800000000) // 8 h, +- 25 %
#define OWN_RETRY_US UINT64_C(60000000)
#define OWN_LIFE_S   86400u

// Others' records are passed on half an hour after anybody last put them here (Kademlia, section
// 2.5), +- 25 %: of all who keep one, the first does it for the rest. At most one a minute.
#define PASS_US      UINT64_C(1800000000)
#define PASS_LOOK_US UINT64_C(60000000)
#define OWN_NONE     UINT32_MAX

void own_start(struct dht *d)
{
    const bool is_sparing = d->cfg.is_metered || d->cfg.is_read_only;
    d->own_due_us = UINT64_MAX;
    d->pass_due_us = is_sparing ? UINT64_MAX : d->now_us + PASS_LOOK_US;
}

static void find_own_due(struct dht *d)
{
    d->own_due_us = UINT64_MAX;
    for (uint32_t i = 0; i < d->cfg.own_max; i++) {
        const struct own *o = &d->own[i];
        if (o->is_used && !o->is_running && o->due_us < d->own_due_us)
            d->own_due_us = o->due_us;
    }
}

static bool sign_own(struct dht *d, const struct own *o, struct buffer *out)
{
    struct record r = {.key = o->subject,
                       .has_room = o->has_room,
                       .room = o->room,
                       .issued_s = dht_unix_s(d),
                       .expires_s = dht_unix_s(d) + OWN_LIFE_S};
    static_assert(OWN_LIFE_S <= RECORD_LIFE_S_MAX, "others take it");
    static_assert(RECORD_ADDRESSES_MAX >= 2, "one of each family");
    assert(d->has_wall); // it carries dates
    for (unsigned i = 0; i < 2; i++)
        if (d->family[i].self.port != 0)
            r.address[r.address_count++] = d->family[i].self;
    return record_encode_provider(out, &r, d->cfg.id->key) == RC_OK;
}

static void publish_own(struct dht *d, uint32_t index)
{
    assert(index < d->cfg.own_max && d->cfg.id != NULL);
    struct own *o = &d->own[index];
    assert(o->is_used && !o->is_running);
    uint8_t at[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    struct op *op = sign_own(d, o, &b) ? op_publish(d, OP_PROVIDE, buffer_bytes(&b), 0) : NULL;
    if (op == NULL) { // no room among the ops
        o->due_us = d->now_us + dht_about(d, OWN_RETRY_US / 8);
        return;
    }
    op->own = index;
    o->is_running = true;
}

static bool is_publishing(const struct dht *d)
{
    for (uint32_t i = 0; i < d->cfg.ops_max; i++)
        if (d->op[i].state != OP_FREE && d->op[i].kind == OP_PROVIDE)
            return true;
    return false;
}

static void publish_tick(struct dht *d)
{
    // One at a time: the host's ops need room too, and nobody waits for this.
    if (d->now_us < d->own_due_us || is_publishing(d) || !d->has_wall)
        return;
    for (uint32_t i = 0; i < d->cfg.own_max; i++) {
        const struct own *o = &d->own[i];
        if (!o->is_used || o->is_running || o->due_us > d->now_us)
            continue;
        publish_own(d, i);
        break;
    }
    find_own_due(d);
}

void own_done(struct dht *d, const struct op *op)
{
    if (op->own == OWN_NONE)
        return;
    assert(op->own < d->cfg.own_max);
    struct own *o = &d->own[op->own];
    assert(op->state == OP_ENDED && o->is_running);
    o->is_running = false;
    if (op->counts.stored > 0) {
        d->stat.own_published++;
        o->failures = 0;
        o->due_us = d->now_us + dht_about(d, OWN_US);
    } else {
        d->stat.own_failed++;
        if (o->failures < 4)
            o->failures++;
        o->due_us = d->now_us + dht_about(d, OWN_RETRY_US << o->failures);
    }
    find_own_due(d);
}

static struct own *own_of(struct dht *d, const struct digest *subject)
{
    for (uint32_t i = 0; i < d->cfg.own_max; i++)
        if (d->own[i].is_used && digest_equal(&d->own[i].subject, subject))
            return &d->own[i];
    return NULL;
}

enum rc dht_provide(struct dht *d, const struct digest *subject, const struct digest *room)
{
    if (d->cfg.id == NULL)
        return RC_REFUSED;
    struct own *o = own_of(d, subject);
    for (uint32_t i = 0; i < d->cfg.own_max && o == NULL; i++)
        if (!d->own[i].is_used && !d->own[i].is_running)
            o = &d->own[i];
    if (o == NULL)
        return RC_FULL;
    if (!o->is_used) {
        *o = (struct own){.is_used = true, .subject = *subject};
        d->own_count++;
        assert(d->own_count <= d->cfg.own_max);
    }
    o->has_room = room != NULL;
    if (room != NULL)
        o->room = *room;
    o->due_us = d->now_us;
    d->own_due_us = d->now_us;
    d->is_dirty = true;
    return RC_OK;
}

void dht_unprovide(struct dht *d, const struct digest *subject)
{
    struct own *o = own_of(d, subject);
    if (o == NULL)
        return;
    o->is_used = false; // is_running may stay: its op ends by itself
    assert(d->own_count > 0);
    d->own_count--;
    find_own_due(d);
    d->is_dirty = true;
}

// ---- Others' records

static void pass_tick(struct dht *d)
{
    uint8_t at[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    if (d->now_us < d->pass_due_us)
        return;
    d->pass_due_us = d->now_us + dht_about(d, PASS_LOOK_US);
    if (is_publishing(d) || !shelf_pass(d->shelf, dht_about(d, PASS_US), &b, d->now_us))
        return;
    struct op *op = op_publish(d, OP_PROVIDE, buffer_bytes(&b), 0);
    if (op != NULL) // no room: somebody else will do it
        op->own = OWN_NONE;
}

// ---- Time

void own_renew(struct dht *d)
{
    for (uint32_t i = 0; i < d->cfg.own_max; i++)
        if (d->own[i].is_used && !d->own[i].is_running)
            d->own[i].due_us = d->now_us;
    d->own_due_us = d->own_count > 0 ? d->now_us : UINT64_MAX;
}

void own_tick(struct dht *d)
{
    publish_tick(d);
    pass_tick(d);
}

uint64_t own_due_us(const struct dht *d)
{
    // What waits for a date, or for the one that is being published, is looked at when that comes.
    const bool is_held = !d->has_wall || is_publishing(d);
    return !is_held && d->own_due_us < d->pass_due_us ? d->own_due_us : d->pass_due_us;
}
