// SPDX-License-Identifier: MIT
// What a host gives: a transactional store of keys and values, on one disk or in memory.
//
// A put or del is durable when it returns, and all of it or nothing is there after a crash.
// Keys are 1..KV_KEY_BYTES_MAX bytes and ordered as memcmp orders them.
#ifndef HOST_KV_H
#define HOST_KV_H

#include "base/bytes.h"
#include "base/rc.h"

#define KV_KEY_BYTES_MAX 511 // LMDB's default

struct kv_ops {
    // *value is borrowed until the last `release`; every RC_OK of get or next needs one release,
    // and nothing may be written in between. Caches lend one at a time (os/blobs). RC_ABSENT,
    // RC_IO.
    enum rc (*get)(void *self, struct bytes key, struct bytes *value);
    // The first entry whose key is greater than `after` (empty: the very first). RC_ABSENT.
    enum rc (*next)(void *self, struct bytes after, struct bytes *key, struct bytes *value);
    void (*release)(void *self);
    // RC_FULL: the disk, or the store's size limit. RC_IO.
    enum rc (*put)(void *self, struct bytes key, struct bytes value);
    enum rc (*del)(void *self, struct bytes key); // RC_ABSENT, RC_IO
};

struct kv {
    const struct kv_ops *ops;
    void *self;
};

#endif
