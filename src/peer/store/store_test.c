// SPDX-License-Identifier: MIT
// Tests of the store over a simulated disk: names, limits, order of use, faults, restarts.
#include "store/store.h"

#include "base/rng.h"
#include "store/disk_test.h"
#include "store/use.h"

static void test_put_get_del(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 10);
    struct digest name = hash_bytes(bytes_text("hello"));
    struct bytes got;
    assert_int_equal(store_get(s, &name, &got), RC_ABSENT);
    assert_int_equal(store_del(s, &name), RC_ABSENT);
    assert_int_equal(store_put(s, &name, bytes_text("hullo")), RC_MALFORMED);
    assert_false(store_has(s, &name));
    assert_int_equal(store_stat(s).objects, 0);
    assert_int_equal(store_put(s, &name, bytes_text("hello")), RC_OK);
    assert_int_equal(store_put(s, &name, bytes_text("hello")), RC_OK);
    assert_int_equal(store_get(s, &name, &got), RC_OK);
    assert_true(bytes_is(got, "hello"));
    store_release(s);
    assert_int_equal(store_stat(s).objects, 1);
    assert_int_equal(store_stat(s).bytes, 5);
    struct digest empty = add(s, ""); // an object like any other
    assert_int_equal(store_get(s, &empty, &got), RC_OK);
    assert_int_equal(got.len, 0);
    store_release(s);
    assert_int_equal(store_del(s, &name), RC_OK);
    assert_false(store_has(s, &name));
    assert_int_equal(store_stat(s).objects, 1);
    assert_int_equal(store_stat(s).bytes, 0);
    disk_free(&d);
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 12, 4);
    struct digest a = add(s, "aaaa");
    (void)add(s, "bbbb");
    (void)add(s, "cccc");
    struct bytes got;
    assert_int_equal(store_get(s, &a, &got), RC_OK); // used: now b is the oldest
    store_release(s);
    (void)add(s, "dddd");
    assert_true(holds(s, "aaaa") && !holds(s, "bbbb") && holds(s, "cccc") && holds(s, "dddd"));
    (void)add(s, "cccc"); // a put of what is there is a use as well
    (void)add(s, "eeeeeeee");
    assert_true(!holds(s, "aaaa") && holds(s, "cccc") && !holds(s, "dddd"));
    assert_int_equal(store_stat(s).evicted, 3);
    assert_int_equal(store_add(s, bytes_text("0123456789abc"), NULL), RC_REFUSED);
    assert_true(holds(s, "cccc"));      // nothing was dropped for what cannot fit
    for (unsigned i = 0; i < 10; i++) { // the bound on their number
        const char digit[2] = {(char)('0' + i), '\0'};
        (void)add(s, digit);
    }
    assert_int_equal(store_stat(s).objects, 4);
    assert_true(holds(s, "6") && holds(s, "9"));
    disk_free(&d);
}

static void test_pinned_never_go(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 12, 4);
    struct digest a = add(s, "aaaa");
    assert_int_equal(store_pin(s, &a), RC_OK);
    assert_int_equal(store_pin(s, &a), RC_OK);
    (void)add(s, "bbbbbbbb");
    (void)add(s, "cccccccc");
    assert_true(holds(s, "aaaa") && !holds(s, "bbbbbbbb"));
    assert_int_equal(store_del(s, &a), RC_REFUSED);
    assert_int_equal(store_add(s, bytes_text("ddddddddd"), NULL), RC_FULL); // 9 + 4 > 12
    store_unpin(s, &a);
    assert_int_equal(store_add(s, bytes_text("ddddddddd"), NULL), RC_FULL); // pinned once more
    store_unpin(s, &a);
    store_unpin(s, &a); // harmless
    assert_int_equal(store_add(s, bytes_text("ddddddddd"), NULL), RC_OK);
    assert_false(holds(s, "aaaa"));
    assert_int_equal(store_pin(s, &a), RC_ABSENT);
    store_unpin(s, &a);
    disk_free(&d);
}

