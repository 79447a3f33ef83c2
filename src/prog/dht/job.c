// SPDX-License-Identifier: MIT
// One question to the DHT, as `shoal dht` gets it from the command line: read, then asked.
#include "prog/dht/job.h"

#include <string.h>

#include "base/text.h"
#include "os/file.h"
#include "prog/cmd.h"

#define HEAD_BYTES 24u // "1000:" before a string

static const struct {
    const char *name;
    const char *what; // follows it on the command line
} tools[] = {
    [DHT_TOOL_PING] = {"ping", "ADDR:PORT"},
    [DHT_TOOL_NODES] = {"nodes", "an id of 40 hex digits"},
    [DHT_TOOL_PEERS] = {"peers", "an info-hash of 40 hex digits"},
    [DHT_TOOL_ANNOUNCE] = {"announce", "an info-hash of 40 hex digits"},
    [DHT_TOOL_GET] = {"get", "a target of 40 hex digits or a public key of 64"},
    [DHT_TOOL_PUT] = {"put", "a text, or --file FILE"},
    [DHT_TOOL_PROVIDE] = {"provide", "an object: a CID or 64 hex digits"},
    [DHT_TOOL_PROVIDERS] = {"providers", "an object: a CID or 64 hex digits"},
    [DHT_TOOL_SAMPLE] = {"sample", "ADDR:PORT"},
};

static enum rc find_tool(struct dht_job *job, const char *word, struct err *err)
{
    const char *names[ARRAY_COUNT(tools)];
    for (size_t i = 0; i < ARRAY_COUNT(tools); i++) {
        names[i] = tools[i].name;
        if (strcmp(word, names[i]) == 0) {
            job->tool = (enum dht_tool)i;
            return RC_OK;
        }
    }
    return cmd_must_be(err, "dht", word, names, ARRAY_COUNT(tools));
}

static bool read_id(struct dht_id *out, const char *word)
{
    return strlen(word) == (DHT_ID_HEX_BYTES - 1) &&
           hex_decode(bytes_text(word), out->b, sizeof out->b);
}

static bool read_subject(struct digest *out, const char *word)
{
    return digest_from_hex(out, word) || digest_from_cid(out, word);
}

// A target says nothing about salts; a key needs one, which may be empty.
static bool read_target(struct dht_job *job, const char *word)
{
    if (read_id(&job->id, word))
        return !job->is_mutable && job->salt.len == 0;
    job->is_mutable = true;
    return strlen(word) == (size_t)2 * SIGN_PUBLIC_BYTES &&
           hex_decode(bytes_text(word), job->key.b, sizeof job->key.b);
}

static bool read_word(struct dht_job *job, const char *word)
{
    switch (job->tool) {
    case DHT_TOOL_PING:
    case DHT_TOOL_SAMPLE:
        return net_addr_parse(&job->addr, word) && net_addr_is_host(&job->addr);
    case DHT_TOOL_NODES:
    case DHT_TOOL_PEERS:
    case DHT_TOOL_ANNOUNCE:
        return read_id(&job->id, word);
    case DHT_TOOL_GET:
        return read_target(job, word);
    case DHT_TOOL_PROVIDE:
    case DHT_TOOL_PROVIDERS:
        return read_subject(&job->subject, word);
    case DHT_TOOL_PUT:
        return true; // see read_value
    }
    return false;
}

// ---- The value of a put

static enum rc too_long(struct err *err)
{
    return err_set(err, RC_CONFIG, "put: the value is too long: at most %u bytes, with its length",
                   ITEM_VALUE_BYTES_MAX);
}

static enum rc keep_value(struct dht_job *job, struct bytes content, bool is_bencoded,
                          struct arena *arena, struct err *err)
{
    if (content.len > ITEM_VALUE_BYTES_MAX)
        return too_long(err);
    char *room = arena_take(arena, content.len + HEAD_BYTES);
    if (room == NULL)
        return err_set(err, RC_NOMEM, "out of memory for a value");
    struct buffer b = buffer_of(room, content.len + HEAD_BYTES);
    if (!is_bencoded) {
        char head[HEAD_BYTES];
        struct text t = text_of(head, sizeof head);
        text_addf(&t, "%zu:", content.len);
        buffer_put(&b, bytes_text(head));
    }
    buffer_put(&b, content);
    job->item.v = buffer_bytes(&b);
    const enum krpc_code wrong = item_judge(&job->item);
    if (wrong == KRPC_VALUE_TOO_BIG)
        return too_long(err);
    if (wrong != 0)
        return err_set(err, RC_CONFIG, "put: the value is not bencoded");
    return RC_OK;
}

