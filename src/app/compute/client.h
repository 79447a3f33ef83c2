// SPDX-License-Identifier: MIT
// The opening that helper and gamer share: answer the hub's challenge, make it prove itself.
//
//     WAITING --challenge--> SAID --welcome--> IN
//        any --refuse, nonsense--> OUT
#ifndef COMPUTE_CLIENT_H
#define COMPUTE_CLIENT_H

#include "compute/msg.h"
#include "compute/outbox.h"
#include "crypt/sign.h"
#include "host/entropy.h"

enum client_state {
    CLIENT_WAITING, // for the challenge
    CLIENT_SAID,    // hello is sent
    CLIENT_IN,
    CLIENT_OUT, // refused, or the hub made no sense: `refusal` says why
};

struct client_cfg {
    enum msg_role role;
    const struct sign_key *key; // outlives the client
    char name[MSG_NAME_BYTES];
    struct bytes token;         // a gamer's; outlives the client
    struct msg_ability ability; // a helper's
    struct entropy entropy;
};

struct client {
    struct client_cfg cfg;
    enum client_state state;
    struct msg_challenge challenge;
    uint8_t nonce[32];
    uint32_t heartbeat_ms; // once IN
    struct msg_refuse refusal;
};

void client_init(struct client *c, const struct client_cfg *cfg); // cfg is copied
// A new connection: from the start again.
void client_restart(struct client *c);
// Takes what belongs to the opening, answers into the outbox. True: m was such a message (and
// c->state may have changed); false: it is for the owner, and c is IN.
bool client_input(struct client *c, const struct msg *m, struct outbox *outbox);
// The hub sends what it must not: OUT, with words.
void client_fail(struct client *c, enum rc rc, const char *text);

#endif
