// SPDX-License-Identifier: MIT
// One question to the DHT, as `shoal dht` gets it from the command line: read, then asked.
#ifndef PROG_DHT_JOB_H
#define PROG_DHT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "dht/dht.h"

enum dht_tool {
    DHT_TOOL_PING,
    DHT_TOOL_NODES,
    DHT_TOOL_PEERS,
    DHT_TOOL_ANNOUNCE,
    DHT_TOOL_GET,
    DHT_TOOL_PUT,
    DHT_TOOL_PROVIDE,
    DHT_TOOL_PROVIDERS,
    DHT_TOOL_SAMPLE,
};

struct dht_words { // of the command line
    const char *tool;
    struct option_texts what;
    uint64_t port;
    const char *salt;
    const char *seq;
    const char *cas;
    const char *file;
    const char *key_file;
    bool is_mutable;
    bool is_bencoded;
};

struct dht_job {
    enum dht_tool tool;
    struct dht_id id;       // info-hash, target, or a place in the space of ids
    struct digest subject;  // of records
    struct sign_public key; // of a mutable item to get
    bool is_mutable;        // get, put
    struct bytes salt;      // get, put
    struct net_addr addr;   // ping, sample
    uint16_t port;          // announce; 0: the one this command uses
    struct item item;       // put: its value is in the arena; signed by dht_job_sign
    int64_t cas;            // put
    struct signature signature;
    bool has_seq;
};

// What the words say. RC_CONFIG: *err says what is wrong with them; RC_IO, RC_ABSENT: of --file;
// RC_NOMEM.
MUST_USE enum rc dht_job_read(struct dht_job *job, const struct dht_words *words,
                              struct arena *arena, struct err *err);
// Goes to one address, and needs no other node.
bool dht_job_is_direct(const struct dht_job *job);
// A put of a mutable item, or a provider record: an identity signs it.
bool dht_job_wants_id(const struct dht_job *job);
// Signs the item to put; unix_ms is its number unless one was given. RC_CONFIG.
MUST_USE enum rc dht_job_sign(struct dht_job *job, const struct id *id, uint64_t unix_ms,
                              struct err *err);
// Begins. *op: its number, or 0 for a provider record, whose end dht_stat's own_published tells.
// False: the node refuses.
MUST_USE bool dht_job_start(struct dht_job *job, struct dht *d, uint32_t *op);

#endif
