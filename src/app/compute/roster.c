// SPDX-License-Identifier: MIT
// The helpers a hub knows: what they can do, how they fare, what they hold, who may not come back.
#include "compute/roster.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum rc roster_init(struct roster *r, struct arena *arena, struct budget *budget,
                    uint32_t seats_max, uint64_t seed)
{
    const size_t places = (size_t)seats_max + 1;
    assert(seats_max >= 1 && seats_max <= ROSTER_SEATS_MAX);
    *r = (struct roster){.budget = budget, .seats_max = seats_max};
    list_init(&r->seats);
    list_init(&r->idle);
    list_init(&r->changed);
    for (uint32_t i = 0; i < SKILLS_MAX; i++)
        list_init(&r->free[i]);
    r->standings = map_new(arena, DIGEST_BYTES, (size_t)ROSTER_STANDINGS * seats_max, seed);
    r->by_node = map_new(arena, DIGEST_BYTES, places, seed + 1);
    r->at_place = arena_take_array(arena, places, sizeof(struct standing *));
    if (r->standings == NULL || r->by_node == NULL || r->at_place == NULL)
        return RC_NOMEM;
    return heap_init(&r->rests, arena, places);
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

static void leave_place(struct roster *r, struct standing *s)
{
    if (s->place != ROSTER_NO_PLACE)
        r->at_place[s->place] = NULL;
    s->place = ROSTER_NO_PLACE;
}

// One leaves for a newcomer: nobody sits on it, and it is not barred.
static bool forget_one(struct roster *r)
{
    if (list_is_empty(&r->idle))
        return false;
    struct standing *s = CONTAINER_OF(r->idle.next, struct standing, idle);
    list_del(&s->idle);
    list_del(&s->changed);
    leave_place(r, s);
    (void)map_del(r->standings, s->node.b);
    budget_give(r->budget, s);
    return true;
}

struct standing *roster_standing(struct roster *r, const struct digest *node)
{
    struct standing *s = map_get(r->standings, node->b);
    if (s != NULL)
        return s;
    if (map_count(r->standings) == (size_t)ROSTER_STANDINGS * r->seats_max && !forget_one(r))
        return NULL;
    s = budget_take(r->budget, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct standing){.node = *node, .place = ROSTER_NO_PLACE};
    list_init(&s->idle);
    list_init(&s->changed);
    if (map_put(r->standings, node->b, s) != RC_OK) {
        budget_give(r->budget, s);
        return NULL;
    }
    list_push_back(&r->idle, &s->idle);
    return s;
}

void roster_changed(struct roster *r, struct standing *s)
{
    if (s->record.is_barred) // never forgotten
        list_del(&s->idle);
    if (list_is_empty(&s->changed))
        list_push_back(&r->changed, &s->changed);
}

struct standing *roster_next_changed(struct roster *r)
{
    if (list_is_empty(&r->changed))
        return NULL;
    struct standing *s = CONTAINER_OF(r->changed.next, struct standing, changed);
    list_del(&s->changed);
    return s;
}

// A place of nobody who is here: an unused one, else that of who was away for longest.
static uint32_t free_place(struct roster *r)
{
    if (r->place_count <= r->seats_max)
        return r->place_count++;
    LIST_FOR (it, &r->idle) {
        struct standing *s = CONTAINER_OF(it, struct standing, idle);
        const uint32_t place = s->place;
        if (place == ROSTER_NO_PLACE)
            continue;
        leave_place(r, s);
        return place;
    }
    for (uint32_t i = 0; i < r->place_count; i++) // of one that was forgotten, or barred
        if (r->at_place[i] == NULL)
            return i;
    return ROSTER_NO_PLACE; // not while there are more places than seats
}

static void name_seat(struct seat *s, const struct msg_hello *hello)
{
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&s->standing->node, hex);
    struct text name = text_of(s->name, sizeof s->name);
    text_add_safe(&name, bytes_text(hello->name[0] != 0 ? hello->name : "helper"));
    if (hello->name[0] == 0)
        text_addf(&name, "-%.6s", hex);
    memcpy(s->standing->name, s->name, sizeof s->name);
}

static bool is_ready(const struct seat *s)
{
    return !s->is_own && seat_free_slots(s) > 0 && s->rest.index == 0;
}

// In every list of what it can do, or in none.
static void list_free_slots(struct seat *s)
{
    struct roster *r = s->roster;
    bool is_listed = is_ready(s);
    for (uint32_t skill = 0; skill < SKILLS_MAX; skill++) {
        if (!seat_can(s, skill))
            continue;
        if (!is_listed)
            list_del(&s->free[skill]);
        else if (list_is_empty(&s->free[skill]))
            list_push_back(&r->free[skill], &s->free[skill]);
    }
}

static void tally(uint32_t *sum, uint32_t by, bool is_more)
{
    assert(is_more || *sum >= by);
    *sum = is_more ? *sum + by : *sum - by;
}

static void count_seat(struct roster *r, const struct seat *s, bool is_here)
{
    if (s->is_own)
        return;
    tally(&r->seat_count, 1, is_here);
    tally(&r->ready_count, is_ready(s), is_here);
    tally(&r->slot_count, s->ability.slots, is_here);
}

static void rest(struct seat *s)
{
    enum rc rc = heap_put(&s->roster->rests, &s->rest, s->standing->rest_us);
    assert(rc == RC_OK); // as many places as seats
    (void)rc;
}

