// SPDX-License-Identifier: MIT
// The generated scenes by name.
#include "scene/scenes.h"

#include "base/attr.h"
#include "base/text.h"
#include "scene/cornell.h"
#include "scene/draft.h"
#include "scene/street.h"

#define STREET_SEED 2u

static void draw_street(struct draft *d)
{
    street_draw(d, STREET_SEED, 100000);
}

static void draw_street_1m(struct draft *d)
{
    street_draw(d, STREET_SEED, 1000000);
}

static const struct {
    struct scenes_entry entry;
    void (*draw)(struct draft *d);
} table[] = {
    {{"cornell", "a plain room with a lamp, a box, a metal and a glass sphere"}, cornell_draw},
    {{"neon-street", "a rainy street at night under neon signs, 100 k triangles"}, draw_street},
    {{"neon-street-1m", "the same street in finer detail, 1 M triangles"}, draw_street_1m},
};

const struct scenes_entry *scenes_at(size_t index)
{
    return index < ARRAY_COUNT(table) ? &table[index].entry : NULL;
}

static enum rc absent(struct bytes name, struct err *err)
{
    char words[ERR_TEXT_BYTES];
    struct text t = text_of(words, sizeof words);
    text_add(&t, "no generated scene is called '");
    text_add_safe(&t, bytes_part(name, 0, 64));
    text_add(&t, "'; there are ");
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        text_addf(&t, "%s%s", i > 0 ? ", " : "", table[i].entry.name);
    return err_set(err, RC_ABSENT, "%s", words);
}

enum rc scenes_make(struct bytes name, struct budget *budget, struct buffer *out, struct err *err)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(table) && !bytes_is(name, table[i].entry.name))
        i++;
    if (i == ARRAY_COUNT(table))
        return absent(name, err);
    struct draft d;
    draft_init(&d, budget);
    table[i].draw(&d);
    enum rc rc = draft_encode(&d, out);
    draft_free(&d);
    if (rc != RC_OK)
        (void)err_set(err, rc, "cannot draw %s: %s", table[i].entry.name, rc_text(rc));
    return rc;
}
