// SPDX-License-Identifier: MIT
// LMDB behind host/kv: a store of keys and values in a folder, safe over crashes.
//
// Each put or del is one transaction, on the disk when it returns; or many are one, between begin
// and commit, all in one thread. Reads are views into the memory map: no copies. One process may
// open a folder once at a time; several processes may share it, if none keeps a cache there.
#ifndef OS_KV_H
#define OS_KV_H

#include <stdint.h>

#include "host/kv.h"

struct kv_env;

#define KV_SIZE_BYTES_DEFAULT (UINT64_C(4) << 30) // address space and ceiling; the file is sparse
#define KV_SIZE_BYTES_MIN     (UINT64_C(1) << 20)

// folder exists. size_bytes: the most the store may ever hold, KV_SIZE_BYTES_MIN .. 2^46.
// RC_CONFIG: the folder cannot be used (words in err); RC_IO; RC_NOMEM. *out is NULL then.
MUST_USE enum rc kv_open(struct kv_env **out, const char *folder, uint64_t size_bytes,
                         struct err *err);
// The same for what can be made again: nothing waits for the disk. The end of a process loses
// nothing; after the end of the machine (told by the kernel's boot id) without kv_close all is
// thrown away, since pages may have reached the disk in any order.
MUST_USE enum rc kv_open_cache(struct kv_env **out, const char *folder, uint64_t size_bytes,
                               struct err *err);
struct kv kv_host(struct kv_env *e); // dies with e
void kv_close(struct kv_env *e);     // NULL is fine

#endif
