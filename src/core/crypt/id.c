// SPDX-License-Identifier: MIT
// Who a node is: its key pair, its node id, and the form of both in a file.
#include "crypt/id.h"

#include <assert.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypt/hash.h"

static const char head_line[] = "shoal identity 1\n";
static const char public_word[] = "public ";
static const char seed_word[] = "seed ";

#define TEXT_LEN(literal) (sizeof(literal) - 1)

static_assert(ID_FILE_BYTES == TEXT_LEN(head_line) + TEXT_LEN(public_word) + TEXT_LEN(seed_word) +
                                   (size_t)2 * SIGN_PUBLIC_BYTES + (size_t)2 * SIGN_SEED_BYTES + 2,
              "three lines");
static_assert(NODE_ID_BYTES == DIGEST_BYTES, "a node id is a SHA-256");

struct node_id node_id_of(const struct sign_public *p)
{
    const struct digest d = hash_bytes(bytes_of(p->b, sizeof p->b));
    struct node_id n;
    memcpy(n.b, d.b, sizeof n.b);
    return n;
}

bool node_id_equal(const struct node_id *a, const struct node_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0; // public: no constant time needed
}

void node_id_hex(const struct node_id *n, char out[static NODE_ID_HEX_BYTES])
{
    hex_encode(bytes_of(n->b, sizeof n->b), out);
}

// Everything from out->seed.
static enum rc derive(struct id *out)
{
    const enum rc rc = sign_key_new(&out->key, out->seed);
    if (rc != RC_OK) {
        id_end(out);
        return rc;
    }
    out->key_public = sign_key_public(out->key);
    out->node = node_id_of(&out->key_public);
    assert(out->key != NULL);
    return RC_OK;
}

enum rc id_init(struct id *out, const struct entropy *entropy)
{
    memset(out, 0, sizeof *out);
    entropy->fill(entropy->self, out->seed, sizeof out->seed);
    return derive(out);
}

// One `word <hex>\n`; false if anything else stands there.
static bool take_line(struct cursor *c, const char *word, uint8_t *out, size_t len)
{
    const struct bytes got_word = cursor_take(c, strlen(word));
    const struct bytes digits = cursor_take(c, 2 * len);
    const bool has_end = cursor_u8(c) == '\n';
    return has_end && bytes_is(got_word, word) && hex_decode(digits, out, len);
}

enum rc id_decode(struct id *out, struct bytes file)
{
    memset(out, 0, sizeof *out);
    struct sign_public stated;
    struct cursor c = {.left = file};
    const struct bytes head = cursor_take(&c, TEXT_LEN(head_line));
    const bool is_whole = bytes_is(head, head_line) &&
                          take_line(&c, public_word, stated.b, sizeof stated.b) &&
                          take_line(&c, seed_word, out->seed, sizeof out->seed) && cursor_done(&c);
    if (!is_whole) {
        id_end(out); // it may hold the seed by now
        return RC_MALFORMED;
    }
    const enum rc rc = derive(out);
    if (rc != RC_OK)
        return rc;
    if (memcmp(stated.b, out->key_public.b, sizeof stated.b) != 0) {
        id_end(out);
        return RC_MALFORMED;
    }
    return RC_OK;
}

// Appends `word <hex>\n`. Digits of a seed do not outlive the call anywhere but in *b.
static void put_line(struct buffer *b, const char *word, const uint8_t *at, size_t len)
{
    char digits[2 * SIGN_SEED_BYTES + 1];
    assert(2 * len + 1 <= sizeof digits);
    hex_encode(bytes_of(at, len), digits);
    buffer_put(b, bytes_text(word));
    buffer_put(b, bytes_text(digits));
    buffer_u8(b, '\n');
    OPENSSL_cleanse(digits, sizeof digits);
}

void id_encode(const struct id *i, uint8_t out[static ID_FILE_BYTES])
{
    assert(i->key != NULL); // neither ended nor refused
    struct buffer b = buffer_of(out, ID_FILE_BYTES);
    buffer_put(&b, bytes_text(head_line));
    put_line(&b, public_word, i->key_public.b, sizeof i->key_public.b);
    put_line(&b, seed_word, i->seed, sizeof i->seed);
    assert(!b.is_full);
    assert(b.len == ID_FILE_BYTES);
}

void id_end(struct id *i)
{
    sign_key_free(i->key);
    OPENSSL_cleanse(i, sizeof *i);
}
