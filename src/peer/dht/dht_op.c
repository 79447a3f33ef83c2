// SPDX-License-Identifier: MIT
// Ops: what the host and upkeep ask for, from the call to the end.
#include <assert.h>
#include <string.h>

#include "dht/dht_state.h"

static bool is_internal(enum op_kind kind)
{
    return kind == OP_REFRESH || kind == OP_PROVIDE;
}

bool op_is_internal(const struct op *op)
{
    return is_internal((enum op_kind)op->kind);
}

bool op_is_of_records(const struct op *op)
{
    return op->kind == OP_RECORDS || op->kind == OP_PUBLISH || op->kind == OP_PROVIDE;
}

bool op_is_store(const struct op *op)
{
    return op->kind == OP_ANNOUNCE || op->kind == OP_PUT || op->kind == OP_PUBLISH ||
           op->kind == OP_PROVIDE;
}

enum krpc_method op_query(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_PEERS:
    case OP_ANNOUNCE:
        return KRPC_GET_PEERS;
    case OP_GET:
    case OP_PUT:
        return KRPC_GET;
    case OP_RECORDS:
    case OP_PUBLISH:
    case OP_PROVIDE:
        return KRPC_SH_GET;
    case OP_NODES:
    case OP_REFRESH:
    case OP_PING:
    case OP_SAMPLE:
        break;
    }
    return KRPC_FIND_NODE;
}

struct op *op_new(struct dht *d, enum op_kind kind, unsigned how)
{
    struct op *op = NULL;
    uint32_t free_count = 0;
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        if (d->op[i].state != OP_FREE)
            continue;
        free_count++;
        op = &d->op[i];
    }
    const bool is_last = free_count == 1 && d->cfg.ops_max > 1; // that is the host's
    if (op == NULL || (is_internal(kind) && is_last))
        return NULL;
    do
        d->op_number++;
    while (d->op_number == 0 || op_by_number(d, d->op_number) != NULL);
    *op = (struct op){.state = OP_WAITS,
                      .kind = (uint8_t)kind,
                      .how = (uint8_t)how,
                      .body = NONE8,
                      .is_six = !d->cfg.has_ip4,
                      .is_six_left = d->cfg.has_ip4 && d->cfg.has_ip6,
                      .number = d->op_number,
                      .seq = INT64_MIN};
    d->is_dirty = true;
    return op;
}

struct op *op_by_number(struct dht *d, uint32_t number)
{
    for (uint32_t i = 0; i < d->cfg.ops_max; i++)
        if (d->op[i].state != OP_FREE && d->op[i].number == number)
            return &d->op[i];
    return NULL;
}

