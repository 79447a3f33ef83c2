// SPDX-License-Identifier: MIT
// What a worker does of kernel `pack`: packs blocks by libzstd; or looks at somebody else's.
//
// Frames carry their content's size and no checksum: the table's digests are stronger.
#include "kernel/pack/pack.h"

#include <assert.h>
#include <zstd.h>

#include "base/arena.h"
#include "kernel/pack/part.h"

// Of a part: room for a block, packed or not.
#define ARENA_BYTES (PACK_BLOCK_BYTES_MAX + (1u << 20))

struct writer {
    ZSTD_CCtx *context;
    struct bytes input;
    uint32_t block_bytes;
};

static enum rc writer_open(struct writer *w, const struct pack_params *p, struct bytes input,
                           struct bytes dictionary)
{
    *w = (struct writer){ZSTD_createCCtx(), input, p->block_bytes};
    if (w->context == NULL)
        return RC_NOMEM;
    const bool is_bad =
        ZSTD_isError(ZSTD_CCtx_setParameter(w->context, ZSTD_c_compressionLevel, (int)p->level)) ||
        ZSTD_isError(ZSTD_CCtx_loadDictionary(w->context, dictionary.at, dictionary.len));
    return is_bad ? RC_MALFORMED : RC_OK;
}

static struct bytes block_of(const struct writer *w, uint32_t block)
{
    return bytes_part(w->input, (size_t)block * w->block_bytes, w->block_bytes);
}

// Into at[0..cap). A dictionary that is none shows here.
static enum rc write_block(const struct writer *w, uint32_t block, uint8_t *at, size_t cap,
                           uint32_t *len)
{
    assert((size_t)block * w->block_bytes < w->input.len);
    const struct bytes in = block_of(w, block);
    const size_t n = ZSTD_compress2(w->context, at, cap, in.at, in.len);
    if (ZSTD_isError(n))
        return cap < ZSTD_compressBound(in.len) ? RC_FULL : RC_MALFORMED;
    assert(n > 0);
    *len = (uint32_t)n; // at most its bound: below 2^23
    return RC_OK;
}

static enum rc run_task(const struct writer *w, const struct pack_params *p, struct buffer *result)
{
    const uint32_t count = pack_block_count(p);
    const size_t table_bytes = (size_t)count * PACK_ROW_BYTES;
    buffer_u32le(result, PACK_FRAME);
    buffer_u32le(result, (uint32_t)(PACK_HEAD_BYTES - 8 + table_bytes));
    buffer_put(result, bytes_text(PACK_MAGIC));
    buffer_u32le(result, p->level);
    buffer_u32le(result, p->block_bytes);
    buffer_u32le(result, p->input_bytes);
    buffer_put(result, digest_bytes(&p->input));
    uint8_t *rows = buffer_room(result, table_bytes);
    if (rows == NULL)
        return RC_FULL;
    struct buffer table = buffer_of(rows, table_bytes);
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t len = 0;
        enum rc rc = write_block(w, i, result->at + result->len, result->cap - result->len, &len);
        if (rc != RC_OK)
            return rc;
        assert(len <= result->cap - result->len);
        result->len += len;
        end += len;
        const struct digest d = hash_bytes(block_of(w, i));
        buffer_u32le(&table, end);
        buffer_put(&table, digest_bytes(&d));
    }
    return RC_OK;
}

static bool is_block(struct pack_reader *r, const struct pack *shown, uint32_t block,
                     struct bytes want, uint8_t *scratch)
{
    const struct digest have = pack_digest(shown, block);
    const struct digest d = hash_bytes(want);
    return pack_read(r, shown, block, scratch) == RC_OK &&
           bytes_equal(bytes_of(scratch, want.len), want) && digest_equal(&have, &d);
}

static enum rc run_part(const struct writer *w, const struct pack_params *p,
                        struct pack_reader *reader, struct bytes shown, struct buffer *result)
{
    struct pack s;
    if (pack_open(&s, shown) != RC_OK || s.block_bytes != p->block_bytes ||
        s.input_bytes != p->input_bytes)
        return RC_MALFORMED;
    const size_t room = ZSTD_compressBound(p->block_bytes);
    struct arena *arena = arena_new(ARENA_BYTES);
    uint8_t *scratch = arena == NULL ? NULL : arena_take(arena, room);
    enum rc rc = scratch == NULL ? RC_NOMEM : RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i <= p->part_count; i++) {
        const bool is_worst = i == p->part_count;
        const uint32_t block = is_worst ? pack_worst(&s) : p->part[i];
        uint32_t ours = 0;
        if (is_worst)
            buffer_u32le(result, block);
        buffer_u8(result, is_block(reader, &s, block, block_of(w, block), scratch));
        if (is_worst || i < PACK_AGAIN(p->part_count))
            rc = write_block(w, block, scratch, room, &ours);
        buffer_u32le(result, ours);
    }
    arena_free(arena);
    return rc != RC_OK ? rc : result->is_full ? RC_FULL : RC_OK;
}

enum rc pack_run(void *state, const struct kernel_in *in, struct buffer *result,
                 struct buffer *report)
{
    (void)state;
    (void)report;
    struct pack_params p;
    const bool is_decoded = pack_params_decode(&p, in->params) == RC_OK;
    const uint32_t plain = in->given_count - (is_decoded && p.part_count > 0); // without the shown
    if (!is_decoded || plain < 1 || plain > 2 || in->given[0].len != p.input_bytes)
        return RC_MALFORMED;
    const struct bytes dictionary = plain == 2 ? in->given[1] : bytes_of(NULL, 0);
    if (dictionary.len > PACK_DICTIONARY_BYTES_MAX)
        return RC_MALFORMED;
    struct writer w;
    struct pack_reader *reader = NULL;
    enum rc rc = writer_open(&w, &p, in->given[0], dictionary);
    if (rc == RC_OK && p.part_count == 0)
        rc = run_task(&w, &p, result);
    if (rc == RC_OK && p.part_count > 0)
        rc = pack_reader_new(&reader, dictionary);
    if (rc == RC_OK && p.part_count > 0)
        rc = run_part(&w, &p, reader, in->given[plain], result);
    pack_reader_free(reader);
    (void)ZSTD_freeCCtx(w.context);
    return rc;
}