struct seat *roster_sit(struct roster *r, const struct roster_guest *guest)
{
    assert(!guest->is_own || r->own == NULL);
    if (r->seat_count >= r->seats_max)
        return NULL;
    struct seat *s = budget_take(r->budget, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct seat){.roster = r,
                       .conn = guest->conn,
                       .public = guest->hello->public,
                       .has_key = !guest->is_text,
                       .standing = guest->standing,
                       .ability = guest->hello->ability,
                       .is_own = guest->is_own,
                       .skills = skill_mask(&guest->hello->ability, guest->is_text),
                       .ahead = guest->ahead};
    if (map_put(r->by_node, s->standing->node.b, s) != RC_OK) {
        budget_give(r->budget, s);
        return NULL;
    }
    for (uint32_t i = 0; i < SKILLS_MAX; i++)
        list_init(&s->free[i]);
    name_seat(s, guest->hello);
    if (!s->is_own && s->standing->place == ROSTER_NO_PLACE) {
        s->standing->place = free_place(r);
        assert(s->standing->place != ROSTER_NO_PLACE);
        r->at_place[s->standing->place] = s->standing;
        s->is_new = true;
    }
    list_init(&s->tasks);
    list_push_back(&r->seats, &s->node);
    list_del(&s->standing->idle);
    s->standing->is_seated = true;
    if (s->is_own)
        r->own = s;
    if (s->standing->rest_us > guest->now_us)
        rest(s);
    count_seat(r, s, true);
    list_free_slots(s);
    return s;
}

void roster_leave(struct roster *r, struct seat *s)
{
    assert(list_is_empty(&s->tasks) && s->busy == 0);
    list_del(&s->node);
    for (uint32_t i = 0; i < SKILLS_MAX; i++)
        list_del(&s->free[i]);
    (void)map_del(r->by_node, s->standing->node.b);
    count_seat(r, s, false);
    heap_del(&r->rests, &s->rest);
    s->standing->is_seated = false;
    if (!s->standing->record.is_barred)
        list_push_back(&r->idle, &s->standing->idle);
    else
        leave_place(r, s->standing);
    if (s->is_own)
        r->own = NULL;
    budget_give(r->budget, s);
}

struct seat *roster_by_node(const struct roster *r, const struct digest *node)
{
    return map_get(r->by_node, node->b);
}

struct seat *roster_by_place(const struct roster *r, uint32_t place)
{
    const struct standing *s = r->at_place[place];
    return s != NULL && s->is_seated ? roster_by_node(r, &s->node) : NULL;
}

// After anything that may make it ready, or not.
static void relist(struct seat *s, bool was_ready)
{
    if (is_ready(s) == was_ready)
        return;
    list_free_slots(s);
    tally(&s->roster->ready_count, 1, !was_ready);
}

// Behind all others who could have had this task: among equals, work goes round.
static void to_the_back(struct seat *s)
{
    for (uint32_t skill = 0; skill < SKILLS_MAX; skill++) {
        if (!seat_can(s, skill))
            continue;
        list_del(&s->free[skill]);
        list_push_back(&s->roster->free[skill], &s->free[skill]);
    }
}

void seat_take_slot(struct seat *s)
{
    assert(s->busy < (uint64_t)s->ability.slots + s->ahead);
    bool was_ready = is_ready(s);
    s->busy++;
    relist(s, was_ready);
    if (is_ready(s))
        to_the_back(s);
}

void seat_give_slot(struct seat *s)
{
    assert(s->busy > 0);
    bool was_ready = is_ready(s);
    s->busy--;
    relist(s, was_ready);
}

void seat_missed(struct seat *s, uint64_t now_us)
{
    struct standing *st = s->standing;
    bool was_ready = is_ready(s);
    st->misses = (uint32_t)num_min((uint64_t)st->misses + 1, 1000);
    if (s->is_own || st->misses <= ROSTER_MISSES_FREE)
        return;
    uint32_t doublings = (uint32_t)num_min(st->misses - ROSTER_MISSES_FREE - 1, 20);
    uint64_t long_us = num_min((uint64_t)ROSTER_REST_US << doublings, ROSTER_REST_US_MAX);
    st->rest_us = time_after(now_us, long_us);
    heap_del(&s->roster->rests, &s->rest);
    rest(s);
    relist(s, was_ready);
}

struct seat *roster_wake(struct roster *r, uint64_t now_us)
{
    struct heap_node *n = heap_first(&r->rests);
    if (n == NULL || n->key > now_us)
        return NULL;
    struct seat *s = CONTAINER_OF(n, struct seat, rest);
    heap_del(&r->rests, n);
    relist(s, false);
    return s;
}

uint64_t roster_due_us(const struct roster *r)
{
    const struct heap_node *n = heap_first(&r->rests);
    return n == NULL ? UINT64_MAX : n->key;
}

void roster_check(const struct roster *r)
{
    uint32_t seats = 0;
    uint32_t ready = 0;
    uint32_t slots = 0;
    LIST_FOR (it, &r->seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        assert(s->busy <= (uint64_t)s->ability.slots + s->ahead && s->standing->is_seated);
        assert(s->is_own || r->at_place[s->standing->place] == s->standing);
        assert(s->is_own == (s == r->own));
        bool is_free = is_ready(s);
        for (uint32_t i = 0; i < SKILLS_MAX; i++) {
            assert(list_is_empty(&s->free[i]) == !(is_free && seat_can(s, i)));
        }
        seats += !s->is_own;
        ready += is_free;
        slots += s->is_own ? 0 : s->ability.slots;
    }
    assert(seats == r->seat_count && ready == r->ready_count && slots == r->slot_count);
}
