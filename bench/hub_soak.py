#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hub under load for long, while helpers and the hub itself are killed at random moments.

usage: bench/hub_soak.py [--minutes 30] [--rate TASKS_S] [--seed N] [--kill-helpers A_SECOND]
                         [--kill-hub-s 120] [--vocabulary net|seed] [--folder DIR] [--build build]
                         [--json]

One load generator (bench/hub_load) counts what becomes of each task, over all lives of the hub: the
hub dies by kill -9 about every --kill-hub-s seconds, and starts again half a second later with the
same port and state, on the disk that holds --folder. Its memory and the size of its database are
looked at every ten seconds. Samples go to stderr as JSON, what came of it to stdout.

PASS: every task that was sent was answered, once, rightly; the hub has none left; and memory is
flat: in the last third of a life of a minute or more, the hub holds at most a tenth and 8 MB more
than in the first third, without the first ten seconds.
"""
import glob
import json
import os
import random
import statistics
import subprocess
import sys
import time

from rig import Rig, end_with_all, parser_of, read, say, wait_for

SAMPLE_S = 10
GONE_S = 0.5        # from a kill to the next start
START_S = 120       # for a hub to be well again, whatever it finds on the disk
DRAIN_S = 180       # for the load generator to end, after its time
STOP_S = 30
LIFE_S = 60         # a life so long has a slope
GAMERS, HELPERS = 4, 64
FLAT_SHARE, FLAT_MB = 1.1, 8


def options():
    parser = parser_of(__doc__, has_folder=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill-helpers", type=float, default=1)
    parser.add_argument("--kill-hub-s", type=float, default=120)
    parser.add_argument("--vocabulary", choices=["net", "seed"], default="net")
    return parser.parse_args()


# ---- The hub and its lives

class Life:
    """From a start to a kill: what was seen of memory, (seconds since the start, MB)."""

    def __init__(self, process, since):
        self.process, self.since = process, since
        self.samples, self.peak_mb = [], 0

    def sample(self):
        fields = {}
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                name, _, value = line.partition(":")
                if name in ("VmRSS", "VmHWM"):
                    fields[name] = int(value.split()[0]) * 1024 / 1e6
        self.peak_mb = max(self.peak_mb, fields["VmHWM"])
        self.samples.append((time.monotonic() - self.since, fields["VmRSS"]))
        return fields["VmRSS"]

    def figures(self):
        """Memory in the first third and the last, and MB an hour by least squares."""
        steady = [(t, mb) for t, mb in self.samples if t >= SAMPLE_S * 0.9]
        found = {"seconds": round(self.samples[-1][0], 1) if self.samples else 0,
                 "peak_mb": round(self.peak_mb, 2)}
        if found["seconds"] < LIFE_S or len(steady) < 3:
            return found
        third = len(steady) // 3
        first = statistics.mean(mb for _, mb in steady[:third])
        last = statistics.mean(mb for _, mb in steady[-third:])
        at, mean = statistics.mean(t for t, _ in steady), statistics.mean(mb for _, mb in steady)
        slope = (sum((t - at) * (mb - mean) for t, mb in steady)
                 / sum((t - at) ** 2 for t, _ in steady))
        return {**found, "first_mb": round(first, 2), "last_mb": round(last, 2),
                "slope_mb_h": round(slope * 3600, 1)}


class Hub(Rig):
    """One that is killed and starts again, with the same port and state."""

    def __init__(self, o):
        super().__init__(o, 0, "--quiet", name="soak", folder=o.folder)
        self.away_s, self.lives = [], [Life(self.hub, time.monotonic())]

    def is_well(self):
        return self.ask("/healthz") == "ok\n"

    def words(self):
        with open(self.hub.log) as f:
            return f.read()[-2000:]

    def kill_hub(self):
        life = self.lives[-1]
        life.sample()
        self.kill(self.hub)
        time.sleep(GONE_S)
        begin = time.monotonic()
        self.hub = self.start_hub("--open", "--json", "--quiet", port=self.hub.port)
        self.lives.append(Life(self.hub, begin))
        wait_for(self.is_well, "the hub to be well", self.hub, START_S)
        start_s = time.monotonic() - begin
        self.away_s.append(GONE_S + start_s)
        say(event="hub killed", after_s=round(life.samples[-1][0], 1), start_s=round(start_s, 3),
            **{k: v for k, v in life.figures().items() if k != "seconds"})

    def stop(self):
        """True: it ended by itself, in time."""
        if self.hub.poll() is None:
            self.hub.terminate()
            try:
                self.hub.wait(STOP_S)
            except subprocess.TimeoutExpired:
                return False
        return self.hub.returncode == 0

    def disk_mb(self):
        return sum(os.path.getsize(f) for f in glob.glob(self.path("hub/results.db*"))) / 1e6


# ---- The run

def start_load(o, hub):
    words = hub.words_of("hub_load", "--port", hub.hub.port, "--reconnect", "--json", "--gamers",
                         GAMERS, "--helpers", HELPERS, "--rate", o.rate, "--kill-helpers",
                         o.kill_helpers, "--vocabulary", o.vocabulary, "--seconds", o.minutes * 60,
                         "--seed", o.seed)
    return hub.start("load", words, stderr=None)


def soak(o, hub, load):
    """Samples and kills until the load generator ends; the largest size of the database."""
    dice = random.Random(o.seed)
    begin = time.monotonic()
    end = begin + o.minutes * 60
    kill = begin + o.kill_hub_s * dice.uniform(0.5, 1.5)
    sample, disk_mb = begin, 0
    while load.poll() is None:
        now = time.monotonic()
        if now > end + DRAIN_S:
            load.kill()
        if hub.hub.poll() is not None:
            sys.exit(f"hub_soak.py: the hub ended by itself: {hub.words()}")
        if now >= sample:
            sample += SAMPLE_S
            disk_mb = max(disk_mb, hub.disk_mb())
            say(event="sample", s=round(now - begin), resident_mb=round(hub.lives[-1].sample(), 2),
                database_mb=round(hub.disk_mb(), 2))
        if kill <= now < end:
            hub.kill_hub()
            kill = time.monotonic() + o.kill_hub_s * dice.uniform(0.5, 1.5)
        time.sleep(0.05)
    hub.lives[-1].sample()
    return disk_mb


def problems_of(count, status, lives, hub, is_clean):
    found = []
    if count is None:
        return ["the load generator did not end by itself"]
    if count["fault"] is not None:
        found.append(f"the load generator stopped: {count['fault']}")
    if count["sent"] != count["done"] + count["failed"] + count["lost"] or count["sent"] == 0:
        found.append("the counts do not add up")
    for what in ("failed", "lost", "twice", "wrong", "unknown", "unnamed"):
        if count[what]:
            found.append(f"{what}: {count[what]:.0f}")
    if status is None:
        found.append("the hub does not answer")
    for what in ("runs", "tasks_waiting", "tasks_held"):
        if status is not None and status[what]:
            found.append(f"left in the hub, {what}: {status[what]}")
    for i, life in enumerate(lives):
        if "first_mb" in life and life["last_mb"] > life["first_mb"] * FLAT_SHARE + FLAT_MB:
            found.append(f"memory grows in life {i}: {life['first_mb']} to {life['last_mb']} MB")
    if not hub.away_s:
        found.append("the hub was never killed")
    if not is_clean:
        found.append("the hub did not end when it was told to")
    return found


def print_report(r):
    c = r["count"]
    if c is not None:
        print(f"sent {c['sent']:.0f} = done {c['done']:.0f} + failed {c['failed']:.0f} + lost "
              f"{c['lost']:.0f}; twice {c['twice']:.0f}, wrong {c['wrong']:.0f}, late "
              f"{c['late']:.0f}")
        print(f"tasks/s {c['tasks_s']}, p50 {c['p50_ms']} ms, p99 {c['p99_ms']} ms, worst "
              f"{c['max_ms']} ms (the hub's absence counts); sent again {c['resent']:.0f}")
        print(f"helpers killed {c['kills']:.0f}, with {c['dropped']:.0f} tasks in hand; "
              f"connections made again {c['reconnects']:.0f}")
    away = r["away_s"]
    print(f"hub killed {len(away)} times; away for {max(away, default=0):.2f} s at most")
    print(f"memory: peak {r['peak_mb']} MB; database: {r['database_mb']} MB at most")
    print("| life | seconds | peak, MB | first third, MB | last third, MB | slope, MB/h |")
    print("|---|---|---|---|---|---|")
    for i, x in enumerate(r["lives"]):
        print(f"| {i} | {x['seconds']} | {x['peak_mb']} | {x.get('first_mb', '-')} | "
              f"{x.get('last_mb', '-')} | {x.get('slope_mb_h', '-')} |")
    for x in r["problems"]:
        print(f"FAIL {x}")
    print("FAIL" if r["problems"] else "PASS")


def main():
    o = options()
    end_with_all()
    with Hub(o) as hub:
        load = start_load(o, hub)
        disk_mb = soak(o, hub, load)
        status, text = hub.ask("/status"), read(load.log)
        is_clean = hub.stop()
        lives = [life.figures() for life in hub.lives]
    count = json.loads(text) if text else None
    report = {
        "count": count, "away_s": hub.away_s, "lives": lives, "database_mb": round(disk_mb, 2),
        "peak_mb": max(x["peak_mb"] for x in lives),
        "problems": problems_of(count, json.loads(status) if status else None, lives, hub,
                                is_clean)}
    if o.json:
        print(json.dumps(report))
    else:
        print_report(report)
    sys.exit(1 if report["problems"] else 0)


main()
