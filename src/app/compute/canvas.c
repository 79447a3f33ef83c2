// SPDX-License-Identifier: MIT
// Canvas: what the gamer draws itself: its own raster, and over it the light that came.
#include "compute/canvas.h"

#include <assert.h>
#include <string.h>

#include "image/composite.h"
#include "kernel/geometry/geometry.h"
#include "kernel/kit.h"
#include "kernel/post/post.h"

#define PARAMS_BYTES 1024u

struct seen { // light, or what it falls on, from one place
    struct camera camera;
    struct buffer geometry, layer;
    bool has_geometry, has_layer;
};

struct canvas {
    struct canvas_cfg cfg;
    struct kit *kit;
    struct composite *composite;
    struct seen light;  // the newest that came
    struct seen next;   // while it is made
    struct seen now;    // as the picture sees it
    struct buffer full; // the picture's geometry
    struct buffer report;
};

static enum rc room(struct canvas *c, struct buffer *out, size_t bytes)
{
    uint8_t *at = budget_take(c->cfg.budget, bytes);
    *out = buffer_of(at, at != NULL ? bytes : 0);
    return out->at != NULL ? RC_OK : RC_NOMEM;
}

static enum rc seen_room(struct canvas *c, struct seen *s)
{
    const struct canvas_cfg *f = &c->cfg;
    const size_t pixels = (size_t)f->light_width * f->light_height;
    enum rc rc = room(c, &s->geometry, pixels * GEOMETRY_PIXEL_BYTES);
    return rc == RC_OK ? room(c, &s->layer, layer_bytes(f->light_width, f->light_height)) : rc;
}

enum rc canvas_new(struct canvas **out, const struct canvas_cfg *cfg)
{
    *out = NULL;
    struct canvas *c = budget_take(cfg->budget, sizeof *c);
    if (c == NULL)
        return RC_NOMEM;
    *c = (struct canvas){.cfg = *cfg};
    const struct composite_size size = {cfg->width, cfg->height, cfg->light_width,
                                        cfg->light_height};
    enum rc rc = composite_new(&c->composite, &size, COMPOSITE_BEST, cfg->budget);
    if (rc == RC_OK)
        rc = kit_open(&c->kit, NULL);
    if (rc == RC_OK)
        rc = kit_load(c->kit, cfg->scene);
    if (rc == RC_OK)
        rc = seen_room(c, &c->light);
    if (rc == RC_OK)
        rc = seen_room(c, &c->next);
    if (rc == RC_OK)
        rc = seen_room(c, &c->now);
    if (rc == RC_OK)
        rc = room(c, &c->full, (size_t)cfg->width * cfg->height * GEOMETRY_PIXEL_BYTES);
    if (rc == RC_OK)
        rc = room(c, &c->report, KERNEL_REPORT_BYTES_MAX);
    if (rc == RC_OK)
        *out = c;
    else
        canvas_free(c);
    return rc;
}

static void seen_free(struct canvas *c, struct seen *s)
{
    budget_give(c->cfg.budget, s->geometry.at);
    budget_give(c->cfg.budget, s->layer.at);
}

void canvas_free(struct canvas *c)
{
    if (c == NULL)
        return;
    struct budget *budget = c->cfg.budget;
    composite_free(c->composite);
    kit_close(c->kit);
    seen_free(c, &c->light);
    seen_free(c, &c->next);
    seen_free(c, &c->now);
    budget_give(budget, c->full.at);
    budget_give(budget, c->report.at);
    budget_give(budget, c);
}

static void empty(struct buffer *b)
{
    b->len = 0;
    b->is_full = false;
}

static enum rc run(struct canvas *c, const char *kernel, const struct kernel_in *in,
                   struct buffer *result)
{
    empty(result);
    empty(&c->report);
    return kit_run(c->kit, bytes_text(kernel), in, result, &c->report);
}

static enum rc draw_geometry(struct canvas *c, const struct camera *camera, bool is_full,
                             struct buffer *out)
{
    const struct canvas_cfg *f = &c->cfg;
    uint8_t at[PARAMS_BYTES];
    struct buffer params = buffer_of(at, sizeof at);
    struct geometry_params p = {.width = is_full ? f->width : f->light_width,
                                .height = is_full ? f->height : f->light_height,
                                .side = LIGHT_SIDE,
                                .camera = *camera};
    p.w = p.width;
    p.h = p.height;
    enum rc rc = geometry_params_encode(&p, &params);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    return rc == RC_OK ? run(c, "geometry", &in, out) : rc;
}

enum rc canvas_geometry(struct canvas *c, const struct camera *camera)
{
    c->next.camera = *camera;
    c->next.has_layer = false;
    enum rc rc = draw_geometry(c, camera, false, &c->next.geometry);
    c->next.has_geometry = rc == RC_OK;
    return rc;
}