static void test_restart_finds_all(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct kv kv = sim_kv_host(d.rows);
    // Others' keys around ours, and one with our prefix that is none of ours.
    assert_int_equal(kv.ops->put(kv.self, bytes_text("n"), bytes_text("1")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("odd"), bytes_text("1")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("p"), bytes_text("1")), RC_OK);
    struct store *s = start(&d, 1000, 100);
    for (unsigned i = 0; i < 50; i++) {
        const char text[3] = {(char)('a' + i / 10), (char)('0' + i % 10), '\0'};
        (void)add(s, text);
    }
    s = start(&d, 1000, 100);
    assert_int_equal(store_stat(s).objects, 50);
    assert_int_equal(store_stat(s).bytes, 100);
    assert_true(holds(s, "a0") && holds(s, "e9"));
    s = start(&d, 60, 100); // smaller limits: the rest is deleted
    assert_int_equal(store_stat(s).objects, 30);
    s = start(&d, 60, 7);
    assert_int_equal(store_stat(s).objects, 7);
    assert_int_equal(store_stat(s).bytes, 14);
    struct bytes got;
    assert_int_equal(kv.ops->get(kv.self, bytes_text("odd"), &got), RC_OK);
    kv.ops->release(kv.self);
    disk_free(&d);
}

static void test_walk_in_order(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 100);
    struct digest name;
    uint64_t size_bytes = 0;
    assert_int_equal(store_next(s, NULL, &name, &size_bytes), RC_ABSENT);
    for (unsigned i = 0; i < 20; i++) {
        const char text[3] = {'x', (char)('a' + i), '\0'};
        (void)add(s, text);
    }
    struct digest last = {{0}};
    unsigned count = 0;
    enum rc rc = store_next(s, NULL, &name, &size_bytes);
    while (rc == RC_OK) {
        assert_int_equal(size_bytes, 2);
        assert_true(memcmp(last.b, name.b, DIGEST_BYTES) < 0);
        last = name;
        count++;
        assert_int_equal(store_del(s, &name), RC_OK); // may go on the way
        rc = store_next(s, &last, &name, &size_bytes);
    }
    assert_int_equal(rc, RC_ABSENT);
    assert_int_equal(count, 20);
    disk_free(&d);
}

static void test_damage_is_found(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 100);
    struct digest good = add(s, "good");
    struct digest bad = add(s, "damaged");
    struct digest pinned = add(s, "pinned and damaged");
    uint8_t at[33];
    assert_int_equal(store_pin(s, &pinned), RC_OK);
    assert_int_equal(sim_kv_damage(d.rows, key_of(&bad, at), 3), RC_OK);
    assert_int_equal(sim_kv_damage(d.rows, key_of(&pinned, at), 100), RC_OK);
    assert_int_equal(store_verify(s, &good), RC_OK);
    assert_int_equal(store_verify(s, &bad), RC_MALFORMED);
    assert_int_equal(store_verify(s, &bad), RC_ABSENT);
    uint64_t damaged = 0;
    assert_int_equal(store_verify_all(s, &damaged), RC_OK);
    assert_int_equal(damaged, 1);
    assert_int_equal(store_stat(s).damaged, 2);
    assert_int_equal(store_stat(s).objects, 1);
    store_unpin(s, &pinned); // whoever pinned it does not know
    assert_int_equal(store_add(s, bytes_text("damaged"), &bad), RC_OK);
    assert_int_equal(store_verify(s, &bad), RC_OK);
    disk_free(&d);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 100);
    for (char c = 'a'; c < 'a' + 20; c++) {
        const char text[8] = {c, c, c, c, c, c, c, '\0'}; // 89 bytes with its keys and entry
        (void)add(s, text);
    }
    sim_kv_limit(d.rows, sim_kv_bytes(d.rows));
    (void)add(s, "two objects make room for this one, of 150 bytes of text and keys and entry");
    assert_int_equal(store_stat(s).evicted, 2);
    assert_true(!holds(s, "bbbbbbb") && holds(s, "ccccccc"));
    sim_kv_limit(d.rows, 0);
    assert_int_equal(store_add(s, bytes_text("x"), NULL), RC_FULL);
    assert_int_equal(store_stat(s).evicted, 2 + STORE_DISK_FULL_MAX);
    assert_false(holds(s, "x"));
    assert_int_equal(store_stat(s).objects, 21 - 2 - STORE_DISK_FULL_MAX);
    disk_free(&d);
}

