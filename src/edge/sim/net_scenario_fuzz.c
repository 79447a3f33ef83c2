// SPDX-License-Identifier: MIT
// Any bytes as a network: refused in one line, or with all figures within their bounds.
#include <assert.h>

#include "sim/net_scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct net_scenario *s)
{
    assert(s->name[0] != 0);
    assert(s->nodes >= 4 && s->nodes <= SIM_NET_HOSTS_MAX / 2);
    assert(s->siege.addresses <= 4096 && s->phases <= NET_PHASES_MAX);
    assert(s->measure_min > 0 && s->measure_min <= NET_MINUTES_MAX);
    assert(s->session_s[0] >= 1 && s->session_s[0] <= s->session_s[1]);
    assert(s->liars >= 0 && s->liars <= 0.9);
    for (unsigned i = 0; i < NET_OBJECT_COUNT; i++)
        assert(s->goods[i].objects <= NET_OBJECTS_MAX && s->goods[i].providers <= 64);
    for (uint32_t i = 0; i < s->phases; i++)
        assert(s->phase[i].share >= 0 && s->phase[i].share <= 1 && s->phase[i].every_min >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_scenario s;
    struct err err = {.text = ""};
    const enum rc rc = net_scenario_read(&s, bytes_of(data, size), &err);
    assert(rc == RC_OK || err.text[0] != 0);
    if (rc == RC_OK)
        judge(&s);
    return 0;
}
