// SPDX-License-Identifier: MIT
// The opening that helper and gamer share: answer the hub's challenge, make it prove itself.
#include "compute/client.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

void client_init(struct client *c, const struct client_cfg *cfg)
{
    assert(cfg->role == MSG_ROLE_HELPER || cfg->role == MSG_ROLE_GAMER);
    *c = (struct client){.cfg = *cfg, .state = CLIENT_WAITING};
}

void client_restart(struct client *c)
{
    c->state = CLIENT_WAITING;
}

void client_fail(struct client *c, enum rc rc, const char *text)
{
    assert(rc != RC_OK && text != NULL);
    c->state = CLIENT_OUT;
    c->refusal.rc = rc;
    // A person reads what a hub wrote.
    text_copy_safe(c->refusal.text, sizeof c->refusal.text, bytes_text(text));
}

static void say_hello(struct client *c, const struct msg_challenge *challenge,
                      struct outbox *outbox)
{
    c->challenge = *challenge;
    if (challenge->version != MSG_VERSION) {
        client_fail(c, RC_UNSUPPORTED, "the hub speaks another protocol version: update");
        return;
    }
    c->cfg.entropy.fill(c->cfg.entropy.self, c->nonce, sizeof c->nonce);
    struct msg m = {.type = MSG_HELLO,
                    .as.hello = {.version = MSG_VERSION,
                                 .role = c->cfg.role,
                                 .public = sign_key_public(c->cfg.key),
                                 .ability = c->cfg.ability}};
    struct msg_hello *hello = &m.as.hello;
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_hello_signed(challenge, c->cfg.role, room);
    if (sign_make(c->cfg.key, signed_part, &hello->signature) != RC_OK) {
        client_fail(c, RC_NOMEM, "out of memory for a signature");
        return;
    }
    memcpy(hello->nonce, c->nonce, sizeof c->nonce);
    // What people and machines call themselves may be no UTF-8, which a message has to be.
    text_copy_safe(hello->name, sizeof hello->name, bytes_text(c->cfg.name));
    text_copy_safe(hello->ability.cpu, sizeof hello->ability.cpu, bytes_text(c->cfg.ability.cpu));
    if (c->cfg.role == MSG_ROLE_GAMER) {
        struct digest proof = msg_token_proof(challenge, &hello->public, c->cfg.token);
        memcpy(hello->token_proof, proof.b, sizeof hello->token_proof);
    }
    outbox_send(outbox, 0, &m);
    c->state = CLIENT_SAID;
}

static void be_welcome(struct client *c, const struct msg_welcome *welcome)
{
    uint8_t room[MSG_SIGNED_BYTES];
    struct sign_public own = sign_key_public(c->cfg.key);
    struct bytes signed_part = msg_welcome_signed(c->nonce, &own, room);
    if (!sign_check(&c->challenge.hub, signed_part, &welcome->signature)) {
        client_fail(c, RC_REFUSED, "the hub does not hold the key it goes by");
        return;
    }
    c->heartbeat_ms = welcome->heartbeat_ms;
    c->state = CLIENT_IN;
}

bool client_input(struct client *c, const struct msg *m, struct outbox *outbox)
{
    if (m->type == MSG_REFUSE) {
        client_fail(c, m->as.refuse.rc, m->as.refuse.text);
        return true;
    }
    if (c->state == CLIENT_IN)
        return false;
    if (c->state == CLIENT_WAITING && m->type == MSG_CHALLENGE)
        say_hello(c, &m->as.challenge, outbox);
    else if (c->state == CLIENT_SAID && m->type == MSG_WELCOME)
        be_welcome(c, &m->as.welcome);
    else if (c->state != CLIENT_OUT)
        client_fail(c, RC_MALFORMED, "the other side is no hub: it sent what a hub does not");
    return true;
}
