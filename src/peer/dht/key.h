// SPDX-License-Identifier: MIT
// DHT ids: where nodes and keys stand in the 160-bit space, and which id an address may have.
//
// Distance is XOR (Kademlia). A node's id follows from its address (BEP 42) and is for routing
// only: who a node is, its Ed25519 key says (crypt/id). Names of 32 bytes (SHA-256) stand where
// their first 20 bytes do. Value types; the dice are the caller's.
#ifndef DHT_KEY_H
#define DHT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "crypt/hash.h"
#include "host/net.h"

#define DHT_ID_BYTES     20
#define DHT_ID_BITS      160u
#define DHT_ID_HEX_BYTES 41 // with its final 0

struct dht_id {
    uint8_t b[DHT_ID_BYTES];
};

bool dht_id_equal(const struct dht_id *a, const struct dht_id *b);
// Which of two is closer to target: below 0 is a, above 0 is b, 0 if they are equal.
int dht_id_closer(const struct dht_id *target, const struct dht_id *a, const struct dht_id *b);
// Leading bits that both have alike: 0..DHT_ID_BITS.
unsigned dht_id_common_bits(const struct dht_id *a, const struct dht_id *b);

bool dht_id_from(struct dht_id *out, struct bytes in); // false unless in.len is DHT_ID_BYTES
struct bytes dht_id_bytes(const struct dht_id *id);
struct dht_id dht_id_of_name(const struct digest *name);
void dht_id_hex(const struct dht_id *id, char out[static DHT_ID_HEX_BYTES]);

struct dht_id dht_id_random(struct rng *r);
// A random id with exactly `bits` leading bits like id's: 0..DHT_ID_BITS, where the last is id.
struct dht_id dht_id_beside(const struct dht_id *id, unsigned bits, struct rng *r);

// An id that a node with this address may have: 21 bits and the last byte follow from the address
// and three bits of dice (BEP 42). The port does not count.
struct dht_id dht_id_of_addr(const struct net_addr *addr, struct rng *r);
// May a node with this address have this id? Always, if the address is private.
bool dht_id_fits(const struct dht_id *id, const struct net_addr *addr);

#endif