static enum rc read_value(struct dht_job *job, const struct dht_words *w, struct arena *arena,
                          struct err *err)
{
    if ((w->what.count == 1) == (w->file != NULL))
        return err_set(err, RC_CONFIG, "put wants %s", tools[DHT_TOOL_PUT].what);
    if (w->file == NULL)
        return keep_value(job, bytes_text(w->what.at[0]), w->is_bencoded, arena, err);
    struct budget budget = {.limit_bytes = 8192};
    struct bytes file;
    enum rc rc = file_read(&file, &budget, w->file, ITEM_VALUE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = keep_value(job, file, w->is_bencoded, arena, err);
    file_forget(file, &budget);
    return rc;
}

// ---- Numbers

// Decimal, 0..INT64_MAX; NULL is fine, and nothing is read.
static bool read_number(int64_t *out, const char *word)
{
    uint64_t v = 0;
    if (word == NULL)
        return true;
    if (!text_to_u64(word, 0, INT64_MAX, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

static enum rc read_mutable(struct dht_job *job, const struct dht_words *w, struct err *err)
{
    job->is_mutable = w->is_mutable || w->key_file != NULL;
    job->salt = w->salt != NULL ? bytes_text(w->salt) : (struct bytes){0};
    job->cas = DHT_NO_CAS;
    job->has_seq = w->seq != NULL;
    if (job->salt.len > ITEM_SALT_BYTES_MAX)
        return err_set(err, RC_CONFIG, "--salt: at most %u bytes", ITEM_SALT_BYTES_MAX);
    if (!read_number(&job->item.seq, w->seq) || !read_number(&job->cas, w->cas))
        return err_set(err, RC_CONFIG, "--seq and --cas: whole numbers from 0 on");
    const bool is_get = job->tool == DHT_TOOL_GET, is_put = job->tool == DHT_TOOL_PUT;
    const bool has_put_words = w->is_mutable || w->key_file != NULL || w->seq != NULL ||
                               w->cas != NULL || w->file != NULL || w->is_bencoded;
    if ((has_put_words && !is_put) || (w->salt != NULL && !is_get && !is_put))
        return err_set(err, RC_CONFIG,
                       "--mutable, --key-file, --seq, --cas, --file and --bencoded are for put, "
                       "--salt is for get too");
    if (is_put && !job->is_mutable && (w->salt != NULL || w->seq != NULL || w->cas != NULL))
        return err_set(err, RC_CONFIG, "--salt, --seq and --cas are for --mutable");
    return RC_OK;
}

enum rc dht_job_read(struct dht_job *job, const struct dht_words *w, struct arena *arena,
                     struct err *err)
{
    *job = (struct dht_job){.port = (uint16_t)w->port};
    enum rc rc = find_tool(job, w->tool, err);
    if (rc == RC_OK)
        rc = read_mutable(job, w, err);
    if (rc != RC_OK)
        return rc;
    if (job->tool == DHT_TOOL_PUT)
        return read_value(job, w, arena, err);
    if (w->what.count != 1 || !read_word(job, w->what.at[0]))
        return err_set(err, RC_CONFIG, "%s wants %s%s", w->tool, tools[job->tool].what,
                       job->tool == DHT_TOOL_GET && job->salt.len > 0 ? " (--salt: a key)" : "");
    return RC_OK;
}

bool dht_job_is_direct(const struct dht_job *job)
{
    return job->tool == DHT_TOOL_PING || job->tool == DHT_TOOL_SAMPLE;
}

bool dht_job_wants_id(const struct dht_job *job)
{
    return job->tool == DHT_TOOL_PROVIDE || (job->tool == DHT_TOOL_PUT && job->is_mutable);
}

enum rc dht_job_sign(struct dht_job *job, const struct id *id, uint64_t unix_ms, struct err *err)
{
    if (job->tool != DHT_TOOL_PUT)
        return RC_OK;
    if (!job->has_seq)
        job->item.seq = (int64_t)unix_ms;
    job->item.salt = job->salt;
    const enum rc rc = item_sign(&job->item, id->key, &job->key, &job->signature);
    return rc == RC_OK ? rc : err_set(err, RC_CONFIG, "cannot sign the item: %s", rc_text(rc));
}

static uint32_t start_op(const struct dht_job *job, struct dht *d)
{
    switch (job->tool) {
    case DHT_TOOL_PING:
        return dht_ping(d, &job->addr);
    case DHT_TOOL_NODES:
        return dht_find_nodes(d, &job->id, DHT_URGENT);
    case DHT_TOOL_PEERS:
        return dht_find_peers(d, &job->id, DHT_URGENT);
    case DHT_TOOL_ANNOUNCE:
        return dht_announce(d, &job->id, job->port, DHT_URGENT);
    case DHT_TOOL_GET:
        return job->is_mutable ? dht_get_mutable(d, &job->key, job->salt, DHT_URGENT)
                               : dht_get(d, &job->id, DHT_URGENT);
    case DHT_TOOL_PUT:
        return dht_put(d, &job->item, job->cas, DHT_URGENT);
    case DHT_TOOL_PROVIDERS:
        return dht_find_records(d, &job->subject, DHT_URGENT);
    case DHT_TOOL_SAMPLE:
        return dht_sample(d, &job->addr, dht_own_id(d));
    case DHT_TOOL_PROVIDE:
        break; // no op
    }
    return 0;
}

bool dht_job_start(struct dht_job *job, struct dht *d, uint32_t *op)
{
    *op = start_op(job, d);
    if (job->tool == DHT_TOOL_PROVIDE)
        return dht_provide(d, &job->subject, NULL) == RC_OK;
    return *op != 0;
}