static void test_failing_disk(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 20, 100);
    struct digest a = add(s, "aaaaaaaa");
    struct digest b = add(s, "bbbbbbbb");
    struct bytes got;
    sim_kv_fail(d.rows, 1, RC_IO, false);
    assert_int_equal(store_get(s, &a, &got), RC_IO);
    const struct store_stat before = store_stat(s);
    // Whichever call of an eviction and put fails: nothing has changed.
    for (uint64_t nth = 1;; nth++) {
        sim_kv_fail(d.rows, nth, RC_IO, false);
        const enum rc rc = store_add(s, bytes_text("cccccccc"), NULL);
        sim_kv_fail(d.rows, 1000000, RC_IO, false); // not the next ones
        if (rc == RC_OK)
            break;
        assert_int_equal(rc, RC_IO);
        assert_int_equal(store_stat(s).bytes, before.bytes);
        assert_int_equal(store_stat(s).evicted, 0);
        assert_true(store_has(s, &a) && store_has(s, &b) && !holds(s, "cccccccc"));
        assert_true(nth < 100);
    }
    assert_true(holds(s, "cccccccc") && !holds(s, "aaaaaaaa") && store_has(s, &b));
    // Done, and not said so: the caller hears of a failure, and the store knows the truth.
    const uint64_t commits = 8; // no eviction: has, begin, object, entry, meta, and then
    for (uint64_t nth = 1; nth < commits; nth++) {
        assert_int_equal(store_del(s, &b), RC_OK);
        sim_kv_fail(d.rows, nth, RC_IO, true);
        const enum rc rc = store_add(s, bytes_text("bbbbbbbb"), NULL);
        sim_kv_fail(d.rows, 1000000, RC_IO, false);
        assert_int_equal(store_stat(s).bytes, holds(s, "bbbbbbbb") ? 16 : 8);
        if (rc == RC_OK)
            assert_true(holds(s, "bbbbbbbb"));
        s = start(&d, 20, 100);
        assert_int_equal(store_stat(s).bytes, holds(s, "bbbbbbbb") ? 16 : 8);
        if (!holds(s, "bbbbbbbb"))
            (void)add(s, "bbbbbbbb");
    }
    sim_kv_fail(d.rows, 1, RC_IO, false);
    struct store_cfg cfg = {
        .kv = sim_kv_host(d.rows), .bytes_max = 20, .objects_max = 100, .seed = 42};
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_IO);
    assert_null(s);
    disk_free(&d);
}

