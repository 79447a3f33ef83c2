// SPDX-License-Identifier: MIT
// The helpers a hub knows: what they can do, how they fare, what they hold, who may not come back.
#include "compute/roster.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum rc roster_init(struct roster *r, struct arena *arena, struct budget *budget, uint64_t seed)
{
    *r = (struct roster){.budget = budget};
    list_init(&r->seats);
    r->standings = map_new(arena, DIGEST_BYTES, ROSTER_STANDINGS_MAX, seed);
    return r->standings == NULL ? RC_NOMEM : RC_OK;
}

void roster_reset(struct roster *r)
{
    LIST_FOR_SAFE (it, &r->seats)
        budget_give(r->budget, CONTAINER_OF(it, struct seat, node));
    list_init(&r->seats);
    size_t at = 0;
    for (struct standing *s; r->standings != NULL && (s = map_next(r->standings, &at)) != NULL;)
        budget_give(r->budget, s);
}

struct standing *roster_standing(struct roster *r, const struct digest *node)
{
    struct standing *s = map_get(r->standings, node->b);
    if (s != NULL)
        return s;
    s = budget_take(r->budget, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct standing){.node = *node};
    if (map_put(r->standings, node->b, s) != RC_OK) {
        budget_give(r->budget, s);
        return NULL;
    }
    return s;
}

static double first_guess(const struct msg_ability *a)
{
    for (uint32_t i = 0; i < a->speed_count; i++)
        if (strcmp(a->speed[i].kernel, "trace") == 0)
            return 1e6 / (double)num_clamp(a->speed[i].units_s, 1000, 1000000000000u);
    return 1.0;
}

struct seat *roster_sit(struct roster *r, uint64_t conn, const struct msg_hello *hello,
                        struct standing *standing, bool is_own)
{
    assert(!is_own || r->own == NULL);
    if (r->seat_count >= ROSTER_SEATS_MAX)
        return NULL;
    struct seat *s = budget_take(r->budget, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct seat){.conn = conn,
                       .public = hello->public,
                       .standing = standing,
                       .ability = hello->ability,
                       .is_own = is_own,
                       .us_per_unit = first_guess(&hello->ability)};
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&standing->node, hex);
    struct text name = text_of(s->name, sizeof s->name);
    text_add_safe(&name, bytes_text(hello->name[0] != 0 ? hello->name : "helper"));
    if (hello->name[0] == 0)
        text_addf(&name, "-%.6s", hex);
    list_init(&s->tasks);
    list_push_back(&r->seats, &s->node);
    if (is_own)
        r->own = s;
    else
        r->seat_count++;
    return s;
}

void roster_leave(struct roster *r, struct seat *s)
{
    assert(list_is_empty(&s->tasks));
    list_del(&s->node);
    if (s->is_own)
        r->own = NULL;
    else
        r->seat_count--;
    budget_give(r->budget, s);
}

struct seat *roster_by_node(const struct roster *r, const struct digest *node)
{
    LIST_FOR (it, &r->seats) {
        struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (digest_equal(&s->standing->node, node))
            return s;
    }
    return NULL;
}

uint32_t roster_slots(const struct roster *r)
{
    uint32_t slots = 0;
    LIST_FOR (it, &r->seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (!s->is_own)
            slots += s->ability.slots;
    }
    return slots;
}

bool seat_can(const struct seat *s, const char *kernel)
{
    for (uint32_t i = 0; i < s->ability.speed_count; i++)
        if (strcmp(s->ability.speed[i].kernel, kernel) == 0)
            return true;
    return false;
}

void seat_learn(struct seat *s, double units, uint64_t cpu_us)
{
    if (units <= 0 || cpu_us == 0)
        return;
    s->us_per_unit += ROSTER_LEARN * ((double)cpu_us / units - s->us_per_unit);
    assert(s->us_per_unit > 0);
}
