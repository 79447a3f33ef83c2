#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole simulated networks, small ones: the shipped scenarios with fewer nodes, bit for bit."""
import json
import os

from e2e_world import SHOAL, main, one_line, read, run

SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario", "net")


OBJECTS = 10  # of each kind


def small(w, name, **changes):
    """A shipped scenario with some members changed, and nothing asked of it; its path."""
    with open(os.path.join(SCENARIOS, name + ".json")) as f:
        scenario = json.load(f)
    for of in scenario["objects"].values():
        if isinstance(of, dict):  # what nodes keep for others is bounded: fewer of them, fewer objects
            of["count"] = min(of["count"], OBJECTS)
    for member, value in changes.items():
        if isinstance(value, dict):
            scenario.setdefault(member, {}).update(value)
        else:
            scenario[member] = value
    scenario["goal"] = {} if scenario.get("roomy") else {"bytes": 32768}
    path = w.path(name + ".json")
    with open(path, "w") as f:
        json.dump(scenario, f)
    return path


def play(path, *words):
    """The figures of a run in which nothing happened that never may."""
    r = run([SHOAL, "sim", "net", path, "--json", *words])
    assert r.returncode == 0, r
    figures = json.loads(r.stdout)
    assert figures["broken"] is None and figures["forged"] == 0, figures
    assert figures["node_bytes"] <= 32768, figures
    assert figures["all"]["asked"] > 50, figures
    return figures


def case_sim_net_repeats(w):
    """The same seed, the same run; another seed, another one."""
    path = small(w, "base", nodes=200, warmup_min=4, minutes=4, lookups_s=1)
    one, same, other = (play(path, "--seed", seed) for seed in ("7", "7", "8"))
    for figures in (one, same):
        figures.pop("run_s")
    assert one == same and one["hash"] != other["hash"], (one, same, other)
    assert one["all"]["right"] >= 0.97 and one["first_ms_p50"] < 400, one


def case_sim_net_table_and_plot(w):
    """What people see: a table, a drawing, and how to play a run again that missed its goal."""
    path = small(w, "lan", minutes=4, lookups_s=1)
    r = run([SHOAL, "sim", "net", path, "--out", w.path("lan.svg")])
    assert r.returncode == 0 and r.stderr == "", r
    for word in ("lan: 16 nodes", "peers", "records", "until the first true answer", "hash "):
        assert word in r.stdout, (word, r.stdout)
    svg = read(w.path("lan.svg"))
    assert svg.startswith("<svg") and svg.rstrip().endswith("</svg>") and "<polyline" in svg, svg
    with open(path) as f:
        scenario = json.load(f)
    scenario["goal"] = {"median_ms": 0.01}
    with open(path, "w") as f:
        json.dump(scenario, f)
    r = run([SHOAL, "sim", "net", path, "--seed", "3"])
    assert r.returncode == 1 and "goal missed: median" in r.stderr, r
    assert f"again: shoal sim net {path} --seed 3\n" in r.stderr, r
    one_line(run([SHOAL, "sim", "net"]), 2, "SCENARIO is missing")
    one_line(run([SHOAL, "sim", "net", w.path("none.json")]), 1, "none.json")
    one_line(run([SHOAL, "sim", "net", path, path, "--out", "x"]), 2, "--out")
    one_line(run([SHOAL, "sim", "nets", path]), 2, "nets")
    with open(path, "w") as f:
        f.write("{}")
    one_line(run([SHOAL, "sim", "net", path]), 1, "lan.json", "schema")


def case_sim_net_churn(w):
    """Nodes come and go every ten minutes, and crash as they go."""
    f = play(small(w, "churn-10", nodes=200, warmup_min=8, minutes=12, lookups_s=1))
    assert f["all"]["found"] >= 0.9, f


def case_sim_net_without_publisher(w):
    """Who published leaves; records outlive it."""
    f = play(small(w, "day", nodes=150, warmup_min=8, minutes=60, lookups_s=0.1,
                   stay={"mean_min": 60, "away_min": 30}))
    assert f["all"]["found"] >= 0.9, f


def case_sim_net_liars(w):
    """Three in ten lie; what is signed or hashed is never taken from them when it is wrong."""
    f = play(small(w, "liars-30", nodes=300, warmup_min=6, minutes=6, lookups_s=1))
    assert f["all"]["right"] >= 0.9, f


def case_sim_net_siege(w):
    """Attackers around one key, as many as a fifth of the network."""
    f = play(small(w, "eclipse", nodes=300, warmup_min=6, minutes=6, lookups_s=1,
                   siege={"addresses": 64}))
    assert f["besieged"]["asked"] > 50 and f["besieged"]["right"] >= 0.9, f


def case_sim_net_parted(w):
    """The world parts and comes together again; then everything is found as before."""
    f = play(small(w, "partition", nodes=200, warmup_min=6, minutes=24, lookups_s=0.5,
                   phases=[{"event": "part", "share": 0.3, "at_min": 4, "for_min": 6}]))
    assert f["all"]["right"] >= 0.8, f


def case_sim_net_nats(w):
    """Most nodes cannot be reached unasked, some not at all."""
    play(small(w, "nat-mix", nodes=200, warmup_min=8, minutes=8, lookups_s=1))


main(globals())
