// SPDX-License-Identifier: MIT
// Store: the index in memory over a host's kv, and what to let go first.
#include "store/store.h"

#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"

#define KEY_PREFIX 'o'
#define KEY_BYTES  (1 + DIGEST_BYTES)

struct object {
    struct list node; // in idle, or free; a pinned one is off both
    struct digest name;
    uint64_t size_bytes;
    uint32_t pins;
};

struct store {
    struct store_cfg cfg;
    struct map *index;  // digest -> struct object
    struct list idle;   // not pinned, the one used longest ago first
    struct list unused; // objects of no name
    struct store_stat stat;
    uint32_t borrowed; // gets without a release yet
};

struct key {
    uint8_t b[KEY_BYTES];
};

static struct key key_of(const struct digest *name)
{
    struct key k = {.b = {KEY_PREFIX}};
    memcpy(k.b + 1, name->b, DIGEST_BYTES);
    return k;
}

static struct bytes key_bytes(const struct key *k)
{
    return bytes_of(k->b, KEY_BYTES);
}

static struct object *find(const struct store *s, const struct digest *name)
{
    return map_get(s->index, name->b);
}

static void touch(struct store *s, struct object *o)
{
    if (o->pins > 0)
        return;
    list_del(&o->node);
    list_push_back(&s->idle, &o->node);
}

static bool has_room(const struct store *s, uint64_t size_bytes)
{
    assert(s->stat.bytes <= s->cfg.bytes_max && size_bytes <= s->cfg.bytes_max);
    return s->stat.objects < s->cfg.objects_max && size_bytes <= s->cfg.bytes_max - s->stat.bytes;
}

// Into the index, which has room for it.
static void remember(struct store *s, const struct digest *name, uint64_t size_bytes)
{
    assert(has_room(s, size_bytes) && !list_is_empty(&s->unused));
    struct object *o = CONTAINER_OF(s->unused.next, struct object, node);
    enum rc rc = map_put(s->index, name->b, o);
    assert(rc == RC_OK); // as large as objects_max
    list_del(&o->node);
    o->name = *name;
    o->size_bytes = size_bytes;
    o->pins = 0;
    list_push_back(&s->idle, &o->node);
    s->stat.objects++;
    s->stat.bytes += size_bytes;
}

static void forget(struct store *s, struct object *o)
{
    assert(s->stat.objects > 0 && s->stat.bytes >= o->size_bytes);
    s->stat.objects--;
    s->stat.bytes -= o->size_bytes;
    (void)map_del(s->index, o->name.b); // it is o
    list_del(&o->node);
    list_push_back(&s->unused, &o->node);
}

// Out of the kv and the index. RC_IO: still in both.
static enum rc drop(struct store *s, struct object *o)
{
    assert(s->borrowed == 0);
    struct key key = key_of(&o->name);
    enum rc rc = s->cfg.kv.ops->del(s->cfg.kv.self, key_bytes(&key));
    if (rc != RC_OK && rc != RC_ABSENT)
        return rc;
    forget(s, o);
    return RC_OK;
}

// RC_FULL: all that is left is pinned.
static enum rc evict(struct store *s)
{
    if (list_is_empty(&s->idle))
        return RC_FULL;
    enum rc rc = drop(s, CONTAINER_OF(s->idle.next, struct object, node));
    if (rc == RC_OK)
        s->stat.evicted++;
    return rc;
}

struct place { // in a walk over the kv: the last key seen
    uint8_t key[KV_KEY_BYTES_MAX];
    size_t len;
};

static struct place place_before_all(void)
{
    return (struct place){.key = {KEY_PREFIX}, .len = 1};
}

// To the next key with our prefix; RC_ABSENT: no more.
static enum rc step(const struct kv *kv, struct place *p, uint64_t *size_bytes)
{
    struct bytes key;
    struct bytes value;
    enum rc rc = kv->ops->next(kv->self, bytes_of(p->key, p->len), &key, &value);
    if (rc != RC_OK)
        return rc;
    assert(key.len >= 1 && key.len <= sizeof p->key);
    memcpy(p->key, key.at, key.len);
    p->len = key.len;
    *size_bytes = value.len;
    kv->ops->release(kv->self);
    return p->key[0] == KEY_PREFIX ? RC_OK : RC_ABSENT;
}

static bool place_name(const struct place *p, struct digest *out)
{
    return p->len == KEY_BYTES && digest_from(out, bytes_of(p->key + 1, DIGEST_BYTES));
}

// One entry of the kv into the index or, past the limits, off the disk.
static enum rc take_in(struct store *s, const struct place *p, uint64_t size_bytes)
{
    struct digest name;
    if (!place_name(p, &name))
        return RC_OK; // another's
    if (size_bytes <= s->cfg.bytes_max && has_room(s, size_bytes)) {
        remember(s, &name, size_bytes);
        return RC_OK;
    }
    enum rc rc = s->cfg.kv.ops->del(s->cfg.kv.self, bytes_of(p->key, p->len));
    if (rc == RC_OK)
        s->stat.evicted++;
    return rc;
}

static enum rc walk(struct store *s)
{
    struct place p = place_before_all();
    uint64_t size_bytes = 0;
    enum rc rc = step(&s->cfg.kv, &p, &size_bytes);
    while (rc == RC_OK) {
        rc = take_in(s, &p, size_bytes);
        if (rc == RC_OK)
            rc = step(&s->cfg.kv, &p, &size_bytes);
    }
    return rc == RC_ABSENT ? RC_OK : rc;
}

