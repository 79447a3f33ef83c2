// SPDX-License-Identifier: MIT
// A whole frame to files: a tone-mapped PNG, and the linear light layers as PFM if wanted.
#include "prog/play/picture.h"

#include <string.h>

#include "base/text.h"
#include "image/pfm.h"
#include "image/png.h"
#include "kernel/trace/trace.h"
#include "os/file.h"

static const char *const layer_name[TRACE_LAYERS] = {"direct", "indirect"};

enum rc picture_write_rgb(const char *path, const uint8_t *rgb, uint32_t width, uint32_t height,
                          struct budget *budget, struct err *err)
{
    struct buffer png = {0};
    enum rc rc = png_encode(rgb, width, height, budget, &png);
    if (rc == RC_OK)
        rc = file_write(path, buffer_bytes(&png), 0644, err);
    else
        (void)err_set(err, rc, "%s: %s", path, rc_text(rc));
    budget_give(budget, png.at);
    return rc;
}

static enum rc write_png(const struct picture_cfg *cfg, const struct image_sums *sums,
                         struct budget *budget, struct err *err)
{
    uint8_t *rgb = budget_take(budget, (size_t)cfg->width * cfg->height * 3);
    enum rc rc = rgb == NULL ? RC_NOMEM : tone_map(&cfg->tone, sums, budget, rgb);
    if (rc == RC_OK)
        rc = picture_write_rgb(cfg->png, rgb, cfg->width, cfg->height, budget, err);
    else
        (void)err_set(err, rc, "%s: %s", cfg->png, rc_text(rc));
    budget_give(budget, rgb);
    return rc;
}

static enum rc write_layer(const struct picture_cfg *cfg, const struct image_sums *sums,
                           unsigned layer, struct budget *budget, struct err *err)
{
    char path[FILE_PATH_BYTES];
    struct text text = text_of(path, sizeof path);
    text_addf(&text, "%s-%s.pfm", cfg->layers, layer_name[layer]);
    size_t cap = pfm_bytes_max(sums);
    void *at = text.is_cut ? NULL : budget_take(budget, cap);
    if (at == NULL)
        return err_set(err, RC_NOMEM, "%s: out of memory, or the path is too long", cfg->layers);
    struct buffer file = buffer_of(at, cap);
    enum rc rc = pfm_encode(sums, layer, &file);
    if (rc == RC_OK)
        rc = file_write(path, buffer_bytes(&file), 0644, err);
    budget_give(budget, at);
    return rc;
}

enum rc picture_write(const struct picture_cfg *cfg, const struct join *frame,
                      struct budget *budget, struct err *err)
{
    size_t each = (size_t)TRACE_LAYERS * JOIN_CHANNELS;
    uint64_t *sum = budget_take(budget, (size_t)cfg->width * cfg->height * each * sizeof *sum);
    if (sum == NULL)
        return err_set(err, RC_NOMEM, "%s: out of memory", cfg->png);
    for (uint32_t y = 0; y < cfg->height; y++)
        for (uint32_t x = 0; x < cfg->width; x++)
            join_pixel(frame, x, y, sum + ((size_t)y * cfg->width + x) * each);
    struct image_sums sums = {sum, cfg->width, cfg->height, cfg->samples};
    enum rc rc = write_png(cfg, &sums, budget, err);
    for (unsigned i = 0; rc == RC_OK && cfg->layers != NULL && i < TRACE_LAYERS; i++)
        rc = write_layer(cfg, &sums, i, budget, err);
    budget_give(budget, sum);
    return rc;
}

enum rc picture_path(char *out, size_t cap, const char *path, uint32_t index, uint32_t count,
                     struct err *err)
{
    struct text t = text_of(out, cap);
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    if (count <= 1)
        text_add(&t, path);
    else if (dot == NULL || (slash != NULL && dot < slash))
        text_addf(&t, "%s-%04u", path, index);
    else
        text_addf(&t, "%.*s-%04u%s", (int)(dot - path), path, index, dot);
    return t.is_cut ? err_set(err, RC_CONFIG, "%s: the path is too long", path) : RC_OK;
}
