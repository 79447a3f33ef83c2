// SPDX-License-Identifier: MIT
// Tests of networks read from JSON: what is read, what is left out, what is refused and named.
#include "sim/net_scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "sim/fields.h"

#define HEAD "{\"schema\":\"shoal-network/1\",\"name\":\"x\",\"nodes\":100,\"minutes\":5,"
#define REST "\"lookups_s\":2,\"objects\":{\"peers\":{\"count\":3}}"

static enum rc read(struct net_scenario *s, const char *json, struct err *err)
{
    *err = (struct err){.text = ""};
    return net_scenario_read(s, bytes_text(json), err);
}

static void least(void **state)
{
    (void)state;
    struct net_scenario s;
    struct err err;
    assert_int_equal(read(&s, HEAD REST "}", &err), RC_OK);
    assert_string_equal(s.name, "x");
    assert_int_equal(s.nodes, 100);
    assert_int_equal(s.seed, 1);
    assert_int_equal(s.goods[NET_PEERS].objects, 3);
    assert_int_equal(s.goods[NET_PEERS].providers, 1);
    assert_int_equal(s.goods[NET_ITEMS].objects, 0);
    assert_true(s.nat[SIM_NAT_OPEN] > 0.99 && s.nat[SIM_NAT_PORT] < 0.01);
    assert_int_equal(s.stay.law, NET_LAW_ALWAYS);
    assert_int_equal(s.phases, 0);
    assert_int_equal(s.siege.addresses, 0);
}

static void everything(void **state)
{
    (void)state;
    struct net_scenario s;
    struct err err;
    const char *json =
        HEAD "\"lookups_s\":2,\"seed\":7,\"warmup_min\":3,\"absent\":0.1,"
             "\"net\":{\"rtt_ms\":50,\"loss\":0.02,\"private\":true,\"up_kbit_s\":8,"
             "\"session_s_min\":400,\"nat\":{\"open\":0.2,\"symmetric\":0.8}},"
             "\"stay\":{\"law\":\"weibull\",\"mean_min\":30,\"shape\":0.5,\"away_min\":10},"
             "\"objects\":{\"records\":{\"count\":2,\"providers\":4,\"share\":3},"
             "\"publishers_leave\":true},"
             "\"liars\":{\"share\":0.3,\"clique\":1},"
             "\"siege\":{\"addresses\":256,\"object\":\"records\",\"blocks\":16},"
             "\"phases\":[{\"event\":\"part\",\"share\":0.4,\"at_min\":1,\"for_min\":2},"
             "{\"event\":\"replace\",\"share\":0.2,\"every_min\":2}],"
             "\"goal\":{\"found\":0.99,\"median_ms\":200,\"bytes\":32768}}";
    assert_int_equal(read(&s, json, &err), RC_OK);
    assert_int_equal(s.seed, 7);
    assert_int_equal(s.up_bytes_s, 1000);
    assert_true(s.is_private && s.publishers_leave);
    assert_true(s.session_s[0] <= s.session_s[1]);
    assert_int_equal(s.stay.law, NET_LAW_WEIBULL);
    assert_int_equal(s.goods[NET_RECORDS].providers, 4);
    assert_true(s.lie[NET_LIE_CLIQUE] > 0.9);
    assert_int_equal(s.siege.addresses, 256);
    assert_int_equal(s.siege.object, NET_RECORDS);
    assert_int_equal(s.phases, 2);
    assert_int_equal(s.phase[0].event, NET_PART);
    assert_int_equal(s.phase[1].event, NET_REPLACE);
    assert_int_equal(s.goal.bytes, 32768);
}

static void refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *json, *word;
    } bad[] = {
        {"{", ""},
        {"[]", "schema"},
        {HEAD "\"lookups_s\":2}", "objects"},
        {HEAD "\"objects\":{\"peers\":{\"count\":3}}}", "lookups_s"},
        {HEAD "\"lookups_s\":-1,\"objects\":{\"peers\":{\"count\":3}}}", "lookups_s"},
        {HEAD "\"lookups_s\":2,\"objects\":{\"peers\":{\"count\":0}}}", "count"},
        {HEAD REST ",\"net\":{\"nat\":{}}}", "any kind"},
        {HEAD REST ",\"net\":{\"private\":1}}", "private"},
        {HEAD REST ",\"stay\":{\"law\":\"uniform\",\"mean_min\":3}}", "law"},
        {HEAD REST ",\"liars\":{\"share\":0.3}}", "any kind"},
        {HEAD REST ",\"siege\":{\"addresses\":9,\"object\":\"records\"}}", "object"},
        {HEAD REST ",\"phases\":[{\"event\":\"part\"}]}", "share"},
        {HEAD REST ",\"phases\":[{\"event\":\"part\",\"share\":1,\"every_min\":1e-9}]}",
         "every_min"},
        {HEAD REST ",\"goal\":{\"found\":2}}", "found"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct net_scenario s;
        struct err err;
        assert_int_equal(read(&s, bad[i].json, &err), RC_MALFORMED);
        assert_non_null(strstr(err.text, bad[i].word));
    }
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(net_object_name(NET_RECORDS), "records");
    struct fields f = {.object = NULL};
    fields_within(&f, NULL, "nothing");
    assert_true(fields_number_or(&f, "n", 0, 9, 5) > 4.9);
    assert_null(f.member);
    (void)fields_number(&f, "n", 0, 9);
    (void)fields_number(&f, "m", 0, 9);
    assert_string_equal(f.member, "n"); // the first one
    assert_string_equal(f.where, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least),
        cmocka_unit_test(everything),
        cmocka_unit_test(refused_and_named),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