static void test_groups(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 10);
    struct digest a = add(s, "aaaa");
    assert_int_equal(store_begin(s), RC_OK);
    struct digest b = add(s, "bbbb");
    assert_int_equal(store_del(s, &a), RC_OK);
    assert_true(!store_has(s, &a) && store_has(s, &b));
    struct bytes got;
    assert_int_equal(store_get(s, &b, &got), RC_OK); // seen at once
    assert_true(bytes_is(got, "bbbb"));
    store_release(s);
    store_abort(s);
    assert_true(store_has(s, &a) && !store_has(s, &b));
    assert_int_equal(store_stat(s).bytes, 4);
    assert_int_equal(store_begin(s), RC_OK);
    (void)add(s, "bbbb");
    (void)add(s, "cccc");
    sim_kv_restart(d.rows); // the process ends in mid-group
    s = start(&d, 1000, 10);
    assert_int_equal(store_stat(s).objects, 1);
    assert_int_equal(store_begin(s), RC_OK);
    (void)add(s, "dddd");
    sim_kv_fail(d.rows, 3, RC_IO, false); // the object, after has and the tick of the clock
    enum rc rc = RC_OK;
    for (char c = 'e'; rc == RC_OK; c++)
        rc = store_add(s, bytes_of(&c, 1), NULL);
    assert_int_equal(rc, RC_IO);
    assert_int_equal(store_add(s, bytes_text("ffff"), NULL), RC_IO); // it is spoilt
    assert_int_equal(store_commit(s), RC_IO);
    assert_true(!holds(s, "dddd") && !holds(s, "ffff") && store_has(s, &a));
    (void)add(s, "dddd");
    disk_free(&d);
}

static void test_many_puts_cost_one_commit(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 100000, 1000);
    assert_int_equal(store_begin(s), RC_OK);
    const uint64_t before = sim_kv_calls(d.rows);
    for (unsigned i = 0; i < 100; i++) {
        const uint8_t text[2] = {(uint8_t)i, 1};
        assert_int_equal(store_add(s, bytes_of(text, 2), NULL), RC_OK);
    }
    assert_int_equal(store_commit(s), RC_OK);
    // Each: is it there, its bytes, its entry. Then two chunks of uses, counts, and one commit.
    assert_in_range(sim_kv_calls(d.rows) - before, 302, 306);
    disk_free(&d);
}

static void test_labels(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 12, 4);
    char label[STORE_LABEL_BYTES_MAX + 1];
    struct digest a = add(s, "aaaa");
    struct digest none = hash_bytes(bytes_text("none"));
    assert_int_equal(store_keep(s, &none, bytes_text("x")), RC_ABSENT);
    assert_int_equal(store_unkeep(s, &a, bytes_text("x")), RC_ABSENT);
    assert_int_equal(store_keep(s, &a, bytes_text("shaders")), RC_OK);
    assert_int_equal(store_keep(s, &a, bytes_text("shaders")), RC_OK); // once
    assert_int_equal(store_keep(s, &a, bytes_text("room")), RC_OK);
    s = start(&d, 12, 4);
    assert_int_equal(store_stat(s).kept, 1);
    assert_int_equal(store_kept(s, &a, bytes_text(""), label), RC_OK);
    assert_string_equal(label, "room");
    assert_int_equal(store_kept(s, &a, bytes_text(label), label), RC_OK);
    assert_string_equal(label, "shaders");
    assert_int_equal(store_kept(s, &a, bytes_text(label), label), RC_ABSENT);
    (void)add(s, "bbbbbbbb");
    (void)add(s, "cccccccc");
    assert_true(holds(s, "aaaa") && !holds(s, "bbbbbbbb"));
    assert_int_equal(store_del(s, &a), RC_REFUSED);
    assert_int_equal(store_unkeep(s, &a, bytes_text("room")), RC_OK);
    assert_int_equal(store_del(s, &a), RC_REFUSED);
    assert_int_equal(store_unkeep(s, &a, bytes_text("shaders")), RC_OK);
    assert_int_equal(store_stat(s).kept, 0);
    (void)add(s, "dddd");
    (void)add(s, "eeeeeeee");
    assert_false(holds(s, "aaaa"));
    s = start(&d, 12, 4); // smaller limits do not take what is kept
    struct digest e = hash_bytes(bytes_text("eeeeeeee"));
    assert_int_equal(store_keep(s, &e, bytes_text("x")), RC_OK);
    s = start(&d, 4, 4);
    assert_true(store_has(s, &e) && store_stat(s).objects == 1);
    disk_free(&d);
}

