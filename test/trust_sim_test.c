// SPDX-License-Identifier: MIT
// A small population under attack: the goals, loosely, and the same seed, the same figures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prog/sim/trust_attack.h"
#include "prog/sim/trust_flood.h"

static struct sim_trust_figures run(const char *attack, enum sim_rule rule, uint32_t peers)
{
    const struct sim_trust_cfg cfg = {
        .attack = sim_attack_find(attack), .rule = rule, .peers = peers, .rounds = 24, .seed = 7};
    struct sim_trust_figures f;
    assert_non_null(cfg.attack);
    assert_int_equal(sim_trust_run(&f, &cfg), RC_OK);
    assert_int_equal(f.accepted, 0);
    return f;
}

static void proofs_end_it(void **state)
{
    (void)state;
    static const char *const attack[] = {"poison", "ring", "on-off", "whitewash", "sybil"};
    for (size_t i = 0; i < sizeof attack / sizeof attack[0]; i++) {
        const struct sim_trust_figures f = run(attack[i], SIM_RULE_SHOAL, 50);
        assert_true(f.tried <= 0.06);
        assert_true(f.isolated <= 0.01);
        assert_true(f.served > 0.8 && f.judged > 0);
    }
}

static void mute_liars_are_avoided(void **state)
{
    (void)state;
    const struct sim_trust_figures f = run("ring-mute", SIM_RULE_SHOAL, 50);
    const struct sim_trust_figures none = run("ring-mute", SIM_RULE_NONE, 50);
    assert_true(f.tried < none.tried / 4 && f.isolated <= 0.01);
    assert_true(none.tried > 0.2);
}

// The reason why opinions are never averaged: liars are not avoided, and honest peers are.
static void the_mean_fails(void **state)
{
    (void)state;
    const struct sim_trust_figures mean = run("ring", SIM_RULE_MEAN, 50);
    const struct sim_trust_figures ours = run("ring", SIM_RULE_SHOAL, 50);
    assert_true(mean.tried > 0.2 && mean.isolated > 0.01);
    assert_true(ours.tried < mean.tried / 4 && ours.isolated <= 0.01);
}

static void givers_are_served_before_takers(void **state)
{
    (void)state;
    const struct sim_trust_figures none = run("slot-hog", SIM_RULE_NONE, 50);
    const struct sim_trust_figures f = run("slot-hog", SIM_RULE_SHOAL, 50);
    assert_true(f.served > none.served && f.leeched < none.leeched);
}

static void same_seed_same_figures(void **state)
{
    (void)state;
    const struct sim_trust_figures a = run("ring", SIM_RULE_SHOAL, 30);
    const struct sim_trust_figures b = run("ring", SIM_RULE_SHOAL, 30);
    assert_memory_equal(&a, &b, sizeof a);
}

static void floods_meet_the_guard(void **state)
{
    (void)state;
    struct sim_flood f;
    assert_int_equal(sim_trust_flood(&f, 50, 7), RC_OK);
    assert_true(f.honest > 0.999 && f.attackers < 0.03);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_end_it),          cmocka_unit_test(mute_liars_are_avoided),
        cmocka_unit_test(the_mean_fails),         cmocka_unit_test(givers_are_served_before_takers),
        cmocka_unit_test(same_seed_same_figures), cmocka_unit_test(floods_meet_the_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
