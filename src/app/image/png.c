// SPDX-License-Identifier: MIT
// 8-bit RGB images as PNG files in memory, over libspng.
#include "image/png.h"

#include <assert.h>

#include <spng.h>

// More than zlib's stored blocks and the chunks' frames add (1 in 100, and a little).
static size_t png_bytes_max(uint32_t width, uint32_t height)
{
    size_t raw = ((size_t)width * 3 + 1) * height;
    return raw + raw / 100 + 65536;
}

static int put(spng_ctx *ctx, void *user, void *data, size_t len)
{
    (void)ctx;
    struct buffer *out = user;
    buffer_put(out, bytes_of(data, len));
    return out->is_full ? SPNG_IO_ERROR : SPNG_OK;
}

static enum rc encode_into(struct buffer *out, const uint8_t *rgb, uint32_t width, uint32_t height)
{
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    if (ctx == NULL)
        return RC_NOMEM;
    struct spng_ihdr head = {
        .width = width, .height = height, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    int code = spng_set_png_stream(ctx, put, out);
    if (code == SPNG_OK)
        code = spng_set_ihdr(ctx, &head);
    if (code == SPNG_OK)
        code = spng_set_srgb(ctx, 0); // perceptual
    if (code == SPNG_OK)
        code = spng_encode_image(ctx, rgb, (size_t)width * height * 3, SPNG_FMT_PNG,
                                 SPNG_ENCODE_FINALIZE);
    spng_ctx_free(ctx);
    return code == SPNG_OK ? RC_OK : RC_NOMEM; // all else was given right
}

enum rc png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, struct budget *budget,
                   struct buffer *out)
{
    if (width == 0 || height == 0 || width > PNG_SIDE_MAX || height > PNG_SIDE_MAX)
        return RC_REFUSED;
    size_t cap = png_bytes_max(width, height);
    void *at = budget_take(budget, cap);
    if (at == NULL)
        return RC_NOMEM;
    struct buffer b = buffer_of(at, cap);
    enum rc rc = encode_into(&b, rgb, width, height);
    assert(rc != RC_OK || b.len > 0);
    if (rc == RC_OK)
        *out = b;
    else
        budget_give(budget, at);
    return rc;
}

static enum rc decode_with(spng_ctx *ctx, struct bytes png, struct budget *budget,
                           struct buffer *rgb, struct spng_ihdr *head)
{
    size_t len = 0;
    if (spng_set_image_limits(ctx, PNG_SIDE_MAX, PNG_SIDE_MAX) != SPNG_OK ||
        spng_set_png_buffer(ctx, png.at, png.len) != SPNG_OK ||
        spng_get_ihdr(ctx, head) != SPNG_OK ||
        spng_decoded_image_size(ctx, SPNG_FMT_RGB8, &len) != SPNG_OK)
        return RC_MALFORMED;
    void *at = budget_take(budget, len);
    if (at == NULL)
        return RC_NOMEM;
    if (spng_decode_image(ctx, at, len, SPNG_FMT_RGB8, 0) != SPNG_OK) {
        budget_give(budget, at);
        return RC_MALFORMED;
    }
    assert(len == (size_t)head->width * head->height * 3);
    *rgb = buffer_of(at, len);
    rgb->len = len;
    return RC_OK;
}

enum rc png_decode(struct bytes png, struct budget *budget, struct buffer *rgb, uint32_t *width,
                   uint32_t *height)
{
    spng_ctx *ctx = spng_ctx_new(0);
    if (ctx == NULL)
        return RC_NOMEM;
    struct spng_ihdr head = {0};
    enum rc rc = decode_with(ctx, png, budget, rgb, &head);
    if (rc == RC_OK) {
        *width = head.width;
        *height = head.height;
    }
    spng_ctx_free(ctx);
    return rc;
}