static void test_rare_ones_stay(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 10);
    struct digest rare = add(s, "rare");
    struct digest common = {{0}};
    assert_int_equal(store_rarity(s, &common, 1), RC_ABSENT);
    assert_int_equal(store_rarity(s, &rare, 1), RC_OK);
    const uint64_t bytes = sim_kv_calls(d.rows);
    assert_int_equal(store_rarity(s, &rare, 1), RC_OK); // no news: one look
    assert_int_equal(sim_kv_calls(d.rows) - bytes, 1);
    for (char c = 'a'; c < 'j'; c++)
        assert_int_equal(store_add(s, bytes_of(&c, 1), c == 'i' ? &common : NULL), RC_OK);
    assert_int_equal(store_rarity(s, &common, 100), RC_OK);
    s = start(&d, 1000, 10);
    (void)add(s, "0");
    assert_true(holds(s, "rare") && !holds(s, "a"));
    for (char c = '1'; c < '7'; c++)
        assert_int_equal(store_add(s, bytes_of(&c, 1), NULL), RC_OK);
    assert_true(holds(s, "rare"));       // unused longest of all
    assert_false(store_has(s, &common)); // everybody has it
    disk_free(&d);
}

static void test_order_of_use_outlives_a_restart(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct disk d = disk_new();
        struct store *s = start(&d, 1000, 10);
        struct digest first = add(s, "0");
        struct bytes got;
        for (char c = '1'; c <= '9'; c++)
            assert_int_equal(store_add(s, bytes_of(&c, 1), NULL), RC_OK);
        assert_int_equal(store_get(s, &first, &got), RC_OK);
        store_release(s);
        if (how == 0)
            assert_int_equal(store_close(s), RC_OK);
        if (how == 1)
            assert_int_equal(store_flush(s), RC_OK);
        const uint64_t calls = sim_kv_calls(d.rows);
        if (how < 2)
            assert_int_equal(store_flush(s), RC_OK);
        assert_int_equal(sim_kv_calls(d.rows), calls); // nothing new
        s = start(&d, 1000, 10);
        (void)add(s, "new");
        assert_int_equal(holds(s, "0"), how < 2);  // the get of a crashed one is forgotten
        assert_int_equal(holds(s, "1"), how == 2); // its puts are not
        disk_free(&d);
    }
}

static void test_an_older_form_gets_an_index(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct kv kv = sim_kv_host(d.rows);
    uint8_t at[33];
    for (unsigned i = 0; i < 2500; i++) { // more than one group
        const uint8_t text[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        const struct digest name = hash_bytes(bytes_of(text, 2));
        assert_int_equal(kv.ops->put(kv.self, key_of(&name, at), bytes_of(text, 2)), RC_OK);
    }
    struct store *s = NULL;
    const struct store_cfg cfg = {.kv = kv, .bytes_max = 100000, .objects_max = 3000, .seed = 1};
    sim_kv_crash(d.rows, 7000, false, NULL); // while it is made
    arena_reset(d.arena);
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_IO);
    sim_kv_restart(d.rows);
    s = start(&d, 100000, 3000);
    assert_int_equal(store_stat(s).objects, 2500);
    assert_int_equal(store_stat(s).bytes, 5000);
    disk_free(&d);
}

// Looking is no use, and takes nothing away.
static void test_a_probe_changes_nothing(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 12, 4);
    struct digest oldest = add(s, "aaaa");
    struct digest bad = add(s, "bbbb");
    struct digest none = hash_bytes(bytes_text("none"));
    uint8_t at[33];
    (void)add(s, "cccc");
    assert_int_equal(sim_kv_damage(d.rows, key_of(&bad, at), 3), RC_OK);
    const uint64_t calls = sim_kv_calls(d.rows);
    assert_int_equal(store_probe(s, &oldest), RC_OK);
    assert_int_equal(store_probe(s, &bad), RC_MALFORMED);
    assert_int_equal(store_probe(s, &none), RC_ABSENT);
    assert_int_equal(sim_kv_calls(d.rows) - calls, 5); // an entry each, and the bytes of two
    assert_true(store_has(s, &bad));
    assert_int_equal(store_stat(s).damaged, 0);
    (void)add(s, "dddd");
    assert_false(store_has(s, &oldest)); // still the one unused longest
    disk_free(&d);
}