static uint32_t since_us(const struct dht *d, const struct op *op)
{
    const uint64_t us = d->now_us - op->began_us;
    return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

void op_found(struct dht *d, struct op *op)
{
    assert(op->state == OP_RUNS);
    if (op->counts.found++ == 0)
        op->counts.first_us = since_us(d, op);
}

void op_end(struct dht *d, struct op *op, enum rc rc)
{
    if (op == NULL || (op->state != OP_RUNS && op->state != OP_WAITS))
        return;
    for (uint32_t i = 0; i < d->cfg.lookups_max; i++) {
        if (d->slot[i].op != op)
            continue;
        d->slot[i].op = NULL;
        ask_forget_slot(d, (uint8_t)i);
    }
    if (op->body != NONE8) {
        assert(op->body < d->body_count && d->body[op->body].is_used);
        d->body[op->body].is_used = false;
    }
    op->body = NONE8;
    op->rc = rc;
    op->counts.time_us = op->has_begun ? since_us(d, op) : 0;
    d->is_dirty = true;
    op->state = OP_ENDED;
    if (op_is_internal(op))
        d->uncollected++;
    else
        d->ended++;
}

bool op_collect(struct dht *d, struct op *out)
{
    for (uint32_t i = 0; i < d->cfg.ops_max && d->uncollected > 0; i++) {
        struct op *op = &d->op[i];
        if (op->state != OP_ENDED || !op_is_internal(op))
            continue;
        *out = *op;
        op->state = OP_FREE;
        d->uncollected--;
        return true;
    }
    assert(d->uncollected == 0);
    return false;
}

// ---- What the host asks for

static uint32_t number_of(const struct op *op)
{
    return op != NULL ? op->number : 0;
}

static struct op *op_toward(struct dht *d, enum op_kind kind, const struct dht_id *target,
                            unsigned how)
{
    struct op *op = op_new(d, kind, how);
    if (op != NULL)
        op->target = *target;
    return op;
}

static uint32_t op_to(struct dht *d, enum op_kind kind, const struct net_addr *addr,
                      const struct dht_id *target)
{
    if (dht_family(d, addr) == NULL || !net_addr_is_host(addr))
        return 0;
    struct op *op = op_toward(d, kind, target, 0);
    if (op != NULL)
        op->addr = *addr;
    return number_of(op);
}

uint32_t dht_ping(struct dht *d, const struct net_addr *addr)
{
    return op_to(d, OP_PING, addr, &d->id);
}

uint32_t dht_sample(struct dht *d, const struct net_addr *addr, const struct dht_id *target)
{
    return op_to(d, OP_SAMPLE, addr, target);
}

uint32_t dht_find_nodes(struct dht *d, const struct dht_id *key, unsigned how)
{
    return number_of(op_toward(d, OP_NODES, key, how));
}

uint32_t dht_find_peers(struct dht *d, const struct dht_id *info_hash, unsigned how)
{
    return number_of(op_toward(d, OP_PEERS, info_hash, how));
}

uint32_t dht_announce(struct dht *d, const struct dht_id *info_hash, uint16_t port, unsigned how)
{
    struct op *op = op_toward(d, OP_ANNOUNCE, info_hash, how);
    if (op != NULL)
        op->port = port;
    return number_of(op);
}

uint32_t dht_get(struct dht *d, const struct dht_id *target, unsigned how)
{
    return number_of(op_toward(d, OP_GET, target, how));
}

static bool set_salt(struct op *op, struct bytes salt)
{
    if (salt.len > ITEM_SALT_BYTES_MAX)
        return false;
    if (salt.len > 0)
        memcpy(op->salt, salt.at, salt.len);
    op->salt_len = (uint8_t)salt.len;
    return true;
}

uint32_t dht_get_mutable(struct dht *d, const struct sign_public *key, struct bytes salt,
                         unsigned how)
{
    if (salt.len > ITEM_SALT_BYTES_MAX)
        return 0;
    const struct dht_id target = item_target_of(key, salt);
    struct op *op = op_toward(d, OP_GET, &target, how);
    if (op == NULL)
        return 0;
    op->is_mutable = true;
    memcpy(op->key, key->b, sizeof op->key);
    (void)set_salt(op, salt); // its length was looked at
    return op->number;
}

static bool set_body(struct dht *d, struct op *op, struct bytes bytes)
{
    assert(bytes.len <= BODY_BYTES);
    for (uint32_t i = 0; i < d->body_count; i++) {
        if (d->body[i].is_used)
            continue;
        op->body = (uint8_t)i;
        d->body[i].is_used = true;
        d->body[i].len = (uint16_t)bytes.len;
        memcpy(d->body[i].bytes, bytes.at, bytes.len);
        return true;
    }
    op->state = OP_FREE;
    return false;
}

uint32_t dht_put(struct dht *d, const struct item *item, int64_t cas, unsigned how)
{
    if (item_judge(item) != 0)
        return 0;
    const struct dht_id target = item_target(item);
    struct op *op = op_toward(d, OP_PUT, &target, how);
    if (op == NULL || !set_salt(op, item->salt) || !set_body(d, op, item->v))
        return 0;
    op->is_mutable = item_is_mutable(item);
    op->seq = item->seq;
    op->cas = cas;
    if (op->is_mutable) {
        memcpy(op->key, item->k.at, sizeof op->key);
        memcpy(op->signature, item->sig.at, sizeof op->signature);
    }
    return op->number;
}

uint32_t dht_find_records(struct dht *d, const struct digest *subject, unsigned how)
{
    const struct dht_id target = dht_id_of_name(subject);
    struct op *op = op_toward(d, OP_RECORDS, &target, how);
    if (op != NULL)
        op->subject = *subject;
    return number_of(op);
}

struct op *op_publish(struct dht *d, enum op_kind kind, struct bytes record, unsigned how)
{
    assert(kind == OP_PUBLISH || kind == OP_PROVIDE);
    struct record r;
    if (record.len > BODY_BYTES || record_decode(&r, record) != RC_OK)
        return NULL;
    const struct dht_id target = dht_id_of_name(&r.key);
    struct op *op = op_toward(d, kind, &target, how);
    if (op == NULL || !set_body(d, op, record))
        return NULL;
    op->subject = r.key;
    return op;
}

uint32_t dht_publish(struct dht *d, struct bytes record, unsigned how)
{
    return number_of(op_publish(d, OP_PUBLISH, record, how));
}

void dht_cancel(struct dht *d, uint32_t number)
{
    struct op *op = number != 0 ? op_by_number(d, number) : NULL;
    if (op != NULL && !op_is_internal(op))
        op_end(d, op, RC_CLOSED);
}
