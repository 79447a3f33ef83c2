// SPDX-License-Identifier: MIT
// What a host gives: a transactional store of keys and values, on one disk or in memory.
//
// A put or del is durable when it returns, and all of it or nothing is there after a crash. Between
// begin and commit, changes are one group: get and next see them at once, commit makes them durable
// together (one sync for all), abort or a crash leaves nothing of them.
//
// Hosts for large values (os/blobs) give less, and say so: each value by itself is whole after the
// end of a process, and is durable once a commit after its put has returned; until then a loss
// of power may leave the old value, the new one, or a torn one. There, abort takes nothing back.
//
// Keys are 1..KV_KEY_BYTES_MAX bytes and ordered as memcmp orders them.
#ifndef HOST_KV_H
#define HOST_KV_H

#include "base/bytes.h"
#include "base/rc.h"

#define KV_KEY_BYTES_MAX 511 // LMDB's default
#define KV_LENT_MAX      256 // values borrowed at a time

struct kv_ops {
    // *value is borrowed until the last `release`; every RC_OK of get or next needs one release,
    // and nothing may be written, begun or ended in between. RC_ABSENT, RC_IO; RC_FULL: too much is
    // borrowed.
    enum rc (*get)(void *self, struct bytes key, struct bytes *value);
    // The first entry whose key is greater than `after` (empty: the very first). Codes as get's.
    enum rc (*next)(void *self, struct bytes after, struct bytes *key, struct bytes *value);
    void (*release)(void *self);
    // RC_FULL: the disk, or the store's size limit. RC_IO. Within a group either one spoils it: all
    // that is left to do is abort.
    enum rc (*put)(void *self, struct bytes key, struct bytes value);
    enum rc (*del)(void *self, struct bytes key); // RC_ABSENT, RC_IO
    // Groups do not nest. RC_IO, RC_NOMEM: none was begun.
    enum rc (*begin)(void *self);
    // RC_FULL, RC_IO: as after abort, or (RC_IO alone) after success: the disk did not say.
    enum rc (*commit)(void *self);
    void (*abort)(void *self);
};

struct kv {
    const struct kv_ops *ops; // NULL: no kv at all, where that is allowed
    void *self;
};

#endif