enum rc store_open(struct store **out, struct arena *arena, const struct store_cfg *cfg)
{
    *out = NULL;
    if (cfg->bytes_max < 1 || cfg->objects_max < 1 || cfg->objects_max > STORE_OBJECTS_MAX)
        return RC_CONFIG;
    struct store *s = arena_take(arena, sizeof *s);
    struct object *object = arena_take_array(arena, cfg->objects_max, sizeof *object);
    struct map *index = map_new(arena, DIGEST_BYTES, cfg->objects_max, cfg->seed);
    if (s == NULL || object == NULL || index == NULL)
        return RC_NOMEM;
    *s = (struct store){.cfg = *cfg, .index = index};
    list_init(&s->idle);
    list_init(&s->unused);
    for (uint32_t i = 0; i < cfg->objects_max; i++)
        list_push_back(&s->unused, &object[i].node);
    enum rc rc = walk(s);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

bool store_has(const struct store *s, const struct digest *name)
{
    return find(s, name) != NULL;
}

enum rc store_get(struct store *s, const struct digest *name, struct bytes *bytes)
{
    struct object *o = find(s, name);
    if (o == NULL)
        return RC_ABSENT;
    struct key key = key_of(name);
    enum rc rc = s->cfg.kv.ops->get(s->cfg.kv.self, key_bytes(&key), bytes);
    if (rc == RC_ABSENT) // taken away behind our back
        forget(s, o);
    if (rc != RC_OK)
        return rc;
    touch(s, o);
    s->borrowed++;
    return RC_OK;
}

void store_release(struct store *s)
{
    assert(s->borrowed > 0);
    s->borrowed--;
    s->cfg.kv.ops->release(s->cfg.kv.self);
}

// The bytes are known to be what name says, and not there yet.
static enum rc put_new(struct store *s, const struct digest *name, struct bytes bytes)
{
    if (bytes.len > s->cfg.bytes_max)
        return RC_REFUSED;
    while (!has_room(s, bytes.len)) {
        enum rc rc = evict(s);
        if (rc != RC_OK)
            return rc;
    }
    struct key key = key_of(name);
    const struct kv *kv = &s->cfg.kv;
    enum rc rc = kv->ops->put(kv->self, key_bytes(&key), bytes);
    for (uint32_t i = 0; rc == RC_FULL && i < STORE_DISK_FULL_MAX; i++) {
        rc = evict(s);
        if (rc == RC_OK)
            rc = kv->ops->put(kv->self, key_bytes(&key), bytes);
    }
    if (rc == RC_OK)
        remember(s, name, bytes.len);
    return rc;
}

static enum rc put_named(struct store *s, const struct digest *name, struct bytes bytes)
{
    assert(s->borrowed == 0);
    struct object *o = find(s, name);
    if (o == NULL)
        return put_new(s, name, bytes);
    touch(s, o);
    return RC_OK;
}

enum rc store_put(struct store *s, const struct digest *wanted, struct bytes bytes)
{
    struct digest name = hash_bytes(bytes);
    return digest_equal(&name, wanted) ? put_named(s, &name, bytes) : RC_MALFORMED;
}

enum rc store_add(struct store *s, struct bytes bytes, struct digest *name)
{
    struct digest found = hash_bytes(bytes);
    if (name != NULL)
        *name = found;
    return put_named(s, &found, bytes);
}

enum rc store_del(struct store *s, const struct digest *name)
{
    struct object *o = find(s, name);
    if (o == NULL)
        return RC_ABSENT;
    return o->pins > 0 ? RC_REFUSED : drop(s, o);
}

enum rc store_pin(struct store *s, const struct digest *name)
{
    struct object *o = find(s, name);
    if (o == NULL)
        return RC_ABSENT;
    assert(o->pins < UINT32_MAX);
    o->pins++;
    list_del(&o->node);
    return RC_OK;
}

void store_unpin(struct store *s, const struct digest *name)
{
    struct object *o = find(s, name);
    if (o == NULL || o->pins == 0)
        return;
    o->pins--;
    touch(s, o);
}

enum rc store_verify(struct store *s, const struct digest *name)
{
    struct bytes bytes;
    enum rc rc = store_get(s, name, &bytes);
    if (rc != RC_OK)
        return rc;
    struct digest found = hash_bytes(bytes);
    store_release(s);
    if (digest_equal(&found, name))
        return RC_OK;
    rc = drop(s, find(s, name));
    if (rc != RC_OK)
        return rc;
    s->stat.damaged++;
    return RC_MALFORMED;
}

enum rc store_verify_all(struct store *s, uint64_t *damaged)
{
    *damaged = 0;
    struct digest name;
    uint64_t size_bytes = 0;
    enum rc rc = store_next(s, NULL, &name, &size_bytes);
    while (rc == RC_OK) {
        rc = store_verify(s, &name);
        if (rc == RC_IO)
            return rc;
        if (rc == RC_MALFORMED)
            (*damaged)++;
        rc = store_next(s, &name, &name, &size_bytes);
    }
    return rc == RC_ABSENT ? RC_OK : rc;
}

enum rc store_next(struct store *s, const struct digest *after, struct digest *name,
                   uint64_t *size_bytes)
{
    struct place p = place_before_all();
    if (after != NULL) {
        memcpy(p.key + 1, after->b, DIGEST_BYTES);
        p.len = KEY_BYTES;
    }
    for (;;) {
        uint64_t size = 0;
        struct digest found;
        enum rc rc = step(&s->cfg.kv, &p, &size);
        if (rc != RC_OK)
            return rc;
        if (place_name(&p, &found) && store_has(s, &found)) {
            *name = found;
            *size_bytes = size;
            return RC_OK;
        }
    }
}

struct store_stat store_stat(const struct store *s)
{
    return s->stat;
}
