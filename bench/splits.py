#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ways to split a game's light among equal helpers, one beside the other.

usage: bench/splits.py [--helpers 4] [--rounds 3] [--seconds 8] [--scene neon-street]
                       [--size 320x180] [--light SIZE] [--spp 8] [--fps 3] [--in-flight 4]
                       [--only SPLIT] [--json] [--build build]

A hub and its helpers are started once, and get a flight that is not counted; then each round has a
flight for each split and for auto, in turns, of --seconds x --fps pictures with a light frame
wanted for each. That is more light than two processors can make, so as much is under way as
--in-flight lets. The hub forgets results at once: the same flight again is work again.

wall       ms for each light frame: time from the fourth that came to the last, by their number
predicted  the same as the game's director predicts it: helpers that have a processor each, and
           the gamer's own work, so nothing of the contention here
latency    ms from asking for a light frame to having it, median
CPU        ms of all helpers and their workers (/proc) for a light frame; the most of one helper
speed-up   CPU of all helpers / that of the busiest, over a flight. "one at a time" asks for a
           light frame when the one before came, and takes this of each light frame: kernel time
           as the helpers say it, median

Medians of all rounds. Each flight goes to stderr as JSON. Ends with 1 if something broke, not if a
goal was missed.
"""
import collections
import json
import os
import statistics
import sys

from rig import Rig, cpu_s, parser_of, say

SPLITS = ["spatial", "functional", "pipeline", "hybrid"]
ONE = "one at a time"
WARM = 4            # light frames until all is as it will be
OVER_S = 3          # more than a flight should take, after which it is ended; what there is counts
GOAL_SPEED_UP, GOAL_AUTO = 3.6, 1.05


def options():
    parser = parser_of(__doc__)
    parser.add_argument("--helpers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--scene", default="neon-street")
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--light")
    parser.add_argument("--spp", default="8")
    parser.add_argument("--fps", type=float, default=3)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--only", choices=[*SPLITS, "auto", ONE], action="append")
    o = parser.parse_args()
    o.light = o.light or o.size
    return o


class Shares:
    """What each helper's kernels took for each light frame, if there is one at a time."""

    def __init__(self, rig):
        self.logs = [p.log for p in rig.helpers.values()]
        self.at = [os.path.getsize(log) for log in self.logs]
        self.frames = []

    def on_light(self, _):
        frame = []
        for i, log in enumerate(self.logs):
            with open(log) as f:
                f.seek(self.at[i])
                lines = f.read().rpartition("\n")[0]
            self.at[i] += len(lines) + 1 if lines else 0
            events = [json.loads(x) for x in lines.splitlines() if x.startswith("{")]
            frame.append(sum(e["cpu_ms"] for e in events if e["event"] == "done"))
        self.frames.append(frame)

    def speed_up(self):
        ratios = [sum(f) / max(f) for f in self.frames[WARM:] if max(f) > 0]
        return statistics.median(ratios) if ratios else 0


def fly(rig, o, name, seconds):
    shares = Shares(rig)
    before = {n: cpu_s(p.pid) for n, p in rig.helpers.items()}
    game = rig.play("--split", "spatial" if name == ONE else name, "--scene", o.scene,
                    "--size", o.size, "--light", o.light, "--spp", o.spp, "--fps", o.fps,
                    "--light-hz", o.fps, "--frames", max(1, round(seconds * o.fps)),
                    "--in-flight", 1 if name == ONE else o.in_flight,
                    "--out", rig.path("flight.y4m"),
                    on_light=shares.on_light if name == ONE else None)
    game.stop_after(seconds + OVER_S)
    end = game.end()
    helpers = [1000 * (cpu_s(p.pid) - before[n]) for n, p in rig.helpers.items()]
    lights = game.of("light")
    counted = lights[WARM - 1:]
    wall = (1000 * (counted[-1]["at"] - counted[0]["at"]) / (len(counted) - 1)
            if len(counted) > 1 else 0)
    return {"name": name, "wall_ms": wall, "predicted_ms": end["predicted_ms"],
            "makespan_ms": end["makespan_ms"], "lights": len(lights),
            "latency_ms": statistics.median(e["ms"] for e in lights) if lights else 0,
            "cpu_ms": sum(helpers) / max(1, len(lights)),
            "most_ms": max(helpers) / max(1, len(lights)),
            "speed_up": (shares.speed_up() if name == ONE
                         else sum(helpers) / max(helpers) if max(helpers) > 0 else 0),
            "failed": end["light_failed"], "is_cut": game.is_cut, "pictures": end["pictures"], "age": end["age"],
            "by_split": {s: end[s] for s in SPLITS if end[s] > 0}}


