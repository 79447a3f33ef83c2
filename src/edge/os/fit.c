// SPDX-License-Identifier: MIT
// Fit: boosted regression trees from rows of numbers (XGBoost), written down as bytes.
#include "os/fit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <xgboost/c_api.h>

#include "wire/json.h"

#define LEAF 0xffffu

struct out {
    struct buffer trees;
    uint32_t node_count;
    bool is_bad;
};

static const char *const params[][2] = {{"objective", "reg:squarederror"},
                                        {"base_score", "0"},
                                        {"booster", "gbtree"},
                                        {"tree_method", "hist"},
                                        {"max_depth", "3"},
                                        {"eta", "0.3"},
                                        {"lambda", "20"},
                                        {"min_child_weight", "20"},
                                        {"nthread", "1"},
                                        {"seed", "1"},
                                        {"verbosity", "0"}};

static void put_u16(struct out *o, uint32_t v)
{
    o->is_bad = o->is_bad || v > UINT16_MAX;
    buffer_u16le(&o->trees, (uint16_t)v);
}

// Where a number is known only when what follows stands.
static void set_u16(struct out *o, size_t at, uint32_t v)
{
    assert(at + 2 <= o->trees.len);
    struct buffer there = buffer_of(o->trees.at + at, 2);
    o->is_bad = o->is_bad || v > UINT16_MAX;
    buffer_u16le(&there, (uint16_t)v);
}

// ---- A tree, as XGBoost tells it in JSON

struct step { // a node that is to be written, and where its parent names it; 0: nowhere
    const struct json_node *node;
    size_t named_at;
};

static const struct json_node *child(const struct json_node *node, const char *which)
{
    const struct json_node *children = json_get(node, "children");
    uint64_t want = 0;
    uint64_t id = 0;
    if (!json_get_u64(json_get(node, which), UINT32_MAX, &want))
        return NULL;
    for (size_t i = 0; i < json_get_count(children); i++)
        if (json_get_u64(json_get(json_get_item(children, i), "nodeid"), UINT32_MAX, &id) &&
            id == want)
            return json_get_item(children, i);
    return NULL;
}

// Numbers are told with as many digits as tell floats apart.
static void put_node(struct out *o, const struct json_node *node)
{
    struct bytes split;
    double value = 0;
    uint32_t feature = LEAF;
    if (!json_get_f64(json_get(node, "leaf"), &value)) {
        o->is_bad = o->is_bad || !json_get_f64(json_get(node, "split_condition"), &value) ||
                    !json_get_text(json_get(node, "split"), &split) || split.len < 2;
        feature = 0;
        for (size_t i = 1; !o->is_bad && i < split.len; i++) // "f12"
            feature = feature * 10 + (uint32_t)(split.at[i] - '0');
    }
    put_u16(o, feature);
    put_u16(o, 0);
    put_u16(o, 0);
    buffer_f32le(&o->trees, (float)value);
    o->node_count++;
}

static void put_tree(struct out *o, const struct json_node *root)
{
    struct step todo[FIT_DEPTH + 2] = {{.node = root}};
    uint32_t count = 1;
    while (count > 0 && !o->is_bad && !o->trees.is_full) {
        const struct step now = todo[--count];
        const size_t at = o->trees.len;
        if (now.named_at != 0)
            set_u16(o, now.named_at, o->node_count);
        put_node(o, now.node);
        if (json_get(now.node, "leaf") != NULL)
            continue;
        o->is_bad = o->is_bad || count + 2 > FIT_DEPTH + 2;
        if (o->is_bad)
            return;
        todo[count++] = (struct step){child(now.node, "no"), at + 4};
        todo[count++] = (struct step){child(now.node, "yes"), at + 2};
        assert(count <= FIT_DEPTH + 2);
    }
}

static enum rc write_down(struct fit *f, const char *const *tree, bst_ulong count)
{
    struct out o = {.trees = buffer_of(f->trees, sizeof f->trees)};
    put_u16(&o, (uint32_t)count);
    put_u16(&o, 0); // nodes, when they are known
    const size_t roots_at = o.trees.len;
    for (bst_ulong i = 0; i < count; i++)
        put_u16(&o, 0);
    for (bst_ulong i = 0; i < count && !o.is_bad && !o.trees.is_full; i++) {
        struct json_node *top = NULL;
        struct err err;
        set_u16(&o, roots_at + 2 * (size_t)i, o.node_count);
        o.is_bad = json_open(&top, bytes_text(tree[i]), &err) != RC_OK;
        if (!o.is_bad)
            put_tree(&o, top);
        json_free(top);
    }
    set_u16(&o, 2, o.node_count);
    f->trees_bytes = (uint32_t)o.trees.len;
    return o.is_bad || o.trees.is_full ? RC_NOMEM : RC_OK;
}

// ---- Fitting

static bool boost(BoosterHandle booster, DMatrixHandle rows)
{
    bool is_good = true;
    for (size_t i = 0; i < ARRAY_COUNT(params); i++)
        is_good = is_good && XGBoosterSetParam(booster, params[i][0], params[i][1]) == 0;
    for (int i = 0; is_good && i < (int)FIT_TREES; i++)
        is_good = XGBoosterUpdateOneIter(booster, i, rows) == 0;
    return is_good;
}

static bool ask(const struct fit *f, BoosterHandle booster, DMatrixHandle rows)
{
    bst_ulong count = 0;
    const float *said = NULL;
    if (f->said == NULL)
        return true;
    if (XGBoosterPredict(booster, rows, 0, 0, 0, &count, &said) != 0 || count != f->row_count)
        return false;
    memcpy(f->said, said, count * sizeof *said);
    return true;
}

void fit_work(void *block)
{
    struct fit *f = block;
    DMatrixHandle rows = NULL;
    BoosterHandle booster = NULL;
    bst_ulong count = 0;
    const char **tree = NULL;
    f->rc = f->row_count > 0 ? RC_NOMEM : RC_CONFIG;
    if (f->row_count > 0 &&
        XGDMatrixCreateFromMat(f->row, f->row_count, f->feature_count, NAN, &rows) == 0 &&
        XGDMatrixSetFloatInfo(rows, "label", f->want, f->row_count) == 0 &&
        XGBoosterCreate(&rows, 1, &booster) == 0 && boost(booster, rows) && ask(f, booster, rows) &&
        XGBoosterDumpModelEx(booster, "", 0, "json", &count, &tree) == 0 && count <= FIT_TREES)
        f->rc = write_down(f, tree, count);
    if (booster != NULL)
        (void)XGBoosterFree(booster);
    if (rows != NULL)
        (void)XGDMatrixFree(rows);
}