static void test_an_abort_takes_evictions_back(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 12, 4);
    struct digest a = add(s, "aaaa");
    (void)add(s, "bbbbbbbb");
    assert_int_equal(store_begin(s), RC_OK);
    (void)add(s, "cccccccc");
    assert_int_equal(store_stat(s).evicted, 2);
    store_abort(s);
    assert_true(store_has(s, &a) && holds(s, "bbbbbbbb"));
    assert_int_equal(store_stat(s).evicted, 0);
    (void)add(s, "cccccccc");
    assert_int_equal(store_stat(s).evicted, 2);
    disk_free(&d);
}

// ---- Rows that the disk damaged

static void put_row(struct disk *d, const char *key, size_t key_bytes, struct bytes value)
{
    const struct kv kv = sim_kv_host(d->rows);
    assert_int_equal(kv.ops->put(kv.self, bytes_of(key, key_bytes), value), RC_OK);
}

static void test_an_entry_that_no_count_has(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 100, 10);
    struct digest a = add(s, "aaaa");
    struct digest b = add(s, "bbbb");
    const struct row_key k = row_key(ROW_ENTRY, &a);
    uint8_t room[ROW_ENTRY_BYTES];
    row_entry_put(&(struct row_entry){.size_bytes = 1000}, room);
    put_row(&d, (const char *)k.b, k.len, bytes_of(room, sizeof room));
    assert_int_equal(store_del(s, &a), RC_IO); // and not an end of the process
    row_entry_put(&(struct row_entry){.size_bytes = 4, .labels = 1}, room);
    put_row(&d, (const char *)k.b, k.len, bytes_of(room, sizeof room));
    assert_int_equal(store_verify(s, &a), RC_OK);
    put_row(&d, (const char *)k.b, k.len, bytes_text("no entry"));
    struct digest name;
    uint64_t size_bytes = 77;
    assert_false(store_has(s, &a));
    const enum rc rc = store_next(s, NULL, &name, &size_bytes);
    assert_true(rc == RC_IO ? size_bytes == 77 : size_bytes == 4); // whichever comes first
    assert_int_equal(store_del(s, &b), RC_OK);
    disk_free(&d);
}

static void test_counts_that_cannot_be(void **state)
{
    (void)state;
    struct disk d = disk_new();
    const struct row_meta bad[] = {
        {.bytes_max = STORE_BYTES_MAX + 1},
        {.objects_max = STORE_OBJECTS_MAX + 1},
        {.bytes = STORE_BYTES_MAX + 1},
        {.cells = USE_CELLS_MAX + 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        uint8_t room[ROW_META_BYTES];
        row_meta_put(&bad[i], room);
        put_row(&d, "meta", 4, bytes_of(room, sizeof room));
        struct store *s = NULL;
        const struct store_cfg cfg = disk_cfg(&d, 100, 10);
        arena_reset(d.arena);
        assert_int_equal(store_open(&s, d.arena, &cfg), RC_IO);
        assert_null(s);
    }
    uint8_t room[ROW_META_BYTES];
    row_meta_put(&(struct row_meta){.objects = 1}, room);
    room[3]++; // of a later version
    put_row(&d, "meta", 4, bytes_of(room, sizeof room));
    struct store *s = NULL;
    const struct store_cfg cfg = disk_cfg(&d, 100, 10);
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_UNSUPPORTED);
    disk_free(&d);
}

