// SPDX-License-Identifier: MIT
// `shoal sim`: the machines that ship, against simulated worlds.
#include <string.h>

#include "base/num.h"
#include "prog/cmd.h"
#include "prog/sim/net.h"
#include "prog/sim/options.h"
#include "prog/sim/sched.h"
#include "prog/sim/trust.h"
#include "prog/sim/trust_world.h"

static const struct sim_part *const part[] = {
    &sim_net,
    &sim_sched,
    &sim_trust,
};

static const struct option_spec specs[] = {
    {.name = "what",
     .kind = OPTION_TEXT,
     .traits = OPTION_POSITIONAL | OPTION_REQUIRED,
     .value = "WHAT",
     .sentence = "what is tried; sched: who gets which task; net: the network, thousands of nodes; "
                 "trust: reputation under attack",
     .offset = offsetof(struct sim_options, what)},
    {.name = "scenario",
     .kind = OPTION_TEXTS,
     .traits = OPTION_POSITIONAL,
     .value = "SCENARIO",
     .sentence = "files that describe the world and what happens in it; trust: names of attacks "
                 "[all]",
     .offset = offsetof(struct sim_options, scenario)},
    {.name = "policy",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .sentence = "sched: only this one, beside random and full sight: shoal, ewma, seed-rule, "
                 "least-loaded, round-robin [all]",
     .offset = offsetof(struct sim_options, policy)},
    {.name = "runs",
     .kind = OPTION_U64,
     .min = 1,
     .max = 1000,
     .initial = "3",
     .sentence = "sched: of each scenario, with other luck; figures are their means",
     .offset = offsetof(struct sim_options, runs)},
    {.name = "stdio",
     .kind = OPTION_FLAG,
     .sentence = "sched: be the scheduler of another simulator: events come on standard input, "
                 "orders go to standard output, a JSON object a line",
     .offset = offsetof(struct sim_options, is_stdio)},
    {.name = "replay",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "sched: tell a scheduler what 'shoal hub --trace FILE' wrote; it must decide the "
                 "same",
     .offset = offsetof(struct sim_options, trace)},
    {.name = "trees",
     .kind = OPTION_FLAG,
     .sentence = "sched: fit boosted trees to what answers were off, and let them count where they "
                 "are better",
     .offset = offsetof(struct sim_options, has_trees)},
    {.name = "seed",
     .kind = OPTION_U64,
     .initial = "0",
     .sentence =
         "net, trust: of all dice, 0: the scenario's; the same seed, the same run bit for bit",
     .offset = offsetof(struct sim_options, seed)},
    {.name = "nodes",
     .kind = OPTION_U64,
     .max = 32768,
     .initial = "0",
     .sentence = "net: so many instead of the scenario's",
     .offset = offsetof(struct sim_options, nodes)},
    {.name = "minutes",
     .kind = OPTION_F64,
     .real_max = 2880,
     .initial = "0",
     .sentence = "net: measured for so long instead of the scenario's",
     .offset = offsetof(struct sim_options, minutes)},
    {.name = "out",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "net: draw latencies and what was found over time into FILE (SVG)",
     .offset = offsetof(struct sim_options, out)},
    {.name = "peers",
     .kind = OPTION_U64,
     .min = 20,
     .max = SIM_TRUST_PEERS_MAX,
     .initial = "300",
     .sentence = "trust: how many there are, attackers included",
     .offset = offsetof(struct sim_options, peers)},
    {.name = "rounds",
     .kind = OPTION_U64,
     .min = 8,
     .max = 1000,
     .initial = "60",
     .sentence = "trust: hours of network time",
     .offset = offsetof(struct sim_options, rounds)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .sentence = "figures as JSON, one object a line",
     .offset = offsetof(struct sim_options, common.is_json)},
};

static const char *const examples[] = {"shoal sim sched pools/*.json",
                                       "shoal sim sched --policy shoal --runs 10 busy.json",
                                       "shoal sim sched --stdio < events.jsonl",
                                       "shoal sim net scenario/net/base.json --seed 7",
                                       "shoal sim trust poison on-off --peers 300",
                                       NULL};

static const struct option_command command = {
    .name = "sim",
    .summary = "try what ships in simulated worlds",
    .description =
        "sched plays pools of helpers that are fast or slow, near or far, reliable or not, come "
        "and go, grow hot and drift, and the tasks that come to them. The scheduler decides who "
        "gets what, and sees only what a hub would see. Other rules meet the same luck, as does "
        "one with full sight: it knows whose answer is back first, if nobody leaves. Its "
        "scenarios are JSON files (shoal-scenario/1), as doc/scheduler.md describes them.\n\n"
        "net runs the DHT that ships, thousands of nodes of it in virtual time: far and near, "
        "behind NATs, coming, going and crashing, among liars. What must never happen is watched "
        "for all the time; a run that fails says how to run it again. Its scenarios "
        "(shoal-network/1) are in doc/simulation.md.\n\n"
        "trust plays peers that download from one another while some of them attack, under three "
        "rules whom to ask: by lot, by the mean of all opinions, and by the machine that ships "
        "(doc/trust.md).",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side {
    struct sim_options o;
    const struct sim_part *part;
};

static const struct sim_part *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(part); i++)
        if (strcmp(part[i]->name, name) == 0)
            return part[i];
    return NULL;
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    (void)arena;
    struct side *s = self;
    const char *names[ARRAY_COUNT(part)];
    for (size_t i = 0; i < ARRAY_COUNT(part); i++)
        names[i] = part[i]->name;
    s->part = find(s->o.what);
    if (s->part == NULL)
        return cmd_must_be(err, "sim", s->o.what, names, ARRAY_COUNT(part));
    return s->part->check(&s->o, err);
}

static int run(void *self)
{
    const struct side *s = self;
    struct err err = {.text = ""};
    return s->part->run(&s->o, &err) == RC_OK ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_sim = {
    .options = &command, .side_bytes = sizeof(struct side), .open = open_all, .run = run};