// Tiles, and what is known from before, into a layer for what `to` sees.
static enum rc post(struct canvas *c, const struct light *light, const struct seen *before,
                    struct seen *to)
{
    struct bytes given[POST_GIVEN_MAX] = {buffer_bytes(&to->geometry)};
    struct kernel_in in = {.given = given, .given_count = 1};
    uint8_t at[PARAMS_BYTES];
    struct buffer params = buffer_of(at, sizeof at);
    struct post_params p = {.width = c->cfg.light_width,
                            .height = c->cfg.light_height,
                            .has_before = before->has_layer,
                            .levels = light != NULL ? LIGHT_LEVELS : 0,
                            .history_max = LIGHT_HISTORY,
                            .camera = to->camera,
                            .before = before->has_layer ? before->camera : to->camera,
                            .tile_count = 1,
                            .tile = {{0, 0, c->cfg.light_width, c->cfg.light_height, 0}}};
    if (light != NULL) {
        p.tile_count = light->tile_count;
        memcpy(p.tile, light->tile, sizeof p.tile);
        for (uint32_t i = 0; i < light->part_count; i++)
            given[in.given_count++] = light->part[i];
    }
    if (before->has_layer) {
        given[in.given_count++] = buffer_bytes(&before->layer);
        // cppcheck-suppress unreadVariable // by kit_run, through `in`
        given[in.given_count++] = buffer_bytes(&before->geometry);
    }
    assert(in.given_count <= POST_GIVEN_MAX);
    enum rc rc = post_params_encode(&p, &params);
    in.params = buffer_bytes(&params);
    if (rc == RC_OK)
        rc = run(c, "post", &in, &to->layer);
    to->has_layer = rc == RC_OK;
    return rc;
}

static void next_is_light(struct canvas *c)
{
    const struct seen old = c->light;
    assert(c->next.has_layer && c->next.has_geometry);
    c->light = c->next;
    c->next = old;
    c->next.has_layer = c->next.has_geometry = false;
}

static enum rc take_layer(struct canvas *c, struct bytes bytes)
{
    struct layer l;
    enum rc rc = layer_open(&l, bytes);
    if (rc != RC_OK || l.width != c->cfg.light_width || l.height != c->cfg.light_height)
        return RC_MALFORMED;
    empty(&c->next.layer);
    buffer_put(&c->next.layer, bytes);
    c->next.has_layer = true;
    next_is_light(c);
    return RC_OK;
}

enum rc canvas_light(struct canvas *c, const struct light *light)
{
    assert(c->next.has_geometry && light->form != LIGHT_STREAM);
    if (light->form == LIGHT_LAYER)
        return take_layer(c, light->part[0]);
    enum rc rc = post(c, light, &c->light, &c->next);
    if (rc == RC_OK)
        next_is_light(c);
    return rc;
}

// A stream carries no state of its pixels: they are many frames' light, all of them.
static void trust(struct buffer *layer)
{
    for (size_t i = LAYER_HEADER_BYTES; i + LAYER_PIXEL_BYTES <= layer->len; i += LAYER_PIXEL_BYTES)
        layer->at[i + LAYER_PIXEL_BYTES - 1] = LIGHT_HISTORY << 2; // upper 6 bits of 16
}

enum rc canvas_layer(struct canvas *c, const struct camera *camera, struct bytes pixels)
{
    enum rc rc = canvas_geometry(c, camera);
    empty(&c->next.layer);
    if (rc == RC_OK)
        rc = layer_begin(&c->next.layer, c->cfg.light_width, c->cfg.light_height);
    buffer_put(&c->next.layer, pixels);
    if (rc == RC_OK && !c->next.layer.is_full)
        trust(&c->next.layer);
    if (rc == RC_OK && (c->next.layer.is_full || c->next.layer.len != c->next.layer.cap))
        rc = RC_MALFORMED;
    c->next.has_layer = rc == RC_OK;
    if (rc == RC_OK)
        next_is_light(c);
    return rc;
}

enum rc canvas_look(struct canvas *c, const struct camera *camera)
{
    c->now.camera = *camera;
    c->now.has_layer = false;
    enum rc rc = draw_geometry(c, camera, true, &c->full);
    if (rc == RC_OK)
        rc = draw_geometry(c, camera, false, &c->now.geometry);
    return rc;
}

enum rc canvas_draw(struct canvas *c, uint8_t *rgb)
{
    struct layer layer;
    struct seen *now = &c->now;
    enum rc rc;
    assert(c->full.len > 0 && now->geometry.len > 0); // canvas_look was there
    if (c->light.has_layer) {
        rc = post(c, NULL, &c->light, now);
    } else {
        empty(&now->layer);
        rc = composite_own_light(buffer_bytes(&now->geometry), c->cfg.light_width,
                                 c->cfg.light_height, &now->layer);
    }
    if (rc == RC_OK)
        rc = composite_geometry(c->composite, buffer_bytes(&c->full), buffer_bytes(&now->geometry));
    if (rc == RC_OK)
        rc = layer_open(&layer, buffer_bytes(&now->layer));
    if (rc == RC_OK)
        rc = composite_draw(c->composite, &layer, &c->cfg.tone, rgb);
    return rc;
}