// Whatever memory there is: it opens, or says that it cannot.
static void test_memory_may_run_out(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = start(&d, 1000, 100);
    (void)add(s, "aaaa");
    assert_int_equal(store_close(s), RC_OK);
    bool has_opened = false;
    for (size_t budget = 1024; !has_opened && budget < 1 << 20; budget += 1024) {
        struct arena *arena = arena_new(budget);
        const struct store_cfg cfg = disk_cfg(&d, 1000, 100);
        const enum rc rc = arena != NULL ? store_open(&s, arena, &cfg) : RC_NOMEM;
        has_opened = rc == RC_OK;
        assert_true(has_opened || (rc == RC_NOMEM && (arena == NULL || s == NULL)));
        if (has_opened)
            assert_true(holds(s, "aaaa"));
        arena_free(arena);
    }
    assert_true(has_opened);
    disk_free(&d);
}

static void test_bounds_of_open(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct store *s = NULL;
    struct store_cfg cfg = {.kv = sim_kv_host(d.rows), .bytes_max = STORE_BYTES_MAX + 1};
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_CONFIG);
    cfg = (struct store_cfg){.kv = sim_kv_host(d.rows), .objects_max = STORE_OBJECTS_MAX + 1};
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_CONFIG);
    cfg.objects_max = STORE_OBJECTS_MAX; // of which the arena has no room
    assert_int_equal(store_open(&s, d.arena, &cfg), RC_NOMEM);
    assert_null(s);
    disk_free(&d);
}

// Random calls; after each, the index and the disk agree.
static void check_agreement(struct store *s, uint64_t bytes_max)
{
    struct digest name;
    uint64_t size_bytes = 0;
    uint64_t count = 0;
    uint64_t sum = 0;
    enum rc rc = store_next(s, NULL, &name, &size_bytes);
    while (rc == RC_OK) {
        count++;
        sum += size_bytes;
        rc = store_next(s, &name, &name, &size_bytes);
    }
    assert_int_equal(rc, RC_ABSENT);
    assert_int_equal(store_stat(s).objects, count);
    assert_int_equal(store_stat(s).bytes, sum);
    assert_true(sum <= bytes_max && count <= 16);
}

static void test_random_calls(void **state)
{
    (void)state;
    struct disk d = disk_new();
    struct rng rng = rng_seeded(77);
    struct store *s = start(&d, 200, 16);
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t at[32] = {(uint8_t)rng_below(&rng, 40)};
        struct bytes object = bytes_of(at, 1u + at[0] % 31u);
        struct digest name = hash_bytes(object);
        bool was_there = store_has(s, &name);
        struct bytes got;
        uint64_t kind = rng_below(&rng, 100);
        if (kind < 50) {
            assert_int_equal(store_put(s, &name, object), RC_OK);
        } else if (kind < 70) {
            assert_int_equal(store_del(s, &name), was_there ? RC_OK : RC_ABSENT);
        } else if (kind < 99) {
            assert_int_equal(store_get(s, &name, &got), was_there ? RC_OK : RC_ABSENT);
            if (was_there) {
                assert_true(bytes_equal(got, object));
                store_release(s);
            }
        } else {
            s = start(&d, 200, 16);
        }
        check_agreement(s, 200);
    }
    disk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_del),
        cmocka_unit_test(test_least_recently_used_goes),
        cmocka_unit_test(test_pinned_never_go),
        cmocka_unit_test(test_restart_finds_all),
        cmocka_unit_test(test_walk_in_order),
        cmocka_unit_test(test_damage_is_found),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_failing_disk),
        cmocka_unit_test(test_a_probe_changes_nothing),
        cmocka_unit_test(test_an_abort_takes_evictions_back),
        cmocka_unit_test(test_an_entry_that_no_count_has),
        cmocka_unit_test(test_counts_that_cannot_be),
        cmocka_unit_test(test_memory_may_run_out),
        cmocka_unit_test(test_bounds_of_open),
        cmocka_unit_test(test_random_calls),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_many_puts_cost_one_commit),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_rare_ones_stay),
        cmocka_unit_test(test_order_of_use_outlives_a_restart),
        cmocka_unit_test(test_an_older_form_gets_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