def medians(flights):
    of = collections.defaultdict(list)
    for f in flights:
        of[f["name"]].append(f)
    figures = ("wall_ms", "predicted_ms", "latency_ms", "cpu_ms", "most_ms", "speed_up", "lights")
    return {name: {k: statistics.median(f[k] for f in some) for k in figures}
            for name, some in of.items()}


def ratio(of, key):
    """What auto takes beside the best of the four, and which that is."""
    four = [s for s in SPLITS if s in of and of[s][key] > 0]
    if len(four) < len(SPLITS) or of.get("auto", {}).get(key, 0) <= 0:
        return None
    best = min(four, key=lambda s: of[s][key])
    return of["auto"][key] / of[best][key], best


def judged(value, goal, is_good):
    return f"{value:.2f} (goal {goal}: {'held' if is_good else 'MISSED'})"


def print_table(o, flights):
    of = medians(flights)
    print(f"{o.helpers} helpers, {o.scene}, light of {o.light}, {o.spp} samples, "
          f"{len(flights) // max(1, len(of))} rounds")
    print(f"{'split':<14} {'wall':>7} {'predicted':>9} {'latency':>8} {'CPU':>7} {'most':>7} "
          f"{'speed-up':>8} {'light':>6}")
    for name, m in of.items():
        print(f"{name:<14} {m['wall_ms']:7.0f} {m['predicted_ms']:9.0f} {m['latency_ms']:8.0f} "
              f"{m['cpu_ms']:7.0f} {m['most_ms']:7.0f} {m['speed_up']:8.2f} {m['lights']:6.0f}")
    used = collections.Counter()
    for f in flights:
        used.update(f["by_split"] if f["name"] == "auto" else {})
    if used:
        print("auto chose " + ", ".join(f"{s} {n} times" for s, n in used.most_common()))
    for name in ("spatial", ONE):
        if name in of and o.helpers == 4:
            s = of[name]["speed_up"]
            print(f"{name}: speed-up {judged(s, GOAL_SPEED_UP, s >= GOAL_SPEED_UP)}")
    for key, what in (("wall_ms", "wall"), ("predicted_ms", "as predicted")):
        r = ratio(of, key)
        if r is not None:
            print(f"auto / best of four ({r[1]}), {what}: "
                  f"{judged(r[0], GOAL_AUTO, r[0] <= GOAL_AUTO)}")
    if any(f["lights"] >= f["pictures"] for f in flights if f["name"] != ONE):
        print("some flights had a light frame for each picture: the game held them up, not its "
              "light; give --fps more")
    cut = sum(f["is_cut"] for f in flights)
    if cut:
        print(f"{cut} of {len(flights)} flights were ended before their last picture: this machine "
              "was too slow or too busy for --fps")
    print(f"load at the end {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")


def main():
    o = options()
    names = o.only or [*SPLITS, "auto", ONE]
    flights = []
    with Rig(o, o.helpers, "--results-size", "1M") as rig:
        fly(rig, o, "hybrid", 2)
        for r in range(o.rounds):
            for name in names[r % len(names):] + names[:r % len(names)]:
                f = fly(rig, o, name, o.seconds)
                say(round=r, **f)
                flights.append(f)
    flights.sort(key=lambda f: names.index(f["name"]))
    if o.json:
        print(json.dumps(medians(flights)))
    else:
        print_table(o, flights)
    failed = sum(f["failed"] for f in flights)
    if failed:
        print(f"{failed} light frames failed")
    return 1 if failed or not all(f["lights"] for f in flights) else 0


if __name__ == "__main__":
    sys.exit(main())
