// SPDX-License-Identifier: MIT
// Trees: a set of boosted regression trees, asked in tens of nanoseconds.
#include "work/trees.h"

#include <assert.h>
#include <math.h>

// Also false for a child that is not after its parent.
static bool is_sound(const struct trees_node *n, uint32_t index, uint32_t count, uint32_t features)
{
    if (!isfinite(n->value))
        return false;
    return n->feature == TREES_LEAF || (n->feature < features && n->yes > index && n->no > index &&
                                        n->yes < count && n->no < count);
}

// Leaves lead to themselves, so that all ways are of one length: what cannot be mispredicted is
// several times as quick.
static bool settle(struct trees *t, uint32_t nodes)
{
    uint8_t depth[TREES_NODES_MAX] = {0};
    t->depth = 0;
    for (uint32_t i = 0; i < nodes; i++) {
        struct trees_node *n = &t->node[i];
        if (n->feature == TREES_LEAF) {
            n->feature = 0;
            n->yes = n->no = (uint16_t)i;
            continue;
        }
        const uint8_t below = (uint8_t)(depth[i] + 1);
        if (below > TREES_DEPTH_MAX)
            return false;
        depth[n->yes] = depth[n->yes] > below ? depth[n->yes] : below;
        depth[n->no] = depth[n->no] > below ? depth[n->no] : below;
        t->depth = t->depth > below ? t->depth : below;
    }
    return true;
}

static bool read_all(struct trees *t, struct cursor *c, uint32_t features)
{
    t->count = cursor_u16le(c);
    const uint32_t nodes = cursor_u16le(c);
    bool is_good = t->count <= TREES_MAX && nodes <= TREES_NODES_MAX;
    for (uint32_t i = 0; is_good && i < t->count; i++) {
        t->root[i] = cursor_u16le(c);
        is_good = t->root[i] < nodes;
    }
    for (uint32_t i = 0; is_good && i < nodes; i++) {
        struct trees_node *n = &t->node[i];
        n->feature = cursor_u16le(c);
        n->yes = cursor_u16le(c);
        n->no = cursor_u16le(c);
        n->value = cursor_f32le(c);
        is_good = is_sound(n, i, nodes, features);
    }
    return is_good && cursor_done(c) && settle(t, nodes);
}

enum rc trees_read(struct trees *out, struct bytes in, uint32_t features)
{
    assert(features <= TREES_FEATURES_MAX);
    struct cursor c = {.left = in};
    if (read_all(out, &c, features))
        return RC_OK;
    out->count = 0;
    return RC_MALFORMED;
}

float trees_ask(const struct trees *t, const float *feature)
{
    const struct trees_node *node = t->node;
    float sum = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = t->root[i];
        for (uint32_t k = 0; k < t->depth; k++) {
            const struct trees_node *n = &node[at];
            const uint32_t is_below = feature[n->feature] < n->value;
            at = n->no ^ ((uint32_t)(n->no ^ n->yes) & (0 - is_below));
        }
        sum += node[at].value;
    }
    return sum;
}
