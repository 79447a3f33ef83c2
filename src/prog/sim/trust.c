// SPDX-License-Identifier: MIT
// `shoal sim trust`: reputation under attack, the machine that ships beside two other rules.
#include "prog/sim/trust.h"

#include <stdio.h>
#include <string.h>

#include "prog/json_line.h"
#include "prog/sim/trust_attack.h"
#include "prog/sim/trust_flood.h"

#define FLOOD "flood" // an attack on the guard, with figures of its own

static const char *const rule_name[SIM_RULES] = {
    [SIM_RULE_NONE] = "none", [SIM_RULE_MEAN] = "mean", [SIM_RULE_SHOAL] = "shoal"};

static void print_head(void)
{
    printf("%-18s %-6s %7s %5s %7s %6s %6s %6s %6s %6s %6s %6s %7s %5s\n", "attack", "rule",
           "tried%", "taken", "honest%", "rounds", "first", "full", "lends", "had%", "used%",
           "leech%", "B/hour", "gini");
}

static void print_row(const char *attack, const char *rule, const struct sim_trust_figures *f)
{
    char rounds[16] = "-";
    if (f->rounds_until > 0)
        (void)snprintf(rounds, sizeof rounds, "%u", f->rounds_until);
    printf("%-18s %-6s %7.2f %5llu %7.2f %6s %6.1f %6.1f %6.1f %6.1f %6.1f %6.1f %7.0f %5.2f\n",
           attack, rule, 100 * f->tried, (unsigned long long)f->accepted, 100 * f->isolated, rounds,
           f->first_service, f->full_service, f->first_lent, 100 * f->served, 100 * f->used,
           100 * f->leeched, f->bytes_hour, f->gini);
}

static void print_json(const struct sim_trust_cfg *cfg, const struct sim_trust_figures *f)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "attack", cfg->attack->name);
    json_put_text(w, "rule", rule_name[cfg->rule]);
    json_put_u64(w, "peers", cfg->peers);
    json_put_u64(w, "rounds", cfg->rounds);
    json_put_f64(w, "tried", f->tried);
    json_put_u64(w, "accepted", f->accepted);
    json_put_f64(w, "honest_isolated", f->isolated);
    json_put_u64(w, "rounds_until_isolated", f->rounds_until);
    json_put_f64(w, "first_service_rounds", f->first_service);
    json_put_f64(w, "full_service_rounds", f->full_service);
    json_put_f64(w, "first_lent_rounds", f->first_lent);
    json_put_f64(w, "served", f->served);
    json_put_f64(w, "used", f->used);
    json_put_f64(w, "leeched", f->leeched);
    json_put_f64(w, "bytes_hour", f->bytes_hour);
    json_put_f64(w, "gini", f->gini);
    json_put_u64(w, "signatures_judged", f->judged);
    json_put_u64(w, "signatures_remembered", f->remembered);
    json_line_end(&line);
}

static uint64_t seed_of(const struct sim_options *o)
{
    return o->seed != 0 ? o->seed : 1;
}

static enum rc play(const struct sim_options *o, const struct sim_attack *attack)
{
    struct sim_trust_cfg cfg = {.attack = attack,
                                .peers = (uint32_t)o->peers,
                                .rounds = (uint32_t)o->rounds,
                                .seed = seed_of(o)};
    for (uint32_t rule = 0; rule < SIM_RULES; rule++) {
        struct sim_trust_figures f;
        cfg.rule = (enum sim_rule)rule;
        const enum rc rc = sim_trust_run(&f, &cfg);
        if (rc != RC_OK)
            return rc;
        if (o->common.is_json)
            print_json(&cfg, &f);
        else
            print_row(rule == 0 ? attack->name : "", rule_name[rule], &f);
    }
    return RC_OK;
}

static void flood_as_json(const struct sim_flood *f)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "attack", FLOOD);
    json_put_f64(w, "honest_answered", f->honest);
    json_put_f64(w, "attackers_answered", f->attackers);
    json_line_end(&line);
}

static enum rc play_flood(const struct sim_options *o)
{
    struct sim_flood f;
    const enum rc rc = sim_trust_flood(&f, (uint32_t)o->peers, seed_of(o));
    if (rc != RC_OK)
        return rc;
    if (o->common.is_json)
        flood_as_json(&f);
    else
        printf(FLOOD ": 30 %% send 1000 queries a second; answered of honest peers' %.1f %%, "
                     "of theirs %.1f %%\n",
               100 * f.honest, 100 * f.attackers);
    return RC_OK;
}

static enum rc check(const struct sim_options *o, struct err *err)
{
    for (size_t i = 0; i < o->scenario.count; i++)
        if (strcmp(o->scenario.at[i], FLOOD) != 0 && sim_attack_find(o->scenario.at[i]) == NULL) {
            struct text t = text_of(err->text, sizeof err->text);
            err->rc = RC_CONFIG;
            text_addf(&t, "%s: no such attack; there are " FLOOD, o->scenario.at[i]);
            const struct sim_attack *a = NULL;
            for (size_t k = 0; (a = sim_attack_at(k)) != NULL; k++)
                text_addf(&t, ", %s", a->name);
            return RC_CONFIG;
        }
    return RC_OK;
}

static enum rc run(const struct sim_options *o, struct err *err)
{
    enum rc rc = RC_OK;
    const struct sim_attack *a = NULL;
    if (!o->common.is_json)
        print_head();
    for (size_t i = 0; rc == RC_OK && i < o->scenario.count; i++) {
        a = sim_attack_find(o->scenario.at[i]);
        rc = a != NULL ? play(o, a) : play_flood(o);
    }
    for (size_t i = 0; rc == RC_OK && o->scenario.count == 0 && (a = sim_attack_at(i)) != NULL; i++)
        rc = play(o, a);
    if (rc == RC_OK && o->scenario.count == 0)
        rc = play_flood(o);
    return rc == RC_OK ? rc : err_set(err, rc, "%s", rc_text(rc));
}

const struct sim_part sim_trust = {.name = "trust", .check = check, .run = run};
