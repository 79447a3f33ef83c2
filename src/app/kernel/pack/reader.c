// SPDX-License-Identifier: MIT
// Unpacks blocks of a result of kernel `pack`, one after the other, by libzstd.
#include "kernel/pack/reader.h"

#include <assert.h>

#include <zstd.h>

enum rc pack_reader_new(struct pack_reader **out, struct bytes dictionary)
{
    *out = NULL;
    ZSTD_DCtx *d = ZSTD_createDCtx();
    if (d == NULL)
        return RC_NOMEM;
    if (ZSTD_isError(ZSTD_DCtx_loadDictionary(d, dictionary.at, dictionary.len))) {
        (void)ZSTD_freeDCtx(d);
        return RC_MALFORMED;
    }
    *out = (struct pack_reader *)d;
    return RC_OK;
}

void pack_reader_free(struct pack_reader *r)
{
    (void)ZSTD_freeDCtx((ZSTD_DCtx *)r);
}

enum rc pack_read(struct pack_reader *r, const struct pack *p, uint32_t block, uint8_t *out)
{
    assert(block < p->block_count);
    const struct bytes f = pack_frame(p, block);
    const size_t len = pack_block_bytes(p, block);
    if (ZSTD_getFrameContentSize(f.at, f.len) != len ||
        ZSTD_findFrameCompressedSize(f.at, f.len) != f.len)
        return RC_MALFORMED;
    return ZSTD_decompressDCtx((ZSTD_DCtx *)r, out, len, f.at, f.len) == len ? RC_OK : RC_MALFORMED;
}
