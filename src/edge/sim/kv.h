// SPDX-License-Identifier: MIT
// host/kv in memory: ordered keys, a disk that fills up, calls that fail and power that goes.
//
// What was committed survives whoever used it, as on a disk: end a machine without warning, start
// another on the same sim_kv, and it finds what the first had put. Misuse that the interface
// forbids (a write while something is borrowed, a release too many) asserts.
//
// Two kinds: rows, as os/kv keeps its promises; and files, as os/blobs does: each value by
// itself, durable once a commit after its put has returned.
#ifndef SIM_KV_H
#define SIM_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "host/kv.h"

#define SIM_KV_ENTRIES_MAX  (1u << 16) // then puts are RC_FULL
#define SIM_KV_SECTOR_BYTES 512u       // a value is torn between two of them

struct sim_kv;

// bytes_max: keys and values together, then puts are RC_FULL (but for one as long as before).
// RC_NOMEM: *out is NULL. The budget (world_budget, or one's own) must outlive it.
MUST_USE enum rc sim_kv_new(struct sim_kv **out, struct budget *budget, uint64_t bytes_max);
void sim_kv_as_files(struct sim_kv *k); // while it is empty: of the other kind
void sim_kv_free(struct sim_kv *k);     // NULL is fine
struct kv sim_kv_host(struct sim_kv *k);

void sim_kv_limit(struct sim_kv *k, uint64_t bytes_max);
// The nth call (get, next, put, del, begin, commit; 1 is the next one) answers rc, once. is_done:
// a write happens all the same, as when power goes between the disk's write and its answer.
void sim_kv_fail(struct sim_kv *k, uint64_t nth, enum rc rc, bool is_done);
// From the nth call on, that one included, all are RC_IO: whoever calls is gone. is_done: the nth
// happens all the same. Both kvs of one machine die together: `other` (or NULL) from then on too.
void sim_kv_crash(struct sim_kv *k, uint64_t nth, bool is_done, struct sim_kv *other);
// While calm, calls are not counted and none fails but those after a crash: for looking on.
void sim_kv_calm(struct sim_kv *k, bool is_calm);
bool sim_kv_is_dead(const struct sim_kv *k); // it crashed, and was not restarted
// What the next one finds on the disk after the end of a process: all but the group under way.
void sim_kv_restart(struct sim_kv *k);
// The same after a loss of power. Files that no commit had made durable are, each by the seed,
// what they were before, as they are, gone, or torn: whole sectors of them zero or of the value
// before, or cut short.
void sim_kv_power_loss(struct sim_kv *k, uint64_t seed);
uint64_t sim_kv_bytes(const struct sim_kv *k);
uint64_t sim_kv_entries(const struct sim_kv *k);
uint64_t sim_kv_calls(const struct sim_kv *k); // so far, failed ones included
// Flips one bit of a stored value, as a bad disk does. RC_ABSENT: no such key, or no such bit.
MUST_USE enum rc sim_kv_damage(struct sim_kv *k, struct bytes key, uint64_t bit);

#endif
